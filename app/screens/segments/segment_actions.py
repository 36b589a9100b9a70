"""The keys that create, change and delete a segment, or opt a participant out or erase one."""

from __future__ import annotations

from abc import abstractmethod

from textual import work

from app.db.errors import DatabaseProblem
from app.panel.person import Person
from app.panel.segments import custom
from app.panel.segments.views import SegmentView
from app.screens.base import PanelistScreen
from app.screens.segments.edit_dialog import SegmentEditDialog
from app.screens.segments.erase_dialog import ask_to_erase
from app.screens.segments.opt_out_dialog import ask_to_allow, ask_to_opt_out
from app.screens.segments.person_pane import PersonPane
from app.screens.segments.segment_table import SegmentTable
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog

NO_PERSON = "This list is empty."


class SegmentActions(PanelistScreen):
    """The part of the Segments screen that these keys need. ``connection`` is the id of the
    account that is shown, or None."""

    def __init__(self) -> None:
        super().__init__()
        self.connection: int | None = None
        self.snapshot: Snapshot | None = None

    @property
    def segment_table(self) -> SegmentTable:
        return self.query_one(SegmentTable)

    @property
    def person_pane(self) -> PersonPane:
        return self.query_one(PersonPane)

    @abstractmethod
    def current_person(self) -> Person | None:
        """The participant that keys act on: the open one, or the one under the cursor."""

    @abstractmethod
    def draw_person(self) -> None:
        """Draw the open participant again."""

    @abstractmethod
    def read_segments(self, connection: int, reset: bool) -> None:
        """Read the segments again. ``reset`` begins at the first row, for another account."""

    def action_erase(self) -> None:
        """Ask whether to erase the current participant in four hours, or to keep them after all."""
        one, connection = self.current_person(), self.connection
        if one is None or connection is None:
            self.host.tell(NO_PERSON)
            return

        def done() -> None:
            self.person_pane.reload()
            self.draw_person()

        ask_to_erase(self.host, connection, one, done)

    def action_suppress(self) -> None:
        """Ask whether to opt the current participant out of every study."""
        one, connection = self.current_person(), self.connection
        if one is None or connection is None:
            self.host.tell(NO_PERSON)
        else:
            ask_to_opt_out(self.host, connection, one)

    def action_allow(self) -> None:
        """Ask why the current participant may be contacted again."""
        one, connection = self.current_person(), self.connection
        if one is None or connection is None:
            self.host.tell(NO_PERSON)
        else:
            ask_to_allow(self.host, connection, one)

    def action_new(self) -> None:
        """Create a segment."""
        if self.connection is None:
            self.host.tell("No account is connected. Press 1 to connect one.")
        else:
            self.open_form(self.connection, None)

    def action_edit(self) -> None:
        """Change the current segment, if it is a custom one."""
        segment = self._custom()
        if segment is not None and self.connection is not None:
            self.open_form(self.connection, segment)

    def open_form(self, connection: int, segment: SegmentView | None, text: str = "") -> None:
        """Change a segment, or create one that begins with a filter."""
        masking = self.snapshot is not None and self.snapshot.masking
        form = SegmentEditDialog(self.host.store, connection, segment, masking=masking, text=text)
        self.app.push_screen(form, self._saved)

    def _saved(self, key: str | None) -> None:
        if key is not None and self.connection is not None:
            self.read_segments(self.connection, reset=False)
            self.segment_table.choose(key)
            self.segment_table.focus()

    def _custom(self) -> SegmentView | None:
        segment = self.segment_table.segment
        if segment is not None and segment.kind == "own":
            return segment
        self.host.tell("Built-in segments cannot be changed. Press n to create your own.")
        return None

    def action_delete(self) -> None:
        """Delete the current segment after a question, if it is a custom one."""
        segment, connection = self._custom(), self.connection
        if segment is None or connection is None:
            return
        lines = [
            words("Delete the segment ", (plain(segment.name), "bold"), "?"),
            words(
                f"Its {segment.count:,} participants and the segment's history are kept. Nothing "
                f"changes in Stripe."
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
            custom.delete(self.host.store, connection, segment.key)
        except (custom.CustomSegmentProblem, DatabaseProblem) as problem:
            said = str(problem)
        finally:
            self.host.store.close()
        self.app.call_from_thread(self._deleted, said)

    def _deleted(self, said: str) -> None:
        self.host.tell(said)
        if self.connection is not None:
            self.read_segments(self.connection, reset=False)
