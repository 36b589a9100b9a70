"""The Studies mode: all studies, and the batches, the funnel and the mail of one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.invites import studies
from app.invites.figures.study_figures import StudyCounts, counts
from app.invites.sending.runs import OVER
from app.invites.studies import Study
from app.keys.screens import STUDIES
from app.problems import Problem
from app.screens.base import WIDE, Jump
from app.screens.studies.board.study_rows import NO_STUDIES, StudyView
from app.screens.studies.board.study_table import StudySummary, StudyTable
from app.screens.studies.board.view_rows import StudyQuestion, read_view
from app.screens.studies.study_actions import StudyActions
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.empty_state import EmptyState
from app.widgets.lines.line_pane import LinePane
from app.widgets.pane import Pane
from app.widgets.table.table import Table

PROGRESS = 1.0  # seconds between two reads while a batch is sent
SHARE = 4  # times as long as a read took, the thread rests
MAIL = 160  # columns from which the mail has a pane of its own
MAIL_ROWS = 30  # at most, of the mail in its own pane
ROOMY = 30  # rows from which there is room for blank lines


class StudiesScreen(StudyActions):
    """Studies on the left and the current one on the right, or below if the terminal is narrow.

    A thread counts, so that the app never waits for a database with many invites.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(STUDIES)
    PAUSE = 0.5
    help_text = (
        "A study invites participants from your segments. Press n to create one, s to choose its "
        "segments"
        " and a to activate it. p previews who will be invited. Nothing is sent before you confirm."
    )

    class Looked(Message):
        """A thread has counted the invites of all studies, and read the current one."""

        def __init__(
            self,
            asked: StudyQuestion,
            found: dict[int, StudyCounts] | None,
            view: StudyView | None,
        ) -> None:
            super().__init__()
            self.asked, self.found, self.view = asked, found, view

    def __init__(self) -> None:
        super().__init__()
        self._connection: int | None = None
        self._snapshot: Snapshot | None = None
        self._read_at = 0.0
        self._view: StudyView | None = None  # of the study that was read last
        self._counts: dict[int, StudyCounts] = {}
        self._busy = self._due = self._stale = False
        self._free_at = 0.0  # until then, what changes is not read again
        self._waiting: Callable[[], None] | None = None  # an action that needs the current view
        self._member = 0

    def compose_content(self) -> ComposeResult:
        with Container(id="studies-columns"):
            with Vertical(id="studies-side"):
                with Pane(id="studies-left"):
                    yield StudyTable()
                yield LinePane("The audience and the rules.", id="study-facts")
            with Pane(id="studies-right"):
                yield LinePane("The current study.", id="study")
            yield LinePane("The email of the study.", id="study-mail")
        yield EmptyState(NO_STUDIES, id="studies-empty")

    def on_mount(self) -> None:
        self.query_one("#studies-left", Pane).entitle(words("Studies"))
        self.query_one("#studies-empty").display = False
        self.listed.focus()

    @property
    def listed(self) -> StudyTable:
        """The table of studies."""
        return self.query_one(StudyTable)

    @property
    def study(self) -> Study | None:
        """The current study."""
        return self.listed.listed.study if self.listed.listed else None

    @property
    def view(self) -> StudyView | None:
        """What was read of the current study, or None while it is read."""
        study, view = self.study, self._view
        return view if study and view and view.study.id == study.id else None

    # Reading

    def show_content(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        connection = snapshot.view.connection
        shown = connection.id if connection else None
        changed = shown != self._connection
        self._connection = shown
        if shown is None:
            self.listed.show(None)
            self._view, self._counts = None, {}
            self.draw()
            return
        self._stale |= snapshot.fresh
        rested = time.monotonic() >= self._free_at
        if changed or (rested and (self._stale or self._progress_due())):
            self.read(reset=changed)
        else:
            self.draw()

    def _progress_due(self) -> bool:
        """Whether a batch is being sent and was last read long enough ago."""
        going = self._view is not None and any(
            run.state not in OVER for run in self._view.batches.runs
        )
        return going and time.monotonic() - self._read_at >= PROGRESS

    def read(self, *, reset: bool = False, choose: int | None = None) -> None:
        """Read the studies again. ``choose``: make this study the current one."""
        if self._connection is None:
            return
        if reset:
            self._counts = {}
        try:
            every = studies.studies(self.host.store, self._connection)
        except DatabaseProblem:
            return  # the next snapshot reports it
        self._fill(every, reset=reset)
        if choose is not None:
            self.listed.go_to(choose)
        self.draw()
        self._look()

    def _fill(self, every: Sequence[Study], *, reset: bool = False) -> None:
        """Show these studies with the counts that are known."""
        going = self._view
        sending = going is not None and any(
            run.state == "running" and run.left for run in going.batches.runs
        )
        known = bool(self._counts)
        listed = [
            StudySummary(
                one,
                self._counts.get(one.id, StudyCounts() if known else None),
                sending and going is not None and going.study.id == one.id,
            )
            for one in every
        ]
        empty = not listed and self._connection is not None
        self.query_one("#studies-empty").display = empty
        self.query_one("#studies-columns").display = not empty
        self.listed.fill(listed, reset=reset)
        most = self.size.height // (4 if self.size.width < WIDE else 2)
        self.query_one("#studies-left").styles.height = max(5, min(len(listed) + 2, most))
        if listed and self.focused is None:
            self.listed.focus()

    def _look(self) -> None:
        """Let a thread count, now or after the one that does."""
        if self._busy:
            self._due = True
        elif self._connection is not None:
            self._busy, self._due, self._stale = True, False, False
            self._read_at = time.monotonic()
            key = self.study.id if self.study else None
            self._count(StudyQuestion(self._connection, key, self._member, self.host.sending.has))

    @work(thread=True, group="studies")
    def _count(self, asked: StudyQuestion) -> None:
        store, found, view = self.host.store, None, None
        try:
            found = counts(store, asked.connection_id)
            if asked.study_id is not None:
                counted = found.get(asked.study_id, StudyCounts())
                view = read_view(store, self.host.sending, asked, counted, self._is_own)
        except Problem:
            pass  # the next snapshot reports it, or the study is gone
        finally:
            store.close()
        self.post_message(self.Looked(asked, found, view))

    @on(Looked)
    def _looked(self, message: Looked) -> None:
        message.stop()
        self._busy = False
        now = time.monotonic()
        self._free_at = now + SHARE * (now - self._read_at)
        asked = message.asked
        if asked.connection_id != self._connection:
            self._look()
            return
        if message.found is not None:
            self._counts = message.found or {0: StudyCounts()}
        if message.view is not None:
            self._view = message.view
        self._fill([one.study for one in self.listed.every])
        self.draw()
        if self.view is not None and self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting()
        study = self.study
        if self._due or (study is not None and study.id != asked.study_id):
            self._look()

    def when_read(self, action: Callable[[], None]) -> bool:
        """Whether the current study is read. If it is not, ``action`` is called as soon as it is,
        so that no key is lost and none acts on another study."""
        if self.view is None and self.study is not None:
            self._waiting = action
            self._look()
            return False
        return True

    # What is shown

    def draw(self) -> None:
        """Show the current study."""
        view, snapshot, study = self.view, self._snapshot, self.study
        title = words(plain(study.title, 60)) if study else words()
        self.query_one("#studies-right", Pane).entitle(title)
        main, facts, mail = (
            self.query_one(f"#{name}", LinePane) for name in ("study", "study-facts", "study-mail")
        )
        if view is None or snapshot is None:
            for pane in (main, facts, mail):
                pane.make(lambda _width, _height: ())
            self.show_keys()
            return
        width, height = self.size
        roomy, masking, now = height >= ROOMY, snapshot.masking, time.time()

        def side(room: int) -> list[Content]:
            days = view.per_day(room, now, roomy=roomy)
            gap = [words()] if days and roomy else []
            return [*view.facts(room, roomy=roomy), *gap, *days]

        def middle(room: int, _height: int) -> list[Content]:
            lines = view.main(room, now, roomy=roomy, masking=masking)
            lines += side(room) if width < WIDE else []
            return lines + (view.mail(room, masking, roomy=roomy) if width < MAIL else [])

        main.make(middle)
        facts.make(lambda room, _height: side(room))
        mail.make(lambda room, tall: view.mail(room, masking, min(tall, MAIL_ROWS)))
        self.show_keys()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= MAIL, "-widest")
        self.call_after_refresh(self.draw)

    @on(Table.CursorMoved, "#study-list")
    def _another(self, message: Table.CursorMoved) -> None:
        message.stop()
        self._member = 0
        self.draw()
        if self.view is None:
            self._look()

    @on(Table.RowChosen, "#study-list")
    def _chosen(self, message: Table.RowChosen) -> None:
        message.stop()
        self.query_one("#study").focus()

    def back(self) -> bool:
        """Go from the study back to the list."""
        beside = not self.listed.has_focus
        if beside:
            self.listed.focus()
        return beside

    def jump(self, to: Jump) -> None:
        self.read(choose=int(to.key))
        self.listed.focus()

    def action_member(self) -> None:
        """Show the mail as another member would get it."""
        self._member += 1
        self._look()
