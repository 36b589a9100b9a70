"""``panelist send``: works through the queue and says what became of each batch."""

from __future__ import annotations

import argparse

from app import log
from app.commands.shared.batch_sending import AT_ONCE, BatchProgress
from app.commands.shared.console import print_json, say
from app.commands.shared.context import open_context
from app.commands.shared.database_patience import AGAIN, DatabasePatience
from app.commands.shared.exit_codes import DONE
from app.commands.shared.signals import stop_event
from app.credentials.factory import open_credentials
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.housekeeping import Housekeeping
from app.invites.sending import runs
from app.invites.sending.factory import open_sender, refusal
from app.invites.sending.runs import OVER, RunView
from app.invites.sending.send_queue import batch_words, goes_out_here, queue_json
from app.notices.notice_loop import NoticeLoop
from app.settings import Settings
from app.text import plain


def send_queue(options: argparse.Namespace) -> int:
    """Send what is queued, and return the exit code."""
    context = open_context(options.account)
    settings, store, connection = context
    log.start(settings.home)
    account = connection if options.account else None
    shown = QueueProgress(store, settings, account, as_json=options.json, stays=options.follow)
    sender = open_sender(store, settings, open_credentials(settings), shown.on_change, shown.tell)
    try:
        with (
            Housekeeping(store, settings.folders),
            NoticeLoop(store, settings),
            stop_event(AT_ONCE, sender.hurry) as stop,
        ):
            shown.begin()
            while not stop.is_set():
                shown.patience.work(sender, stop, shown.mine)
                if not options.follow:
                    break
                stop.wait(AGAIN)
        code = shown.end(stopped=stop.is_set())
    except DatabaseProblem:
        shown.say_last_known()
        raise
    return DONE if options.follow else code


class QueueProgress:
    """Prints what becomes of each batch that this Panelist sends. ``account``: None for all."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        account: int | None,
        *,
        as_json: bool,
        stays: bool,
    ) -> None:
        self._store, self._settings, self._account = store, settings, account
        self._json = as_json
        self._open: dict[int, BatchProgress] = {}
        self._code = DONE
        self._told = ""
        self.patience = DatabasePatience(store, self.tell, stays=stays)

    def begin(self) -> None:
        """Say what is queued and not sent from here."""
        if self._json:
            batches = queue_json(self._store, self._settings, self._account)
            print_json({"type": "queue", "batches": batches})
            return
        queue = runs.open_runs(self._store, self._account)
        if not queue:
            say("Nothing is queued.")
        for run in queue:
            if not run.channel.by_hand and not goes_out_here(self._settings, run):
                say(f"{batch_words(self._store, run)} is not sent. {self._why(run)}")

    def _why(self, run: RunView) -> str:
        resume = f"panelist invite --resume --run {run.id}"
        if run.state == "paused":
            why = f"It is paused: {plain(run.trouble, 1000)}" if run.trouble else "It is paused."
            return f"{why} To continue: {resume}"
        return f"{refusal(self._settings, run)} To take it over: {resume}"

    def mine(self, run: RunView) -> bool:
        """Whether this Panelist sends the batch. A new one is announced."""
        if self._account not in (None, run.connection_id):
            return False
        if not goes_out_here(self._settings, run):
            return False
        if run.id not in self._open:
            name = f"{batch_words(self._store, run)}: "
            shown = BatchProgress(self._store, run.id, as_json=self._json, name=name)
            self._open[run.id] = shown
            shown.begin(self._settings)
        return True

    def on_change(self, run_id: int) -> None:
        """An invite of a batch was sent or could not be, or the batch has ended."""
        self._told = ""
        self.patience.answered()
        self._open[run_id].on_change()
        if runs.view(self._store, run_id).state in (*OVER, "paused"):
            self._code = max(self._code, self._open.pop(run_id).end(stopped=False))

    def say_last_known(self) -> None:
        """Say how far each batch was before the database went away."""
        for shown in self._open.values():
            shown.say_last_known()

    def tell(self, sentence: str) -> None:
        """Say something once."""
        if sentence != self._told:
            say(sentence)
        self._told = sentence

    def end(self, *, stopped: bool) -> int:
        """Say what is left, and return the exit code."""
        for shown in self._open.values():
            self._code = max(self._code, shown.end(stopped=stopped))
        return self._code
