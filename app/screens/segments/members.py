"""The members of a segment: a search line, and a table that a thread sorts."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.filters.complete import Vocabulary, vocabulary
from app.panel.filters.errors import FilterError
from app.panel.lists.lister import Lister, ListResult
from app.panel.lists.order import ARRIVED, Ids, Order
from app.panel.lists.selection import Selection
from app.screens.base import host_of
from app.screens.people_rows import COLUMNS, PeopleRows
from app.screens.segments.search_filter import advice, condition, is_filter
from app.text import plain
from app.widgets.filter_line import FilterInput, FilterLine
from app.widgets.table.table import SortedColumn, Table

LEAST = 1.0  # seconds between two reads of a list that changes
SHARE = 4  # the pause after a read is so many times as long as the read
ARRIVAL = Order()
TIMES = ("since", "created")  # columns that are sorted with the newest first


@dataclass(frozen=True)
class MemberQuery:
    """A list of members: a segment, an order and a search."""

    connection_id: int
    segment: str
    order: Order = ARRIVAL
    text: str = ""


class MembersPane(Vertical):
    """The members of one segment, sorted and searched. Only the newest request counts."""

    class Read(Message):
        """The thread has read the list, or its first rows."""

        def __init__(self, listed: ListResult) -> None:
            super().__init__()
            self.listed = listed

    class StatusChanged(Message):
        """:attr:`MembersPane.status` changed."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="members")
        self._store = store
        self._lister: Lister | None = None
        self._wanted: MemberQuery | None = None
        self._shown: MemberQuery | None = None  # the list in the table
        self._ids: Ids | None = None
        self._complete = False  # whether all rows were read, not only the first
        self._masking = False
        self._wish = 0  # the number of the newest read; 0: none is under way
        self._asked_at = self._free_at = 0.0
        self._due = False  # data changed during the read
        self._timer: Timer | None = None  # until the next read
        self._problem = self._note = ""
        self._words: tuple[int, Vocabulary] | None = None  # of an account

    def compose(self) -> ComposeResult:
        yield FilterLine('Name, email, or a filter such as status:"active"', id="search")
        yield Table(
            COLUMNS,
            "The members of the segment.",
            empty="No one is in this segment.",
            id="members-table",
        )

    def on_mount(self) -> None:
        self.search.display = False

    def on_unmount(self) -> None:
        if self._lister is not None:
            self._lister.close()

    @property
    def table(self) -> Table:
        """The table of members."""
        return self.query_one("#members-table", Table)

    @property
    def search(self) -> FilterLine:
        """The search line."""
        return self.query_one("#search", FilterLine)

    @property
    def wanted(self) -> MemberQuery | None:
        """The list that was asked for."""
        return self._wanted

    @property
    def ids(self) -> Ids | None:
        """The row ids of all members in the list, or None until all were read."""
        return self._ids if self._complete else None

    @property
    def filter_text(self) -> str:
        """What is searched for, if that is a filter and not words."""
        text = self._wanted.text if self._wanted is not None else ""
        known = self._vocabulary()
        return text if text and known is not None and is_filter(text, known) else ""

    def _vocabulary(self) -> Vocabulary | None:
        """The names that a filter can use. They are read when the search line is opened."""
        connection = self._wanted.connection_id if self._wanted is not None else None
        if self._words is not None and self._words[0] == connection:
            return self._words[1]
        return None

    @property
    def status(self) -> str:
        """The range of rows on the screen: "rows 1–40 of 1,000,000"."""
        if self._problem:
            return self._problem
        if self._shown != self._wanted or self._shown is None:
            return "reading…"
        first, last, total = self.table.seen
        if not self._complete:
            return f"rows {first:,}–{last:,}, loading…"
        rows = f"rows {first:,}–{last:,} of {total:,}" if total else "no one"
        return f"{rows} · {self._note}" if self._note else rows

    # What is shown

    def show_segment(self, connection_id: int, segment: str, *, masking: bool) -> None:
        """Show a segment, with the current order and search."""
        masked, self._masking = self._masking, masking
        before = self._wanted
        if before is None or before.connection_id != connection_id:
            wanted = MemberQuery(connection_id, segment, self._remembered_order())
        else:
            wanted = replace(before, segment=segment)
        if wanted != before:
            self._request(wanted)
        elif masked != masking:
            self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._wanted = self._shown = self._ids = None
        self._wish = 0
        self.table.show(None)

    def data_changed(self) -> None:
        """Read the list again, after a pause, because members may have changed."""
        if self._wanted is None or self._timer is not None or self._wish:
            self._due = True
            return
        wait = self._free_at - time.monotonic()
        if wait > 0:
            self._timer = self.set_timer(wait, self._ask)
        else:
            self._ask()

    def search_for(self, text: str) -> None:
        """Search the members for a text, or show all for ""."""
        if self._wanted is not None and text != self._wanted.text:
            self._request(replace(self._wanted, text=text))

    def _request(self, wanted: MemberQuery) -> None:
        self._wanted = wanted
        if self._shown is None or self._shown.connection_id != wanted.connection_id:
            self.table.show(None)
        self._ask()
        self.post_message(self.StatusChanged())

    # Reading

    def _ask(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        wanted, self._due = self._wanted, False
        if wanted is None:
            return
        if self._lister is None:
            self._lister = Lister(self._store, self._post)
        self._asked_at = time.monotonic()
        chosen, text = Selection(wanted.connection_id, wanted.segment), wanted.text
        if self.filter_text:
            try:
                asked = condition(self._store, wanted.connection_id, text)
            except FilterError as error:  # the line says it, and the list stays as it was
                self._wish, self._problem = 0, error.sentence
                self.post_message(self.StatusChanged())
                return
            except DatabaseProblem:
                return  # the next snapshot reports it
            chosen, text = replace(chosen, conditions=(asked,)), ""
        self._wish = self._lister.ask(chosen, wanted.order, text)

    def _post(self, listed: ListResult) -> None:
        self.post_message(self.Read(listed))

    @on(Read)
    def _read(self, message: Read) -> None:
        message.stop()
        listed = message.listed
        if listed.wish != self._wish or self._wanted is None:
            return
        if listed.problem is not None:
            self._finish(problem=str(listed.problem))
            return
        again = self._shown == self._wanted
        if listed.complete or not again:
            self._ids, self._complete, self._shown = listed.ids, listed.complete, self._wanted
            self._draw(reset=not again)
        if listed.complete:
            self._finish(note=listed.note or "")
        self.post_message(self.StatusChanged())

    def _finish(self, note: str = "", problem: str = "") -> None:
        self._note, self._problem, self._wish = note, problem, 0
        took = time.monotonic() - self._asked_at
        self._free_at = time.monotonic() + max(LEAST, SHARE * took)
        if self._due:
            self.data_changed()
        self.post_message(self.StatusChanged())

    def _draw(self, *, reset: bool = False) -> None:
        wanted = self._shown
        if wanted is None or self._ids is None:
            return
        rows = PeopleRows(
            self._store,
            wanted.connection_id,
            self._ids,
            wanted.segment,
            masking=self._masking,
        )
        order = wanted.order
        empty = "No one is in this segment."
        if wanted.text:
            empty = f"No one in this segment has “{plain(wanted.text, 40)}” in a name, email or ID."
            if self.filter_text:
                empty = "No one in this segment matches the filter. Press Escape to clear it."
        self.table.show(
            rows,
            sorted_by=None
            if order.column == ARRIVED
            else SortedColumn(order.column, order.descending),
            empty=empty,
            reset=reset,
        )
        self.search.count(f"{len(self._ids):,}" if self._complete else "…")

    # Keys

    @on(Table.SortRequested)
    def _sort(self, message: Table.SortRequested) -> None:
        message.stop()
        if self._wanted is None:
            return
        now = self._wanted.order
        descending = message.column in TIMES
        if now.column == message.column:
            descending = not now.descending
        remembered = host_of(self).remembered
        remembered.set("order", f"{'-' if descending else ''}{message.column}")
        self._request(replace(self._wanted, order=Order(message.column, descending)))

    def _remembered_order(self) -> Order:
        told = host_of(self).remembered.get("order")
        column = told.removeprefix("-")
        known = {one.sort for one in COLUMNS}
        return Order(column, told != column) if column in known else ARRIVAL

    @on(Table.RowsSeen, "#members-table")
    def _seen(self) -> None:
        self.post_message(self.StatusChanged())

    def start_search(self) -> None:
        """Open the search line."""
        self.search.display = True
        self.search.focus()
        with suppress(DatabaseProblem):  # the next snapshot reports it
            if self._wanted is not None:
                here = self._wanted.connection_id
                self._words = (here, vocabulary(self._store, here))
        self._advise(self.search.text)

    def end_search(self) -> bool:
        """End the search. Returns False if there is none."""
        if not self.search.display:
            return False
        self.search.set("")
        self.search.display = False
        self.search_for("")
        self.table.focus()
        return True

    @on(FilterLine.Typed)
    def _typed(self, message: FilterLine.Typed) -> None:
        message.stop()
        self._advise(message.text)

    def _advise(self, text: str) -> None:
        """Show suggestions for the filter, or its mistake."""
        known = self._vocabulary()
        if known is not None:
            cursor = self.query_one(FilterInput).cursor_position
            trouble, suggestions = advice(text, cursor, known)
            self.search.answer(text, trouble=trouble, suggestions=suggestions)

    @on(FilterLine.Narrowed)
    def _narrowed(self, message: FilterLine.Narrowed) -> None:
        message.stop()
        self.search_for(message.text)

    @on(FilterLine.Entered)
    def _entered(self, message: FilterLine.Entered) -> None:
        message.stop()
        self.table.focus()

    @on(FilterLine.Left)
    def _left(self, message: FilterLine.Left) -> None:
        message.stop()
        self.end_search()

    @on(events.DescendantBlur, "#search FilterInput")
    def _hide_empty_search(self) -> None:
        """Hide the search line when it is left empty."""
        if not self.search.text:
            self.search.display = False
