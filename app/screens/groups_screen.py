"""What comparing and changing share: groups of people that a thread counts, and the people of one.

Such a screen lies over the mode it was opened from, as large, and is told the same snapshots.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.worker import get_current_worker

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists.order import Ids
from app.screens.base import PanelistScreen
from app.services.snapshot import Snapshot
from app.widgets.content import words
from app.widgets.group_bars import GroupBar, GroupBars
from app.widgets.table.table import Column, Rows, Table
from app.widgets.text_line import TextLine, entitle

LEAST = 1.0  # seconds between two countings of people who change
SHARE = 4  # times as long as a counting took: so much of the time nothing is counted


@dataclass(frozen=True)
class GroupCounts:
    """The groups, and for each of them the row ids of its people."""

    groups: tuple[GroupBar, ...]
    ids: tuple[Ids, ...]


class _Left(Exception):
    """What was being counted is not looked at any more."""


class GroupsScreen(PanelistScreen):
    """Groups on the left and the people of the current one on the right, or below where it is
    narrow. Whoever opened it is told by ``open_person`` which person (a row id) is to be opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "app.ask_now", "Ask", id="grouped.ask", show=False,
                tooltip="Ask Stripe now for what changed, instead of waiting"),
    ]  # fmt: skip
    PAUSE = 0.5
    COLUMNS: tuple[Column, ...] = ()

    class Came(Message):
        """The thread counted, as far as it is; then None: all is counted; or it could not."""

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
        self._wish = 0  # the number of the newest counting
        self.busy = False  # it is being counted
        self.ready = True  # it is known what is to be counted
        self._seen = False  # a snapshot was shown
        self._due = False  # people may have changed since they were counted
        self._asked_at = self._free_at = 0.0
        self._end: Callable[[], None] | None = None  # of the statement that runs in the thread

    def compose_content(self) -> ComposeResult:
        with Container(id="grouped"):
            with Vertical(id="grouped-left"):
                yield from self.compose_left()
                yield GroupBars(self.names(), id="groups")
                yield TextLine(id="groups-said")
            with Vertical(id="grouped-right"):
                yield Table(
                    self.COLUMNS,
                    "The people of the group that is chosen.",
                    empty="Nobody is in this group.",
                    waiting="Counting…",
                    id="grouped-people",
                )

    def on_mount(self) -> None:
        self.groups.focus()

    def on_unmount(self) -> None:
        if self._end is not None:
            self._end()

    # What the two screens say

    def compose_left(self) -> ComposeResult:
        """What stands above the groups."""
        raise NotImplementedError

    @abstractmethod
    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        """In a thread: count once or in ever more detail, calling ``step`` now and then. Raises
        DatabaseProblem."""
        raise NotImplementedError

    @abstractmethod
    def people(self, group: int, ids: Ids) -> Rows:
        """These people of a group as rows."""
        raise NotImplementedError

    @abstractmethod
    def names(self) -> Sequence[str]:
        """The groups' names."""
        raise NotImplementedError

    @abstractmethod
    def headline(self, group: int) -> str:
        """A group in whole words."""
        raise NotImplementedError

    # What is shown

    @property
    def groups(self) -> GroupBars:
        """The groups."""
        return self.query_one(GroupBars)

    @property
    def table(self) -> Table:
        """The people of the current one."""
        return self.query_one("#grouped-people", Table)

    @property
    def counted(self) -> GroupCounts | None:
        """What was counted last; None: it is the first time."""
        return self._counted

    def say(self, text: str, *, problem: bool = False) -> None:
        """A sentence under the groups."""
        line = words((f"✗ {text}", "$error")) if problem else words((text, "dim"))
        self.query_one("#groups-said", TextLine).show(line)

    def show_content(self, snapshot: Snapshot) -> None:
        connection = snapshot.view.connection
        if connection is None or connection.id != self._connection_id:
            self.call_later(self.leave)  # another account is looked at now
            return
        masked, self._masking = self._masking != snapshot.masking, snapshot.masking
        if masked:
            self.draw()
        self._due |= snapshot.fresh and self._seen  # with the first one it is counted anyway
        self._seen = True
        if self.ready and self._due and not self.busy and time.monotonic() >= self._free_at:
            self.ask()

    def draw(self, *, anew: bool = False) -> None:
        """Show the people of the current group."""
        group = self.groups.current
        right = self.query_one("#grouped-right")
        self.table.display = self.ready
        entitle(right, words(self.headline(group)))
        if self._counted is None:
            self.groups.wait(self.names(), "counting…" if self.ready else "")
            self.table.show(None)
        else:
            self.groups.fill(self._counted.groups)
            self.table.show(self.people(group, self._counted.ids[group]), anew=anew)
        self._tell_rows()

    @on(Table.RowsSeen)
    def _tell_rows(self) -> None:
        first, last, total = self.table.seen
        said = f"rows {first:,}–{last:,} of {total:,}" if total else ""
        entitle(self.query_one("#grouped-right"), below=words(said))

    # Counting

    def ask(self, *, anew: bool = False) -> None:
        """Count; what is being counted is left. ``anew``: it is about something else now."""
        if self._end is not None:
            self._end()
            self._end = None
        if anew:
            self._counted = None
            self.say("…")
            self.draw(anew=True)
        self._wish += 1
        self.busy, self._due, self._asked_at = True, False, time.monotonic()
        self._count(self._wish)

    @work(thread=True, exclusive=True, group="counting")
    def _count(self, wish: int) -> None:
        worker = get_current_worker()

        def step() -> None:
            if worker.is_cancelled or wish != self._wish:
                raise _Left

        try:
            end = self._store.interrupter()
            step()
            self._end = end
            self._store.read_through()
            for counted in self.count(step):
                step()
                self.post_message(self.Came(wish, counted))
            self.post_message(self.Came(wish, None))
        except _Left:
            pass
        except DatabaseProblem as problem:
            self.post_message(self.Came(wish, problem))
        finally:
            self._store.close()

    @on(Came)
    def _came(self, message: Came) -> None:
        message.stop()
        if message.wish != self._wish:
            return
        if isinstance(message.counted, GroupCounts):
            anew = self._counted is None
            self._keep_current(message.counted)
            self._counted = message.counted
            self.arrived(message.counted)
            self.draw(anew=anew)
            self.told(message.counted)
            return
        self.busy, self._end = False, None
        took = time.monotonic() - self._asked_at
        self._free_at = time.monotonic() + max(LEAST, SHARE * took)
        if message.counted is not None:
            self.say(str(message.counted), problem=True)

    def _keep_current(self, counted: GroupCounts) -> None:
        """The same group stays the current one, also where others come or go."""
        names = [group.name for group in counted.groups]
        before, current = self.groups.names, self.groups.current
        if names != before:
            self.groups.choose(names.index(before[current]) if before[current] in names else 0)

    def arrived(self, counted: GroupCounts) -> None:
        """These numbers are there, and are about to be drawn."""

    def told(self, counted: GroupCounts) -> None:
        """These numbers are there: say what is to be said of them."""

    # Keys

    @on(GroupBars.Moved)
    def _another_group(self, message: GroupBars.Moved) -> None:
        message.stop()
        self.draw(anew=True)

    @on(GroupBars.Entered)
    def _to_people(self, message: GroupBars.Entered) -> None:
        message.stop()
        self.table.focus()

    @on(Table.RowChosen, "#grouped-people")
    def _chosen(self, message: Table.RowChosen) -> None:
        message.stop()
        if self._open_person is not None:
            self._open_person(message.key)

    @on(Table.CursorMoved, "#grouped-people")
    def _moved(self, message: Table.CursorMoved) -> None:
        message.stop()

    def back(self) -> bool:
        self.leave()
        return True

    def leave(self) -> None:
        """Go back to where it was opened."""
        if self.is_current:
            self.dismiss(None)


def without_order(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of a list that is in one order only."""
    return tuple(replace(one, sort=None) for one in columns)
