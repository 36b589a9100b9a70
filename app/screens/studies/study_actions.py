"""The keys of the Studies mode that create, change, open and close studies."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable

from textual import work

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import studies
from app.invites.errors import RestoreSuspected
from app.invites.studies import Study
from app.panel.segments.views import segments
from app.problems import Problem
from app.screens.studies.sending_actions import NO_ACCOUNT, SendingActions
from app.text import clock, plain
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog
from app.widgets.footer import FooterHints


class StudyActions(SendingActions):
    """The part of :class:`app.screens.studies.screen.StudiesScreen` that changes studies."""

    @abstractmethod
    def read(self, *, reset: bool = False, choose: int | None = None) -> None:
        """Read the studies again. ``choose``: make this study the current one."""

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

    # Changing a study

    def _chosen_study(self) -> Study | None:
        study = self.study
        if study is None:
            self.host.tell(
                "No studies yet. Press n to create one." if self._connection else NO_ACCOUNT
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
            self.host.tell(f"The study is {study.state_phrase} and can no longer be changed.")
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
                    "Audience saved.",
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
                [f"Pause “{plain(study.title, 60)}”? This withdraws {ends:,} queued invites."],
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
            self._ask([f"Delete the draft {title}? No one was invited."], "Delete", study)
        elif study.state == "closed":
            self._ask([f"Archive {title}? Archived studies are read-only."], "Archive", study,
                      "archived")  # fmt: skip
        elif study.state in ("active", "paused"):
            ends = self._ends(study, "closed")
            lines = [f"Close {title}? You cannot undo this.",
                     f"{ends:,} open invites expire."]  # fmt: skip
            self._ask(lines, "Close", study, "closed")
        else:
            self.host.tell("This study is already archived.")

    def _ends(self, study: Study, to: str) -> int:
        try:
            return studies.would_end(self.host.store, study.id, to)
        except DatabaseProblem:
            return 0

    def _ask(self, lines: list[str], yes: str, study: Study, to: str | None = None) -> None:
        """After a question, change the study's state to ``to``, or delete the study for None."""

        def answered(said: bool | None) -> None:
            if said and to is None:
                self._do(lambda store, by: studies.delete(store, study.id, by), "Deleted.")
            elif said and to is not None:
                self._move(study, to)

        self.app.push_screen(QuestionDialog([words(line) for line in lines], yes), answered)

    def _move(self, study: Study, to: str) -> None:
        self._do(lambda store, by: studies.move(store, study.id, to, by), f"The study is now {to}.")

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
