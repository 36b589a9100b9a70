"""Segments: all of them, the members of one, and everything about a person."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from app.db.errors import DatabaseProblem
from app.panel.export.people import takeable
from app.panel.person import Person
from app.panel.segments import custom as own
from app.panel.segments.views import SegmentView, mark, segments
from app.screens.base import PanelistScreen, Snapshot
from app.screens.export_dialog import ExportDialog
from app.screens.segments.compare_screen import CompareScreen
from app.screens.segments.copy_dialog import CopyDialog
from app.screens.segments.edit_dialog import SegmentEditDialog
from app.screens.segments.erase_dialog import ask_to_erase
from app.screens.segments.history_screen import SegmentHistoryScreen
from app.screens.segments.members import MembersPane
from app.screens.segments.person_pane import PersonPane
from app.screens.segments.segment_table import SegmentTable
from app.screens.segments.why_dialog import WhyDialog
from app.text import plain
from app.widgets.border_titles import entitle
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog
from app.widgets.table.table import Table
from app.widgets.text_line import TextLine

BROAD = 140  # columns from which on a person opens beside the members, not under them
NOBODY = "Nobody is chosen: there is no one in this list."
LISTS = 1.0  # seconds between two looks at the segments; nobody reads them faster


class SegmentsScreen(PanelistScreen):
    """Segments on the left and their members on the right; one above the other where it is
    narrow. A person opens beside or under the members."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="segments.search", key_display="/",
                tooltip="Narrow the people by name, email, id or metadata"),
        Binding("w", "why", "Why", id="segments.why",
                tooltip="Why this person is in a segment, or is not"),
        Binding("y", "copy", "Copy", id="segments.copy", show=False,
                tooltip="Copy a value of this person, or open their page in the Dashboard"),
        Binding("c", "compare", "Compare", id="segments.compare",
                tooltip="Put this segment beside another one: who is in both, who in one"),
        Binding("h", "changes", "History", id="segments.changes",
                tooltip="Who came into this segment and who left it since a day, and its size"),
        Binding("n", "new", "New", id="segments.new",
                tooltip="Make a segment of your own with a filter"),
        Binding("e", "edit", "Edit", id="segments.edit", show=False,
                tooltip="Change the name or the filter of this segment of your own"),
        Binding("d", "delete", "Delete", id="segments.delete", show=False,
                tooltip="Delete this segment of your own, after a question"),
        Binding("E", "erase", "Erase", id="segments.erase", show=False,
                tooltip="Erase this person in four hours, after a question; again: let them stay"),
        Binding("t", "take", "Take out", id="segments.take",
                tooltip="Write the people of this list to a file: CSV or JSON lines"),
        Binding("r", "app.ask_now", "Ask", id="segments.ask", show=False,
                tooltip="Ask Stripe now for what changed, instead of waiting"),
    ]  # fmt: skip
    PAUSE = 0.5
    help_text = (
        "On the left the segments, with how many people are in each; beside them the people of"
        " the one chosen. tab goes from one to the other, enter on a person opens everything"
        " that is known of them, escape closes it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._connection: int | None = None
        self._picture: Snapshot | None = None
        self._mark: tuple[object, ...] = ()
        self._listed = 0.0
        self._stale = True

    def compose_content(self) -> ComposeResult:
        with Container(id="segments-columns"):
            with Vertical(id="segments-left"):
                yield SegmentTable()
            with Container(id="segments-body"):
                with Vertical(id="segments-right"):
                    yield TextLine(id="rule")
                    yield MembersPane(self.host.store)
                yield PersonPane(self.host.store)

    def on_mount(self) -> None:
        self.query_one("#segments-left").border_title = "Segments"
        self._list.focus()

    @property
    def _list(self) -> SegmentTable:
        return self.query_one(SegmentTable)

    @property
    def _members(self) -> MembersPane:
        return self.query_one(MembersPane)

    # What is shown

    @on(events.Resize)
    def _arrange(self) -> None:
        self.set_class(self.size.width >= BROAD, "-broad")

    @on(events.ScreenResume)
    def _read_all(self) -> None:
        self._listed = 0.0

    def show_content(self, picture: Snapshot) -> None:
        masked = self._picture is not None and self._picture.masking != picture.masking
        self._picture = picture
        connection = picture.view.connection
        shown = connection.id if connection else None
        anew = shown != self._connection
        if anew:
            self._connection, self._stale, self._listed = shown, True, 0.0
            self._close_person()
        self._stale |= picture.fresh
        if shown is None:
            self._members.look_away()
        elif self._stale and (anew or abs(picture.now - self._listed) >= LISTS):
            self._stale, self._listed = False, picture.now
            self._read_segments(shown, anew)
        if masked:
            self._look()
            self._draw_person()
        self._say()

    def _read_segments(self, connection: int, anew: bool) -> None:
        try:
            known, self._mark = self._mark, mark(self.host.store, connection)
            found = segments(self.host.store, connection)
        except DatabaseProblem:
            return  # the next picture says it
        if not anew and known == self._mark and found == self._list.views:
            return  # only the time of the last poll is another one
        self._list.fill(found, anew=anew)
        self._look()
        self._members.look_again()
        self._pane.read_again()
        self._draw_person()

    def _look(self) -> None:
        """Show the members of the segment that is the current one."""
        segment, picture = self._list.segment, self._picture
        if segment is None or self._connection is None or picture is None:
            self._members.look_away()
        else:
            self._members.look_at(self._connection, segment.key, masking=picture.masking)
        self._say()

    def _say(self) -> None:
        """The segment's name and rule, which rows are seen, as of when."""
        segment, picture = self._list.segment, self._picture
        right = self.query_one("#segments-right")
        if segment is None or picture is None:
            entitle(right, words(), words())
            self.query_one("#rule", TextLine).show(words())
            return
        as_of = f" · as of {picture.header.as_of}" if picture.header.as_of else ""
        entitle(right, words(plain(segment.name, 60)), words(self._members.said + as_of))
        filling = "still filling; " if segment.filling else ""
        self.query_one("#rule", TextLine).show(words((filling + segment.rule, "dim")))

    @on(Table.CursorMoved, "#segment-list")
    def _another_segment(self, message: Table.CursorMoved) -> None:
        message.stop()
        self._look()

    @on(Table.RowChosen, "#segment-list")
    def _to_members(self, message: Table.RowChosen) -> None:
        message.stop()
        self._members.table.focus()

    @on(MembersPane.Told)
    def _told(self, message: MembersPane.Told) -> None:
        message.stop()
        self._say()

    # One person

    @on(Table.CursorMoved, "#members-table")
    def _another_person(self, message: Table.CursorMoved) -> None:
        message.stop()
        if self._pane.one is not None and message.key is not None:
            self._open(message.key)

    @on(Table.RowChosen, "#members-table")
    def _chosen(self, message: Table.RowChosen) -> None:
        message.stop()
        self._open(message.key)

    @property
    def _pane(self) -> PersonPane:
        return self.query_one(PersonPane)

    def _open(self, row_id: int) -> None:
        try:
            self._pane.open(row_id)
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
        self.set_class(self._pane.display, "-person")
        self._draw_person()

    def _draw_person(self) -> None:
        if self._picture is not None:
            self._pane.draw(self._picture.now, self._picture.masking)

    def _close_person(self) -> bool:
        if not self._pane.close():
            return False
        self.remove_class("-person")
        if self.focused is None or self.focused.id == "person":
            self._members.table.focus()
        return True

    def _current(self) -> Person | None:
        """The person that keys mean: the open one, or that under the cursor."""
        row_id = self._members.table.current
        try:
            return self._pane.one or (None if row_id is None else self._pane.read(row_id))
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            return None

    # Keys

    def back(self) -> bool:
        return self._close_person() or self._members.end_search()

    def action_search(self) -> None:
        """Type what the people are narrowed by."""
        self._members.start_search()

    def action_why(self) -> None:
        """Say why the current person is in a segment, or is not."""
        segment, picture, one = self._list.segment, self._picture, self._current()
        if one is None or segment is None or picture is None:
            self.host.tell(NOBODY)
            return
        self.app.push_screen(
            WhyDialog(self.host.store, one, self._list.views, segment.key, masking=picture.masking)
        )

    def action_copy(self) -> None:
        """Copy a value of the current person, or open their page in Stripe's Dashboard."""
        one, picture = self._current(), self._picture
        if one is None or picture is None:
            self.host.tell(NOBODY)
        else:
            self.app.push_screen(CopyDialog(one, masking=picture.masking))

    def action_erase(self) -> None:
        """Erase the current person in four hours, or let them stay, after a question."""
        one, connection = self._current(), self._connection
        if one is None or connection is None:
            self.host.tell(NOBODY)
            return

        def done() -> None:
            self._pane.read_again()
            self._draw_person()

        ask_to_erase(self.host, connection, one, done)

    def action_compare(self) -> None:
        """Put the current segment beside another one."""
        segment, connection, picture = self._list.segment, self._connection, self._picture
        if segment is not None and connection is not None and picture is not None:
            self.app.push_screen(
                CompareScreen(
                    *(self.host.store, connection, segment, None),
                    masking=picture.masking,
                    open_person=self._back_to,
                )
            )

    def action_changes(self) -> None:
        """Show who came into the current segment and who left it."""
        segment, connection, picture = self._list.segment, self._connection, self._picture
        if segment is not None and connection is not None and picture is not None:
            self.app.push_screen(
                SegmentHistoryScreen(
                    *(self.host.store, connection, segment),
                    masking=picture.masking,
                    open_person=self._back_to,
                )
            )

    def _back_to(self, row_id: int) -> None:
        """Show a person who was chosen on a screen that lies over this one."""
        self.app.pop_screen()
        self._open(row_id)

    def action_new(self) -> None:
        """Make a segment."""
        if self._connection is None:
            self.host.tell("No account is connected yet; 1 (Connect) connects one.")
        else:
            self._put_form(self._connection, None)

    def action_edit(self) -> None:
        """Change the current segment, if it is one's own."""
        segment = self._own()
        if segment is not None and self._connection is not None:
            self._put_form(self._connection, segment)

    def _put_form(self, connection: int, segment: SegmentView | None) -> None:
        masking = self._picture is not None and self._picture.masking
        form = SegmentEditDialog(self.host.store, connection, segment, masking=masking)
        self.app.push_screen(form, self._saved)

    def _saved(self, key: str | None) -> None:
        if key is not None and self._connection is not None:
            self._read_segments(self._connection, anew=False)
            self._list.choose(key)
            self._list.focus()

    def _own(self) -> SegmentView | None:
        segment = self._list.segment
        if segment is not None and segment.kind == "own":
            return segment
        self.host.tell("This segment comes with the data; n makes one of your own.")
        return None

    def action_delete(self) -> None:
        """Delete the current segment, if it is one's own and after a question."""
        segment, connection = self._own(), self._connection
        if segment is None or connection is None:
            return
        lines = [
            words("Delete the segment ", (plain(segment.name), "bold"), "?"),
            words(
                f"Its {segment.count:,} people stay in the panel, and in the history of who was"
                " in it. Nothing changes in Stripe."
            ),
        ]

        def answered(yes: bool | None) -> None:
            if yes:
                self._delete(connection, segment)

        self.app.push_screen(QuestionDialog(lines, "Delete"), answered)

    @work(thread=True)
    def _delete(self, connection: int, segment: SegmentView) -> None:
        said = f"Deleted the segment {segment.name}."
        try:
            own.delete(self.host.store, connection, segment.key)
        except (own.CustomSegmentProblem, DatabaseProblem) as problem:
            said = str(problem)
        finally:
            self.host.store.close()
        self.app.call_from_thread(self._deleted, said)

    def _deleted(self, said: str) -> None:
        self.host.tell(said)
        if self._connection is not None:
            self._read_segments(self._connection, anew=False)

    def action_take(self) -> None:
        """Write the people of the list to a file."""
        wanted, ids, picture = self._members.wanted, self._members.ids, self._picture
        segment = self._list.segment
        if wanted is None or segment is None or picture is None or not ids:
            self.host.tell("There is no list to take out, or it is still being read.")
            return
        title = f"{segment.name}, narrowed" if wanted.text else segment.name
        store = self.host.store
        source = takeable(store, wanted.connection_id, ids, wanted.segment)
        form = ExportDialog(store, source, title, masking=picture.masking)
        self.app.push_screen(form, lambda file: self._taken(file, len(ids)))

    def _taken(self, file: Path | None, number: int) -> None:
        said = f"{number:,} people are in {file}." if file else "Nothing was taken out."
        self.host.tell(said)
