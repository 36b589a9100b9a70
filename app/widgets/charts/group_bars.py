"""A few groups of one whole: their sizes as numbers and as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from app.keys.dialogs import GROUPS
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

MARK = 2  # cells before a name
LEAST_BAR, MOST_BAR = 6, 40
EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class GroupBar:
    """One group and its size. ``name`` may be foreign text; ``note`` stands beside the number."""

    name: str
    count: int
    note: str = ""


@dataclass(frozen=True)
class GroupsState:
    """``current`` is the index of the current group. ``waiting`` is shown in place of the
    numbers, or None when these are known."""

    groups: tuple[GroupBar, ...]
    waiting: str | None = None
    current: int = 0
    focused: bool = False


class GroupBars(StateWidget[GroupsState], can_focus=True):
    """A list of groups, one of them the current one."""

    class Moved(Message):
        """Another group became the current one."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Entered(Message):
        """Enter was pressed: go to the people of the group."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(GROUPS)
    help_text = (
        "Up and down choose a group, and its participants are listed. Enter goes to the list."
    )

    def __init__(self, names: Sequence[str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(GroupsState(tuple(GroupBar(name, 0) for name in names), waiting=""), id=id)

    def fill(self, groups: Sequence[GroupBar]) -> None:
        """Show these groups with their numbers."""
        self.show(replace(self.state, groups=tuple(groups), waiting=None))

    def wait(self, names: Sequence[str], why: str) -> None:
        """Show groups whose numbers are not known yet, and say why."""
        groups = tuple(GroupBar(name, 0) for name in names)
        self.show(replace(self.state, groups=groups, waiting=why))

    @property
    def current(self) -> int:
        """The index of the current group."""
        return self.state.current

    @property
    def names(self) -> list[str]:
        """The names of the groups."""
        return [one.name for one in self.state.groups]

    def draw(self, state: GroupsState, width: int) -> list[Content]:
        """Each group on one line, or on two when one is too narrow."""
        total = sum(one.count for one in state.groups)
        numbers = [self._number(one, total) for one in state.groups]
        notes = [words((one.note, "$muted")) for one in state.groups]
        name = max(words(one.name).cell_length for one in state.groups)
        tail = max(one.cell_length for one in numbers) + max(one.cell_length for one in notes) + 2
        room = width - MARK - name - tail - 2
        lines = []
        for index, one in enumerate(state.groups):
            number, note = numbers[index], notes[index]
            head = self._head(index)
            if room >= LEAST_BAR:
                bar = _bar(one.count, total, min(MOST_BAR, room))
                lines.append(words(_padded(head, MARK + name), " ", bar, " ", number, "  ", note))
            else:
                head = _padded(head, width - number.cell_length - 1)
                bar = _bar(one.count, total, width - MARK - note.cell_length - 1)
                lines += [words(head, " ", number), words(" " * MARK, bar, " ", note)]
        return lines

    def _head(self, index: int) -> Content:
        current = index == self.state.current
        style = "bold" if current else ""
        if current and self.state.focused:
            style = "bold reverse"
        mark = words(("▶ " if current else "  ", "bold $primary"))
        return words(mark, (self.state.groups[index].name, style))

    def _number(self, one: GroupBar, total: int) -> Content:
        if self.state.waiting is not None:
            return words((self.state.waiting, "$muted"))
        most = max(len(f"{group.count:,}") for group in self.state.groups)
        return words((f"{one.count:>{most},}", "bold"), f" {share(one.count, total):>4}")

    # Keys

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.show(replace(self.state, focused=has_focus))

    def choose(self, index: int) -> None:
        """Make this group the current one, without posting a message."""
        self.show(replace(self.state, current=index))

    def action_move(self, by: int) -> None:
        self._go(self.current + by)

    def action_enter(self) -> None:
        self.post_message(self.Entered())

    def _go(self, to: int) -> None:
        to = max(0, min(to, len(self.state.groups) - 1))
        if to != self.current:
            self.show(replace(self.state, current=to))
            self.post_message(self.Moved(to))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            event.stop()
            each = len(self._lines(self.content_size.width)) // len(self.state.groups)
            self._go(offset.y // each)


def share(count: int, total: int) -> str:
    """A part of a whole in percent. Only none is 0%, and only all is 100%."""
    if not count or count == total:
        return "100%" if count else "0%"
    part = 100 * count / total
    return "<1%" if part < 0.5 else f"{min(99, max(1, round(part)))}%"


def _padded(line: Content, width: int) -> Content:
    return line.truncate(max(0, width), ellipsis=True, pad=True)


def _bar(count: int, total: int, width: int) -> Content:
    """A bar of a group. A group with anyone in it shows at least an eighth of a cell."""
    width = max(1, width)
    eighths = max(1, round(8 * width * count / total)) if count else 0
    full, rest = divmod(eighths, 8)
    bar = "█" * full + (EIGHTHS[rest] if rest else "")
    return words((bar, "$primary"), ("·" * (width - len(bar)), "$muted"))
