"""The keys of the Studies mode that plan, send, pause, withdraw and remind."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from textual import work
from textual.worker import get_current_worker

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.plan.drift_words import MINUS, PLUS
from app.invites.sending import reminder_list, runs
from app.invites.sending.channels.registry import channel_of
from app.invites.sending.reminder_list import (
    ReminderChanged,
    ReminderDrift,
    ReminderList,
    named_changes,
)
from app.invites.sending.runs import OVER, RunView
from app.invites.studies import Study, get
from app.screens.base import PanelistScreen
from app.screens.studies.board.batch_rows import queued_words
from app.screens.studies.board.study_rows import StudyView
from app.screens.studies.ticket_rows import who
from app.services.snapshot import Snapshot
from app.settings import SettingsError
from app.text import plain
from app.widgets.content import Content, words
from app.widgets.dialog import QuestionDialog

NO_ACCOUNT = "No Stripe account is connected. Press 1 to connect one."
NAMES = 8  # of people who were added to a reminder, or fell out
NOT_ACTIVE = "Only an active study sends. Press a to activate it."


class SendingActions(PanelistScreen):
    """The part of :class:`app.screens.studies.screen.StudiesScreen` that sends invites."""

    _connection: int | None
    _snapshot: Snapshot | None

    @property
    @abstractmethod
    def study(self) -> Study | None:
        """The current study."""

    @property
    @abstractmethod
    def view(self) -> StudyView | None:
        """What was read of the current study, or None while it is read."""

    @abstractmethod
    def when_read(self, action: Callable[[], None]) -> bool:
        """Whether the current study is read. If it is not, ``action`` is called as soon as it
        is."""

    @abstractmethod
    def _chosen_study(self) -> Study | None:
        """The current study. If there is none, say so and return None."""

    @abstractmethod
    def _do(self, what: Callable[[Store, str], object], said: str) -> Any:
        """Write to the database in a thread. Then tell what ``what`` returns, or else ``said``."""

    def action_preview(self) -> None:
        """Show the plan: each member with a result."""
        from app.screens.studies.plan_screen import PlanScreen

        study, connection, snapshot = self._chosen_study(), self._connection, self._snapshot
        if study is None or connection is None or snapshot is None:
            return
        if not study.segments:
            self.host.tell("This study has no segments yet. Press s to choose some.")
            return
        if not self.when_read(self.action_preview) or self.view is None:
            return
        form = PlanScreen(
            self.host.store, connection, study, self.view.names, masking=snapshot.masking
        )
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
        """The batch that a key acts on. If there is none, say so and return None."""
        run = self._run_to_act_on()
        if run is None:
            self.host.tell("Nothing is queued in this study.")
        return run

    def _run_to_act_on(self) -> RunView | None:
        """The batch that a key acts on: one's own, before those of others."""
        known = self.view.batches.runs if self.view else ()
        found = [one for one in known if one.state not in OVER]
        own = (one for one in found if self._is_own(one))
        return next(own, found[0] if found else None)

    def _is_own(self, run: RunView) -> bool:
        return run.is_of(self.host.sending.user, self.host.store.login)

    def _about_other(self, run: RunView) -> str:
        """Whose batch it is, for a question about another person's. "" for one's own."""
        if self._is_own(run):
            return ""
        return f"{run.person} queued these invites, not you. "

    def action_pause(self) -> None:
        """Pause or resume the batch. If someone else started it, ask first."""
        if not self.when_read(self.action_pause):
            return
        run, connection = self._open_run(), self._connection
        if run is None or connection is None:
            return
        if run.state == "running" and self.host.sending.has(run.id):
            self._do(lambda store, by: runs.pause(store, run.id, by), "Paused. Press P to resume.")
            return
        try:
            refused = self.host.sending.refusal(run)
            can = self.host.sending.can_take_over(run)
        except SettingsError as problem:
            self.host.tell(str(problem), problem=True)
            return
        if refused is not None and not can:
            self.host.tell(refused, problem=True)
            return

        def go_on(store: Store, by: str) -> None:
            self.host.sending.guard(connection).check()
            if refused is not None:
                self.host.sending.take_over(run)
            runs.resume(store, run.id, by)
            self.host.sending.send(run.id)

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(go_on, f"Sending again: {run.words}.")

        others = self._about_other(run)
        if refused is not None:
            line = f"{refused} Take it over, and send the {run.left:,} that are left from here?"
            self.app.push_screen(QuestionDialog([words(line)], "Take it over"), answered)
        elif others:
            line = f"{others}Send the {run.left:,} that are left?"
            self.app.push_screen(QuestionDialog([words(line)], "Send"), answered)
        else:
            answered(True)

    def action_undo(self) -> None:
        """Withdraw queued invites after a question."""
        if not self.when_read(self.action_undo):
            return
        run = self._open_run()
        if run is None:
            return
        line = (
            f"{self._about_other(run)}Withdraw the {run.left:,} that are still queued?"
            f" {run.invited:,} were sent already."
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(lambda store, by: runs.stop(store, run.id, by), "Withdrawn.")

        self.app.push_screen(QuestionDialog([words(line)], "Withdraw"), answered)

    def action_remind(self) -> None:
        """Remind those who have not responded, once and after a question."""
        study = self._chosen_study()
        if study is not None:
            if study.state == "active":
                self._find_reminder(study.id, None)
            else:
                self.host.tell(NOT_ACTIVE)

    @work(thread=True, exclusive=True, group="reminder")
    def _find_reminder(self, study_id: int, changed: ReminderDrift | None) -> None:
        """Read who would be reminded, which may be many, and ask. ``changed``: what changed since a
        person confirmed it."""
        store, worker = self.host.store, get_current_worker()
        try:
            delivery = self.host.sending.delivery()
            shown = reminder_list.current(store, get(store, study_id), delivery)
            lines = self._reminder_changes(changed) if changed else []
        except (StudyProblem, DatabaseProblem, SettingsError) as problem:
            self.app.call_from_thread(self.host.tell, str(problem), problem=True)
            return
        finally:
            store.close()
        if not worker.is_cancelled:
            self.app.call_from_thread(self._ask_to_remind, shown, delivery, lines)

    def _ask_to_remind(
        self, shown: ReminderList, delivery: Delivery, lines: Sequence[Content]
    ) -> None:
        """Ask whether to remind. ``lines``: what changed since a person confirmed it."""
        connection = self._connection
        if not self.is_current or connection is None:
            return
        if not shown.invites:
            self.host.tell("No one needs a reminder. Everyone has replied, or was reminded.")
            return

        channel = channel_of(delivery.channel)

        def go(store: Store, by: str) -> str:
            self.host.sending.guard(connection).check()
            found = reminder_list.approve(store, shown, delivery, by)
            if isinstance(found, ReminderDrift):
                self.app.call_from_thread(self._find_reminder, shown.study_id, found)
                raise ReminderChanged("The reminder has changed. Nothing was queued yet.")
            self.host.sending.send(found.batch.run)
            return queued_words(found.batch.number, channel) + self._dropped(store, found.drift)

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(go, "")

        number = f"{len(shown.invites):,}"
        line = (
            f"Send one reminder to {number} participants who have not replied, by {channel.words}?"
        )
        self.app.push_screen(QuestionDialog([*lines, words(line)], "Remind"), answered)

    def _reminder_changes(self, drift: ReminderDrift) -> list[Content]:
        """What changed in a reminder since a person confirmed it."""
        lines = [words(("Since you were asked:", "bold $warn"))]
        lines += [words(f"   {plain(term, 200)}") for term in drift.terms]
        for some, sign, style in ((drift.added, PLUS, "$completed"), (drift.dropped, MINUS, "")):
            for one in named_changes(self.host.store, some[:NAMES], sign):
                lines.append(words((f"   {sign} {who(one, self._masking)}", style)))
            if len(some) > NAMES:
                lines.append(words(f"   {sign} … and {len(some) - NAMES:,} more"))
        return lines

    def _dropped(self, store: Store, drift: ReminderDrift) -> str:
        """Who fell out of a reminder, and why. "" if no one did."""
        if not drift.dropped:
            return ""
        some = named_changes(store, drift.dropped[:NAMES], MINUS)
        more = len(drift.dropped) - len(some)
        said = [f"{who(one, self._masking)} ({one.why})" for one in some]
        return f" No longer invited: {', '.join([*said, f'{more:,} more'] if more else said)}."

    @property
    def _masking(self) -> bool:
        return self._snapshot is None or self._snapshot.masking

    def action_trust(self) -> None:
        """Show why a database that may be a copy does not send, and take the answer."""
        from app.screens.studies.trust_dialog import TrustDialog

        if self._connection is None:
            self.host.tell(NO_ACCOUNT)
            return

        def answered(said: str | None) -> None:
            if said is not None:
                self._told(said)

        form = TrustDialog(self.host.store, self._connection, masking=self._masking)
        self.app.push_screen(form, answered)

    def action_sign_in(self) -> None:
        """Sign in to the mail server. Then a batch that a problem paused goes on."""
        from app.invites.mail.sign_in import NoSignIn
        from app.screens.studies.sign_in_dialog import SignInDialog

        def signed_in(said: str | None) -> None:
            if said is not None:
                self._resume_stopped(said)

        try:
            dialog = SignInDialog(self.host.settings, self.host.credentials)
        except (NoSignIn, SettingsError) as problem:
            self.host.tell(str(problem), problem=True)
            return
        self.app.push_screen(dialog, signed_in)

    def _resume_stopped(self, said: str) -> None:
        """Resume your own batches that a problem paused. ``said``: what to tell."""
        connection = self._connection

        def resume(store: Store, by: str) -> str:
            for run in runs.open_runs(store, connection):
                stopped = run.state == "paused" and run.trouble and self._is_own(run)
                if stopped and self.host.sending.refusal(run) is None:
                    self.host.sending.guard(run.connection_id).check()
                    runs.resume(store, run.id, by)
                    self.host.sending.send(run.id)
            return said

        self._do(resume, said)

    @abstractmethod
    def _told(self, said: str, problem: bool = False) -> None:
        """Tell what was done, and read the studies again."""

    def action_test(self) -> None:
        """Send a test email to yourself."""
        study = self._chosen_study()
        if study is not None:
            from app.screens.studies.trial_mail_dialog import TrialMailDialog

            self.app.push_screen(TrialMailDialog(self.host.settings, self.host.credentials, study))
