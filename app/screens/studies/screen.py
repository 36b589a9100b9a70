"""The Studies mode: all studies, and the audience, template and invites of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import studies
from app.invites.errors import RestoreSuspected
from app.invites.invite_log import invited
from app.invites.mail import template
from app.invites.plan.members import sample_member
from app.invites.sending import runs
from app.invites.sending.runs import OVER, RunView
from app.invites.studies import Study
from app.keys.screens import STUDIES
from app.panel.segments.views import segments
from app.problems import Problem
from app.screens.base import Jump
from app.screens.studies.sending_actions import NO_ACCOUNT, SendingActions
from app.screens.studies.study_rows import first_rows, study_rows, template_rows
from app.screens.studies.study_table import StudySummary, StudyTable
from app.services.snapshot import Snapshot
from app.settings import SettingsError
from app.text import clock, masked, plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog
from app.widgets.footer import FooterHints
from app.widgets.pane import Pane
from app.widgets.row_list import RowList
from app.widgets.table.table import Table

PROGRESS = 1.0  # seconds between two reads while a batch is sent


class StudiesScreen(SendingActions):
    """Studies on the left and the current one on the right, or below if the terminal is narrow."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(STUDIES)
    PAUSE = 0.5
    help_text = (
        "People are invited to a study. Press n to create one, s to choose its segments and a to"
        " activate it. p previews who will be invited, and nothing is sent before you confirm it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._connection: int | None = None
        self._snapshot: Snapshot | None = None
        self._read_at = 0.0
        self._runs: list[RunView] = []
        self._member = 0
        self._names: dict[str, str] = {}

    def compose_content(self) -> ComposeResult:
        with Container(id="studies-columns"):
            with Pane(id="studies-left"):
                yield StudyTable()
            with Pane(id="studies-right"):
                yield RowList("", "The study that is chosen.", "", id="study")

    def on_mount(self) -> None:
        self.query_one("#studies-left", Pane).entitle(words("Studies"))
        self.listed.focus()

    @property
    def listed(self) -> StudyTable:
        """The table of studies."""
        return self.query_one(StudyTable)

    @property
    def study(self) -> Study | None:
        """The current study."""
        return self.listed.listed.study if self.listed.listed else None

    # What is shown

    def show_content(self, snapshot: Snapshot) -> None:
        masked = self._snapshot is not None and self._snapshot.masking != snapshot.masking
        self._snapshot = snapshot
        connection = snapshot.view.connection
        shown = connection.id if connection else None
        changed = shown != self._connection
        self._connection = shown
        if shown is None:
            self.listed.show(None)
            self.query_one("#study", RowList).show([])
        elif changed or masked or snapshot.fresh or self._progress_due():
            self.read(reset=changed)

    def _progress_due(self) -> bool:
        """Whether a batch is being sent and was last read long enough ago."""
        going = any(run.state not in OVER for run in self._runs)
        return going and time.monotonic() - self._read_at >= PROGRESS

    def read(self, *, reset: bool = False, choose: int | None = None) -> None:
        """Read the studies again."""
        if self._connection is None:
            return
        store, self._read_at = self.host.store, time.monotonic()
        try:
            every = studies.studies(store, self._connection)
            listed = [
                StudySummary(one, studies.funnel(store, one.id), invited(store, one.id))
                for one in every
            ]
        except DatabaseProblem:
            return  # the next snapshot reports it
        self.listed.fill(listed, reset=reset)
        if choose is not None:
            self.listed.go_to(choose)
        self.draw()

    def draw(self) -> None:
        """Show the current study."""
        listed, snapshot, connection = self.listed.listed, self._snapshot, self._connection
        right = self.query_one("#studies-right", Pane)
        if listed is None or snapshot is None or connection is None:
            right.entitle(words())
            self.query_one("#study", RowList).show([] if connection is None else first_rows())
            return
        store, study = self.host.store, listed.study
        try:
            self._runs = runs.of_study(store, study.id)
            names = self._names = {one.key: one.name for one in segments(store, connection)}
            found = sample_member(store, connection, study.segments, self._member)
        except DatabaseProblem:
            return
        here = [run.id for run in self._runs if self.host.sending.has(run.id)]
        quiet = None
        with suppress(SettingsError):  # sending reports it
            quiet = self.host.sending.quiet_hours()
        shown = study_rows(
            study,
            listed.funnel,
            listed.invited,
            self._runs,
            names,
            snapshot.now,
            here=here,
            quiet_hours=quiet,
        )
        name, email = found or (None, "")
        called = masked(name) if snapshot.masking and name else name
        made = template.render(study.template, called, "…") if found else None
        right.entitle(words(plain(study.title, 60)))
        letters = template_rows(study.template, made, email, snapshot.masking)
        self.query_one("#study", RowList).show([*shown, *letters])
        self.show_keys()

    @on(Table.CursorMoved, "#study-list")
    def _another(self, message: Table.CursorMoved) -> None:
        message.stop()
        self._member = 0
        self.draw()

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

    def hints(self) -> FooterHints:
        run, study = self._run_to_act_on(), self.study
        names = {}
        if study is not None and study.state == "active":
            names["studies.activate"] = "Pause study"
        if run is None:
            return FooterHints((), names, frozenset({"studies.undo", "studies.pause"}))
        names["studies.pause"] = "Pause" if run.state == "running" else "Resume"
        left = run.go_at - time.time()
        names["studies.undo"] = f"Undo {clock(left)}" if left > 0 else "Withdraw the rest"
        first = ("studies.undo", "studies.pause") if left > 0 else ("studies.pause", "studies.undo")
        return FooterHints(first, names)

    def jump(self, to: Jump) -> None:
        self.read(choose=int(to.key))
        self.listed.focus()

    def action_member(self) -> None:
        """Show the mail as another member would get it."""
        self._member += 1
        self.draw()

    # Changing a study

    def _chosen_study(self) -> Study | None:
        study = self.study
        if study is None:
            self.host.tell(
                "There is no study yet. Press n to create one." if self._connection else NO_ACCOUNT
            )
        return study

    def action_new(self) -> None:
        """Create a study."""
        if self._connection is None:
            self.host.tell(NO_ACCOUNT)
        else:
            self._open_form(self._connection, None)

    def action_edit(self) -> None:
        """Change the current study."""
        study = self._chosen_study()
        if study is None or self._connection is None:
            return
        if study.state not in studies.CHANGEABLE:
            self.host.tell(f"The study is {study.state} and can no longer be changed.")
            return
        self._open_form(self._connection, study)

    def _open_form(self, connection: int, study: Study | None) -> None:
        from app.screens.studies.edit_dialog import StudyEditDialog

        def saved(key: int | None) -> None:
            if key is not None:
                self.read(choose=key)

        masking = self._snapshot is not None and self._snapshot.masking
        form = StudyEditDialog(self.host.store, connection, study, masking=masking)
        self.app.push_screen(form, saved)

    def action_segments(self) -> None:
        """Choose the study's audience."""
        from app.screens.studies.segments_dialog import StudySegmentsDialog

        study, connection = self._chosen_study(), self._connection
        if study is None or connection is None:
            return
        try:
            views = segments(self.host.store, connection)
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            return

        def chosen(answer: tuple[list[str], list[str]] | None) -> None:
            if answer is not None:
                taken, left_out = answer
                self._do(
                    lambda store, by: studies.attach(store, study.id, taken, left_out, by),
                    "Its segments are chosen.",
                )

        self.app.push_screen(StudySegmentsDialog(study, views), chosen)

    def action_activate(self) -> None:
        """Activate the study, or pause it."""
        study = self._chosen_study()
        if study is None:
            return
        to = "paused" if study.state == "active" else "active"
        if to == "paused" and (ends := self._ends(study, to)):
            self._ask(
                [f"Pause “{plain(study.title, 60)}”? {ends:,} invites that are queued are"
                 " withdrawn."],
                "Pause", study, to,
            )  # fmt: skip
        else:
            self._move(study, to)

    def action_close(self) -> None:
        """Close the study, archive a closed one, or delete a draft."""
        study = self._chosen_study()
        if study is None:
            return
        title = f"“{plain(study.title, 60)}”"
        if study.state == "draft":
            self._ask([f"Delete the draft {title}? No one was invited with it."], "Delete", study)
        elif study.state == "closed":
            self._ask([f"Archive {title}? It can only be looked at then."], "Archive", study,
                      "archived")  # fmt: skip
        elif study.state in ("active", "paused"):
            ends = self._ends(study, "closed")
            lines = [f"Close {title}? It can not be opened again.",
                     f"{ends:,} open invites end with it."]  # fmt: skip
            self._ask(lines, "Close", study, "closed")
        else:
            self.host.tell("It is archived already.")

    def _ends(self, study: Study, to: str) -> int:
        try:
            return studies.would_end(self.host.store, study.id, to)
        except DatabaseProblem:
            return 0

    def _ask(self, lines: list[str], yes: str, study: Study, to: str | None = None) -> None:
        """Ask, then move the study to the state ``to``, or delete it if that is None."""

        def answered(said: bool | None) -> None:
            if said and to is None:
                self._do(lambda store, by: studies.delete(store, study.id, by), "Deleted.")
            elif said and to is not None:
                self._move(study, to)

        self.app.push_screen(QuestionDialog([words(line) for line in lines], yes), answered)

    def _move(self, study: Study, to: str) -> None:
        self._do(lambda store, by: studies.move(store, study.id, to, by), f"It is {to} now.")

    # Writing

    @work(thread=True)
    def _do(self, what: Callable[[Store, str], object], said: str) -> None:
        """Write to the database in a thread. Then tell what ``what`` returns, or else ``said``."""
        problem = False
        try:
            returned = what(self.host.store, self.host.sending.user)
            said = returned if isinstance(returned, str) else said
        except RestoreSuspected:
            self.app.call_from_thread(self.action_trust)
            return
        except Problem as trouble:
            said, problem = str(trouble), True
        finally:
            self.host.store.close()
        self.app.call_from_thread(self._told, said, problem)

    def _told(self, said: str, problem: bool = False) -> None:
        self.host.tell(said, problem=problem)
        self.read()
