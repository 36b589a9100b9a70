"""The keys of the Studies mode that plan, send, pause, withdraw and remind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.sending import reminders, runs
from app.invites.sending.channels.registry import channel_of
from app.invites.sending.runs import OVER, RunView
from app.invites.studies import Study
from app.screens.base import PanelistScreen
from app.screens.studies.study_rows import queued_words
from app.services.snapshot import Snapshot
from app.settings import SettingsError
from app.text import plain
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog

NO_ACCOUNT = "No account is connected yet; 1 (Connect) connects one."
NOT_ACTIVE = "Only an active study sends; a activates it."


class SendingActions(PanelistScreen):
    """The part of :class:`app.screens.studies.screen.StudiesScreen` that sends invites."""

    _connection: int | None
    _snapshot: Snapshot | None
    _runs: Sequence[RunView]  # the batches of the current study
    _names: Mapping[str, str]  # the names of segments by their keys

    @property
    @abstractmethod
    def study(self) -> Study | None:
        """The current study."""

    @abstractmethod
    def _chosen_study(self) -> Study | None:
        """The current study. If there is none, say so and return None."""

    @abstractmethod
    def _do(self, what: Callable[[Store, str], object], said: str) -> Any:
        """Write to the database in a thread."""

    def action_plan(self) -> None:
        """Show the plan: each member with a result."""
        from app.screens.studies.plan_screen import PlanScreen

        study, connection, snapshot = self._chosen_study(), self._connection, self._snapshot
        if study is None or connection is None or snapshot is None:
            return
        if not study.segments:
            self.host.tell("It takes people from no segment yet; s chooses some.")
            return
        form = PlanScreen(self.host.store, connection, study, self._names, masking=snapshot.masking)
        self.app.push_screen(form)

    def action_log(self) -> None:
        """Show the invite log of the current study."""
        from app.screens.studies.invite_log_screen import InviteLogScreen

        study, connection, snapshot = self.study, self._connection, self._snapshot
        if connection is None or snapshot is None:
            self.host.tell(NO_ACCOUNT)
            return
        self.app.push_screen(
            InviteLogScreen(self.host.store, connection, study, masking=snapshot.masking)
        )

    def _open_run(self) -> RunView | None:
        """The batch that a key acts on: one's own, before those of others."""
        found = [one for one in self._runs if one.state not in OVER]
        if not found:
            self.host.tell("Nothing of this study is queued.")
            return None
        return next((one for one in found if one.by == self.host.sending.user), found[0])

    def _about_other(self, run: RunView) -> str:
        """Whose batch it is, for a question about another person's. "" for one's own."""
        if run.by == self.host.sending.user:
            return ""
        return f"{plain(run.by, 60)} queued these invites, not you. "

    def action_pause(self) -> None:
        """Pause the batch, or continue it. Another person's only after a question."""
        run, connection = self._open_run(), self._connection
        if run is None or connection is None:
            return
        if run.state == "running" and self.host.sending.has(run.id):
            self._do(lambda store, by: runs.pause(store, run.id, by), "Paused; p goes on.")
            return
        try:
            refused = self.host.sending.refusal(run)
        except SettingsError as problem:
            refused = str(problem)
        if refused is not None:
            self.host.tell(refused, problem=True)
            return

        def go_on(store: Store, by: str) -> None:
            runs.resume(store, run.id, by)
            self.host.sending.send(connection, run.id)

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(go_on, f"Going on: {run.words}.")

        if others := self._about_other(run):
            line = f"{others}Go on with the {run.left:,} that are left?"
            self.app.push_screen(QuestionDialog([words(line)], "Go on"), answered)
        else:
            answered(True)

    def action_stop(self) -> None:
        """Withdraw queued invites after a question."""
        run = self._open_run()
        if run is None:
            return
        line = (
            f"{self._about_other(run)}Withdraw the {run.left:,} that are still queued?"
            f" {run.invited:,} were sent already and stay so."
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(lambda store, by: runs.stop(store, run.id, by), "Withdrawn.")

        self.app.push_screen(QuestionDialog([words(line)], "Withdraw"), answered)

    def action_remind(self) -> None:
        """Remind those who have not responded, once and after a question."""
        study, connection = self._chosen_study(), self._connection
        if study is None or connection is None:
            return
        try:
            number = reminders.waiting(self.host.store, study.id)
            delivery = self.host.sending.delivery()
        except (DatabaseProblem, SettingsError) as problem:
            self.host.tell(str(problem), problem=True)
            return
        if not number or study.state != "active":
            self.host.tell("Nobody waits for a reminder." if not number else NOT_ACTIVE)
            return

        def go(store: Store, by: str) -> None:
            queued = reminders.queue(
                store, study.id, delivery.channel, number, by, server=delivery.server
            )
            self.host.sending.send(connection, queued.run)

        channel = channel_of(delivery.channel)

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(go, queued_words(number, channel))

        line = f"Remind the {number:,} people who have not answered, once, by {channel.words}?"
        self.app.push_screen(QuestionDialog([words(line)], "Remind"), answered)

    def action_rehearse(self) -> None:
        """Send a test email to yourself."""
        study = self._chosen_study()
        if study is not None:
            from app.screens.studies.trial_mail_dialog import TrialMailDialog

            self.app.push_screen(TrialMailDialog(self.host.settings, self.host.credentials, study))
