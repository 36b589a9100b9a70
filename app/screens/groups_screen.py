"""The base of the screens that show groups of participants and the participants of one group.

A thread counts the groups. Such a screen lies over the mode it was opened from and gets the same
snapshots.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists.order import Ids
from app.screens.base import PanelistScreen
from app.services.snapshot import Snapshot
from app.widgets.charts.group_bars import GroupBar, GroupBars
from app.widgets.content import words
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane
from app.widgets.table.table import Column, Rows, Table

LEAST = 1.0  # seconds between two counts of groups that change
EMPTY = "No one is in this group."
SHARE = 4  # the pause after a count is so many times as long as the count


@dataclass(frozen=True)
class GroupCounts:
    """The groups and, for each group, the row ids of its participants."""

    groups: tuple[GroupBar, ...]
    ids: tuple[Ids, ...]


class _Cancelled(Exception):
    """The count is not needed any more."""


class GroupsScreen(PanelistScreen):
    """Groups on the left and the participants of the current one on the right, or below if the
    terminal is narrow. ``open_person`` is called with the row id of a participant to open."""

    PAUSE = 0.5
    COLUMNS: tuple[Column, ...] = ()

    class Counted(Message):
        """The thread's counts so far, None when it has counted everything, or a problem."""

        def __init__(self, wish: int, counted: GroupCounts | DatabaseProblem | None) -> None:
            super().__init__()
            self.wish, self.counted = wish, counted

    def __init__(
        self,
        store: Store,
        connection_id: int,
        *,
        masking: bool,
        open_person: Callable[[int], None] | None,
    ) -> None:
        super().__init__()
        self._store, self._connection_id = store, connection_id
        self._masking, self._open_person = masking, open_person
        self._counted: GroupCounts | None = None
        self._wish = 0  # the number of the newest count
        self.busy = False  # a count is under way
        self.ready = True  # it is known what to count
        self._seen = False  # a snapshot was shown
        self._due = False  # participants may have changed since the count
        self._asked_at = self._free_at = 0.0
        self._end: Callable[[], None] | None = None  # ends the statement that the thread runs

    def compose_content(self) -> ComposeResult:
        with Container(id="group-columns"):
            with Pane(id="group-left"):
                yield from self.compose_left()
                yield GroupBars(self.names(), id="groups")
                yield TextLine(id="groups-said")
            with Pane(id="group-right"):
                yield Table(
                    self.COLUMNS,
                    "The participants of the current group.",
                    empty=EMPTY,
                    waiting="Counting…",
                    id="group-people",
                )

    def on_mount(self) -> None:
        self.landing.focus()

    @property
    def landing(self) -> Widget:
        """What has the focus at first."""
        return self.groups

    def on_unmount(self) -> None:
        if self._end is not None:
            self._end()

    # Defined by each screen

    def compose_left(self) -> ComposeResult:
        """The widgets above the groups."""
        raise NotImplementedError

    @abstractmethod
    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        """Count once, or repeatedly with more detail, and call ``step`` now and then. Runs in a
        thread. Raises DatabaseProblem."""
        raise NotImplementedError

    @abstractmethod
    def people(self, group: int, ids: Ids) -> Rows:
        """These participants of a group as rows."""
        raise NotImplementedError

    @abstractmethod
    def names(self) -> Sequence[str]:
        """The names of the groups."""
        raise NotImplementedError

    @abstractmethod
    def headline(self, group: int) -> str:
        """The title of a group's participants."""
        raise NotImplementedError

    # What is shown

    @property
    def groups(self) -> GroupBars:
        """The widget of the groups."""
        return self.query_one(GroupBars)

    @property
    def table(self) -> Table:
        """The table of the current group's participants."""
        return self.query_one("#group-people", Table)

    @property
    def counted(self) -> GroupCounts | None:
        """The last counts, or None while the first count is under way."""
        return self._counted

    def say(self, text: str, *, problem: bool = False) -> None:
        """Show a sentence under the groups."""
        line = words((f"✗ {text}", "$never")) if problem else words((text, "$muted"))
        self.query_one("#groups-said", TextLine).show(line)

    def show_content(self, snapshot: Snapshot) -> None:
        connection = snapshot.view.connection
        if connection is None or connection.id != self._connection_id:
            self.call_later(self.leave)  # another account is shown now
            return
        masked, self._masking = self._masking != snapshot.masking, snapshot.masking
        if masked:
            self.draw()
        self._due |= snapshot.fresh and self._seen  # the first snapshot comes with a count
        self._seen = True
        if self.ready and self._due and not self.busy and time.monotonic() >= self._free_at:
            self.ask()

    def draw(self, *, reset: bool = False) -> None:
        """Show the participants of the current group."""
        group = self.groups.current
        right = self.query_one("#group-right", Pane)
        self.table.display = self.ready
        right.entitle(words(self.headline(group)))
        if self._counted is None:
            self.groups.wait(self.names(), "counting…" if self.ready else "")
            self.table.show(None)
        else:
            self.groups.fill(self._counted.groups)
            rows = self.people(group, self._counted.ids[group])
            self.table.show(rows, empty=EMPTY, reset=reset)
        self._show_row_range()

    @on(Table.RowsSeen)
    def _show_row_range(self) -> None:
        self.query_one("#group-right", Pane).entitle(facts=words(self.facts()))

    def facts(self) -> str:
        """What stands beside the title of the list."""
        first, last, total = self.table.seen
        return f"rows {first:,}–{last:,} of {total:,}" if total else ""

    # Counting

    def ask(self, *, reset: bool = False) -> None:
        """Count again, and stop a count under way. ``reset`` drops the old counts first."""
        if self._end is not None:
            self._end()
            self._end = None
        if reset:
            self._counted = None
            self.say("…")
            self.draw(reset=True)
        self._wish += 1
        self.busy, self._due, self._asked_at = True, False, time.monotonic()
        self._count(self._wish)

    @work(thread=True, exclusive=True, group="counting")
    def _count(self, wish: int) -> None:
        worker = get_current_worker()

        def step() -> None:
            if worker.is_cancelled or wish != self._wish:
                raise _Cancelled

        try:
            end = self._store.interrupter()
            step()
            self._end = end
            self._store.read_through()
            for counted in self.count(step):
                step()
                self.post_message(self.Counted(wish, counted))
            self.post_message(self.Counted(wish, None))
        except _Cancelled:
            pass
        except DatabaseProblem as problem:
            self.post_message(self.Counted(wish, problem))
        finally:
            self._store.close()

    @on(Counted)
    def _show_counted(self, message: Counted) -> None:
        message.stop()
        if message.wish != self._wish:
            return
        if isinstance(message.counted, GroupCounts):
            reset = self._counted is None
            self._keep_current(message.counted)
            self._counted = message.counted
            self.before_draw(message.counted)
            self.draw(reset=reset)
            self.after_draw(message.counted)
            return
        self.busy, self._end = False, None
        took = time.monotonic() - self._asked_at
        self._free_at = time.monotonic() + max(LEAST, SHARE * took)
        if message.counted is not None:
            self.say(str(message.counted), problem=True)

    def _keep_current(self, counted: GroupCounts) -> None:
        """Keep the same group current when others come or go."""
        names = [group.name for group in counted.groups]
        before, current = self.groups.names, self.groups.current
        if names != before:
            self.groups.choose(names.index(before[current]) if before[current] in names else 0)

    def before_draw(self, counted: GroupCounts) -> None:
        """Prepare for counts that are about to be drawn."""

    def after_draw(self, counted: GroupCounts) -> None:
        """Say something about counts that were drawn."""

    # Keys

    @on(GroupBars.Moved)
    def _another_group(self, message: GroupBars.Moved) -> None:
        message.stop()
        self.draw(reset=True)

    @on(GroupBars.Entered)
    def _to_people(self, message: GroupBars.Entered) -> None:
        message.stop()
        self.table.focus()

    @on(Table.RowChosen, "#group-people")
    def _chosen(self, message: Table.RowChosen) -> None:
        message.stop()
        if self._open_person is not None:
            self._open_person(message.key)

    @on(Table.CursorMoved, "#group-people")
    def _moved(self, message: Table.CursorMoved) -> None:
        message.stop()

    def back(self) -> bool:
        self.leave()
        return True

    def leave(self) -> None:
        """Go back to the screen that opened this one."""
        if self.is_current:
            self.dismiss(None)


def without_order(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of a list that cannot be sorted."""
    return tuple(replace(one, sort=None) for one in columns)
