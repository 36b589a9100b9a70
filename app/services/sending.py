"""Sending as the screens see it: the channel, the user and the threads that do the work."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from app.db.errors import DatabaseProblem
from app.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.db.store import Store
    from app.invites.delivery import Delivery
    from app.invites.restore_guard import RestoreGuard
    from app.invites.sending.background import BackgroundSending
    from app.invites.sending.runs import RunView
    from app.invites.sending.sender import Sender
    from app.services.context import Context

SOON = 2.0  # seconds after the start, so that the first screens come first
EVERY = 60.0


class InviteSending:
    """The sending of one app. The mail code is imported when something is sent."""

    def __init__(self, context: Context, on_change: Callable[[], None]) -> None:
        self._context, self._on_change = context, on_change
        self._dispatch: BackgroundSending | None = None
        self._tidying: threading.Thread | None = None

    @property
    def user(self) -> str:
        """The user's name, for the ledger."""
        from app.invites.operator import by

        return by()

    def channel(self) -> str:
        """The key of the channel that invites leave by. Raises SettingsError."""
        from app.invites.sending.factory import default_channel

        return default_channel(self._context.settings)

    def delivery(self) -> Delivery:
        """How invites leave: by that channel, through which mail server. Raises SettingsError."""
        from app.invites.sending.factory import delivery_by

        return delivery_by(self._context.settings)

    def refusal(self, run: RunView) -> str | None:
        """Why this app cannot send a batch, for a person, or None. Raises SettingsError."""
        from app.invites.sending.factory import refusal

        return refusal(self._context.settings, run)

    def can_take_over(self, run: RunView) -> bool:
        """Whether this app could send a batch that another Panelist was to send. Raises
        SettingsError."""
        from app.invites.sending.factory import can_take_over

        return can_take_over(self._context.settings, run)

    def take_over(self, run: RunView) -> None:
        """Let this app send a batch that another Panelist was to send. Raises SettingsError,
        ChannelNotSetUp and DatabaseProblem."""
        from app.invites.sending.factory import take_over

        take_over(self._context.settings, run, self._context.store, self.user)

    def quiet_hours(self) -> str | None:
        """The quiet hours of the settings. Raises SettingsError."""
        from app.invites.sending.factory import quiet_hours

        return quiet_hours(self._context.settings)

    def queue_lines(self, connection_id: int, now: float) -> list[str]:
        """How far each batch of an account is that is not finished. Raises SettingsError and
        DatabaseProblem."""
        at = self._context
        if not at.store.rows("SELECT 1 FROM run WHERE state IN ('running', 'paused') LIMIT 1"):
            return []  # nothing needs the code that sends
        from app.invites.sending.runs import open_runs
        from app.invites.sending.send_queue import batch_line

        queue = open_runs(at.store, connection_id)
        return [batch_line(at.store, at.settings, run, now) for run in queue]

    def per_minute(self) -> int | None:
        """How many invites leave in a minute at most, by that channel. Raises SettingsError."""
        from app.invites.sending.channels.channel import ChannelSetup
        from app.invites.sending.factory import per_minute

        at = self._context
        return per_minute(ChannelSetup(at.store, at.settings, at.credentials), self.channel())

    def guard(self, connection_id: int) -> RestoreGuard:
        """The guard that keeps an old copy of the database from sending. Any thread may call it."""
        from app.invites.restore_guard import RestoreGuard

        return RestoreGuard(self._context.store, connection_id, self._context.settings.folders)

    def send(self, run: int) -> None:
        """Send a batch as soon as it is due. Any thread may call it."""
        if self._dispatch is None:
            from app.invites.sending.background import BackgroundSending

            self._dispatch = BackgroundSending(self._context.store, self._sender, self._report)
        self._dispatch.send(run)

    def has(self, run: int) -> bool:
        """Whether this app sends this batch."""
        return self._dispatch is not None and self._dispatch.has(run)

    def start_housekeeping(self) -> None:
        """Expire invites and erase participants when their time has come, and look for batches with
        a start time that this app may send, soon and then every minute."""
        self._context.set_timer(SOON, self._start_tidying)
        self._context.set_interval(EVERY, self._start_tidying)

    def _start_tidying(self) -> None:
        if self._tidying is None or not self._tidying.is_alive():
            self._tidying = threading.Thread(target=self._tidy, name="housekeeping", daemon=True)
            self._tidying.start()

    def _tidy(self) -> None:
        from app.invites.housekeeping import tidy

        store = self._context.store
        try:
            if tidy(store, self._context.settings.folders):
                self._on_change()
            self._adopt(store)
        except (DatabaseProblem, SettingsError, OSError):
            pass  # it is tried again soon, and a screen reports it
        finally:
            store.close()

    def _adopt(self, store: Store) -> None:
        """Send the batches that were confirmed for later, when their time has come."""
        from app.invites.sending.runs import open_runs
        from app.invites.sending.send_queue import goes_out_here

        for run in open_runs(store):
            later = run.start_at is not None and not self.has(run.id)
            if later and goes_out_here(self._context.settings, run):
                self._context.call_from_thread(self.send, run.id)

    @property
    def busy(self) -> bool:
        """Whether a batch is being sent or waits until it is due."""
        return self._dispatch is not None and self._dispatch.busy

    def close(self) -> None:
        """Stop within moments. Invites that were not sent stay queued."""
        if self._dispatch is not None:
            self._dispatch.close()

    def _sender(self) -> Sender:
        from app.invites.sending.factory import open_sender

        at = self._context
        changed, tell = (lambda _: self._on_change()), self._report
        return open_sender(at.store, at.settings, at.credentials, changed, tell)

    def _report(self, said: str) -> None:
        with suppress(RuntimeError):  # the app has ended
            self._context.call_from_thread(self._context.tell, said, True)
