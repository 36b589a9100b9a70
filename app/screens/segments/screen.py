"""The Segments mode: all segments, the members of one, and everything about a participant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from app.db.errors import DatabaseProblem
from app.keys.screens import SEGMENTS
from app.panel.export.people import takeable
from app.panel.lists.selection import EVERYBODY
from app.panel.person import Person
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.views import mark
from app.screens.base import Jump
from app.screens.export_dialog import ExportDialog
from app.screens.segments.copy_dialog import CopyDialog
from app.screens.segments.members import MembersPane
from app.screens.segments.person_pane import PersonPane
from app.screens.segments.segment_actions import NO_PERSON
from app.screens.segments.segment_openers import SegmentOpeners
from app.screens.segments.segment_table import SegmentTable
from app.screens.segments.standing_line import StandingLine
from app.screens.segments.why_dialog import WhyDialog
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.footer import FooterHints
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane
from app.widgets.table.table import Table

BROAD = 140  # columns from which a participant opens beside the members, not below
BESIDE = 76  # columns from which the members are beside the segments, not below
LISTS = 1.0  # seconds between two reads of the segments; no one reads them faster


class SegmentsScreen(SegmentOpeners):
    """Segments on the left and the members of one on the right, or below if the terminal is
    narrow. A participant opens beside or below the members."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(SEGMENTS)
    PAUSE = 0.5
    help_text = (
        "Segments are on the left, and the members of the current segment on the right. Tab "
        "switches between them. Enter opens a participant, and Escape closes it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._mark: tuple[object, ...] = ()  # changes whenever members may have changed
        self._read_at = 0.0  # seconds since 1970
        self._stale = True  # the database was read since the segments were

    def compose_content(self) -> ComposeResult:
        with Container(id="segments-columns"):
            with Pane(id="segments-left"):
                yield SegmentTable()
            with Container(id="segments-body"):
                with Pane(id="segments-right"):
                    yield TextLine(id="rule")
                    yield MembersPane(self.host.store)
                yield PersonPane(self.host.store)
        yield StandingLine(self.host.store)

    def on_mount(self) -> None:
        self.entitle_segments()
        self.segment_table.focus()

    @property
    def _members(self) -> MembersPane:
        return self.query_one(MembersPane)

    # What is shown

    @on(events.Resize)
    def _arrange(self) -> None:
        self.set_class(self.size.width >= BROAD, "-broad")
        self.set_class(self.size.width >= BESIDE, "-beside")

    @on(events.ScreenResume)
    def _read_all(self) -> None:
        self._read_at = 0.0

    def show_content(self, snapshot: Snapshot) -> None:
        previous, self.snapshot = self.snapshot, snapshot
        changed = self._account_changed(snapshot)
        self._stale |= snapshot.fresh
        if self.connection is None:
            self._members.clear()
        elif changed or self._due(snapshot):
            self._stale, self._read_at = False, snapshot.now
            self.read_segments(self.connection, changed)
        if previous is not None and previous.masking != snapshot.masking:
            self._show_members()
            self._show_standing()
            self.draw_person()
        self._describe()

    def _account_changed(self, snapshot: Snapshot) -> bool:
        """Note which account is shown. Returns whether it changed."""
        shown = snapshot.view.connection
        connection = shown.id if shown else None
        if connection == self.connection:
            return False
        self.connection, self.came_from = connection, None
        self._close_person()
        return True

    def _due(self, snapshot: Snapshot) -> bool:
        """Whether the segments may have changed and were last read long enough ago."""
        return self._stale and abs(snapshot.now - self._read_at) >= LISTS

    def read_segments(self, connection: int, reset: bool) -> None:
        try:
            known, self._mark = self._mark, mark(self.host.store, connection)
            found = segments_with_doubts(self.host.store, connection)
        except DatabaseProblem:
            return  # the next snapshot reports it
        self.follow_trends(connection, changed=reset or known != self._mark)
        if not reset and known == self._mark and found == self.segment_table.views:
            return  # only the time of the last poll changed
        self.segment_table.fill(found, reset=reset)
        if reset:
            self.segment_table.choose(self.host.remembered.get("segment"))
        self._show_members()
        self._members.data_changed()
        self._show_standing(again=True)
        self.person_pane.reload()
        self.draw_person()

    def _show_members(self) -> None:
        """Show the members of the current segment."""
        segment, snapshot = self.segment_table.segment, self.snapshot
        if segment is None or self.connection is None or snapshot is None:
            self._members.clear()
            self.query_one(StandingLine).ask(None, None)
        else:
            self._members.show_segment(self.connection, segment.key, masking=snapshot.masking)
        self._describe()

    def _describe(self) -> None:
        """Show the segment's name and rule, the range of rows and the age of the data."""
        segment, snapshot = self.segment_table.segment, self.snapshot
        right = self.query_one("#segments-right", Pane)
        if segment is None or snapshot is None:
            right.entitle(words(), words())
            self.query_one("#rule", TextLine).show(words())
            return
        as_of = f" · as of {snapshot.header.as_of}" if snapshot.header.as_of else ""
        right.entitle(words(plain(segment.name, 60)), words(self._members.status + as_of))
        said = "; ".join(
            part for part in ("still filling" if segment.filling else "", segment.doubt) if part
        )
        said = f"{said}; " if said else ""
        self.query_one("#rule", TextLine).show(words((said + segment.rule, "$muted")))

    @on(Table.CursorMoved, "#segment-list")
    def _another_segment(self, message: Table.CursorMoved) -> None:
        message.stop()
        self.came_from = None
        self._show_members()
        if self.segment_table.segment is not None:
            self.host.remembered.set("segment", self.segment_table.segment.key)

    @on(Table.RowChosen, "#segment-list")
    def _to_members(self, message: Table.RowChosen) -> None:
        message.stop()
        self._members.table.focus()

    @on(MembersPane.StatusChanged)
    def _status_changed(self, message: MembersPane.StatusChanged) -> None:
        message.stop()
        self._describe()
        self._show_standing()
        self.show_keys()

    def jump(self, to: Jump) -> None:
        if to.what == "segment":
            self.segment_table.choose(to.key)
            self._show_members()
            self.segment_table.focus()
        else:
            self.segment_table.choose(EVERYBODY)
            self._show_members()
            self.open_person(int(to.key))

    # One participant

    @on(Table.CursorMoved, "#members-table")
    def _another_person(self, message: Table.CursorMoved) -> None:
        message.stop()
        self._show_standing()
        if self.person_pane.one is not None and message.key is not None:
            self.open_person(message.key)

    def _show_standing(self, *, again: bool = False) -> None:
        """Show why the participant under the cursor is in the segment."""
        segment, row_id = self.segment_table.segment, self._members.table.current
        masking = self.snapshot is not None and self.snapshot.masking
        key = segment.key if segment is not None else None
        self.query_one(StandingLine).ask(row_id, key, masking=masking, again=again)

    @on(Table.RowChosen, "#members-table")
    def _chosen(self, message: Table.RowChosen) -> None:
        message.stop()
        self.came_from = None
        self.open_person(message.key)

    def open_person(self, row_id: int) -> None:
        try:
            self.person_pane.open(row_id)
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
        self.set_class(self.person_pane.display, "-person")
        self.draw_person()

    def draw_person(self) -> None:
        if self.snapshot is not None:
            self.person_pane.draw(self.snapshot.now, self.snapshot.masking)

    def _close_person(self) -> bool:
        if not self.person_pane.close():
            return False
        came_from, self.came_from = self.came_from, None
        if came_from is not None:
            self.app.push_screen(came_from())
        self.remove_class("-person")
        if self.focused is None or self.focused.id == "person":
            self._members.table.focus()
        return True

    def current_person(self) -> Person | None:
        """The participant that keys act on: the open one, or the one under the cursor."""
        row_id = self._members.table.current
        try:
            return self.person_pane.one or (
                None if row_id is None else self.person_pane.read(row_id)
            )
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            return None

    # Keys

    def back(self) -> bool:
        if self._close_person() or self._members.end_search():
            return True
        beside = not self.segment_table.has_focus
        if beside:
            self.segment_table.focus()
        return beside

    def action_search(self) -> None:
        """Open the search line."""
        self._members.start_search()

    def action_save_filter(self) -> None:
        """Make a segment of the filter in the search line."""
        text = self._members.filter_text
        if self.connection is not None and text:
            self.open_form(self.connection, None, text)
        else:
            self.host.tell('No filter is set. Press / and type one, such as status:"active".')

    def hints(self) -> FooterHints:
        if self._members.filter_text:
            return replace(super().hints(), first=("segments.save",))
        return replace(super().hints(), without=frozenset({"segments.save"}))

    def action_why(self) -> None:
        """Show why the current participant is in a segment or not."""
        segment, snapshot, one = self.segment_table.segment, self.snapshot, self.current_person()
        if one is None or segment is None or snapshot is None:
            self.host.tell(NO_PERSON)
            return
        self.app.push_screen(
            WhyDialog(
                self.host.store,
                one,
                self.segment_table.views,
                segment.key,
                masking=snapshot.masking,
            )
        )

    def action_copy(self) -> None:
        """Copy a value of the current participant, or open their page at Stripe."""
        one, snapshot = self.current_person(), self.snapshot
        if one is None or snapshot is None:
            self.host.tell(NO_PERSON)
        else:
            self.app.push_screen(CopyDialog(one, masking=snapshot.masking))

    def action_export(self) -> None:
        """Export the participants of the list."""
        wanted, ids, snapshot = self._members.wanted, self._members.ids, self.snapshot
        segment = self.segment_table.segment
        if wanted is None or segment is None or snapshot is None or not ids:
            self.host.tell("There is nothing to export yet.")
            return
        title = f"{segment.name}, narrowed" if wanted.text else segment.name
        store = self.host.store
        source = takeable(store, wanted.connection_id, ids, wanted.segment)
        form = ExportDialog(store, source, title, masking=snapshot.masking)
        self.app.push_screen(form, lambda file: self._exported(file, len(ids)))

    def _exported(self, file: Path | None, number: int) -> None:
        said = f"Exported {number:,} participants to {file}." if file else "Nothing was exported."
        self.host.tell(said)
