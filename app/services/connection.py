"""The app's connection to Stripe: it tries a key or an approval, then runs an engine that syncs.

Everything that needs network or disk is a step. Steps run one at a time in a thread, and each
ends in one message to the app. Keys, codes and passphrases live only in the closures of steps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app.credentials.errors import CredentialProblem
from app.services.messages import (
    AccessChecked,
    ConnectionRefused,
    StepDone,
    SyncStarted,
    TokenStoreNeeded,
)
from app.services.step_queue import StepQueue

if TYPE_CHECKING:
    from app.credentials.store import Credentials, TokenStore
    from app.panel.overview import ConnectionView
    from app.services.context import Context
    from app.services.sync_loader import Load
    from app.sync.auth.key_check import KeyReport
    from app.sync.engine import Engine
    from app.sync.service import Admitted, SyncService
    from app.sync.stripe.access import Access

Step = Callable[["SyncService"], Message]

REFUSAL = 0.5  # seconds that quitting waits for the deletion of access that was not confirmed


class StripeConnection:
    """Runs one step at a time, and at most one engine."""

    def __init__(self, context: Context, load: Load, on_change: Callable[[Any], None]) -> None:
        self.engine: Engine | None = None
        self.report: KeyReport | None = None
        self._context = context
        self._load = load
        self._on_change = on_change
        self._queue = StepQueue(context.post)
        self._unconfirmed: list[tuple[Admitted, bool]] = []  # live accounts; whether kept
        self._service: SyncService | None = None
        self.decisions = 0  # of a person: to try a key, to disconnect
        self._waiting: Step | None = None  # until a credential storage is chosen or unlocked
        self._ended = False

    @property
    def running(self) -> bool:
        """An engine of this process syncs, or waits until it may."""
        return self.engine is not None and self.engine.running

    @property
    def syncing(self) -> bool:
        """An engine of this process syncs."""
        engine = self.engine
        return engine is not None and engine.running and not engine.activity.looking_on

    @property
    def busy(self) -> bool:
        """A step waits or is under way."""
        return self._queue.busy

    @property
    def service(self) -> SyncService:
        """The sync. The first use imports it, which is too slow for the app's loop."""
        if self._service is None:
            context = self._context
            self._service = self._load(context.store, context.settings, context.credentials)
        return self._service

    def attend(self) -> None:
        """Tell the engine that a person is using the app, so that it polls more often."""
        if self.engine is not None:
            self.engine.attend()

    # Steps

    def work(self, step: Step, *, patient: bool = False) -> bool:
        """Do a step in a thread. A ``patient`` step waits for the steps before it. Any other
        step is dropped while one is under way, and this returns False."""
        return self._queue.put(lambda: self._message_of(step), patient=patient)

    def perform(self, step: Step) -> None:
        """Do a step after those that wait, and return when it is done."""
        done = threading.Event()

        def perform() -> Message:
            try:
                return self._message_of(step)
            finally:
                done.set()

        self._queue.put(perform)
        done.wait()

    def _message_of(self, step: Step) -> Message:
        try:
            return self._result(step)
        except Exception as error:  # a fault here must not take the app with it
            return ConnectionRefused(self._context.fault_words(error), fault=True)

    def _result(self, step: Step) -> Message:
        try:
            service = self.service
            from app.sync.service import PROBLEMS
        except ImportError as error:
            return ConnectionRefused(f"Panelist is not completely installed: {error}.", fault=True)
        try:
            return step(service)
        except CredentialProblem as problem:
            return self._storage_needed(service.credentials, problem, step)
        except PROBLEMS as problem:
            return ConnectionRefused(str(problem), getattr(problem, "field", ""))

    # Connecting

    def try_key(
        self, key: str, *, keep: bool = True, first: Callable[[], None] | None = None
    ) -> bool:
        """Check a key and connect with it. ``first`` is done before. Returns False when a step is
        under way."""

        def try_key(service: SyncService) -> Message:
            self.decisions += 1
            if first is not None:
                first()
            if keep:
                service.credentials.ensure()
            return self.by_key(service, key, keep=keep)

        return self.work(try_key)

    def by_key(self, service: SyncService, key: str, *, keep: bool) -> Message:
        """Check a key and connect with it, as a step."""
        self.report = None
        return self.connect(service, service.by_key(key, keep=keep), keep=keep)

    def connect(self, service: SyncService, admitted: Admitted, *, keep: bool = True) -> Message:
        """Connect with access that works. A live account that is new needs a person's yes first."""
        report = self.report = admitted.report
        if report.livemode and not self._confirmed_before(report.account):
            self._unconfirmed.append((admitted, keep))
            return AccessChecked(report, connected=False)
        self._context.post(AccessChecked(report, connected=True))
        return self._start(service, service.connect(admitted), admitted.access)

    def confirm(self, report: KeyReport) -> None:
        """Connect this live account: a person said yes."""
        admitted, _ = self._take_unconfirmed(report)
        self.work(
            lambda service: self._start(service, service.connect(admitted), admitted.access),
            patient=True,
        )

    def forget(self, report: KeyReport) -> None:
        """Delete the access to this live account: a person said no."""
        admitted, kept = self._take_unconfirmed(report)

        def forget(service: SyncService) -> Message:
            if kept:
                service.refuse(admitted)
            return StepDone([])

        self.work(forget, patient=True)

    def reopen(self) -> None:
        """As :meth:`resume`, but ask for the passphrase even when no account needs it."""

        def reopen(service: SyncService) -> Message:
            service.credentials.names()
            return self.resume(service)

        self.work(reopen, patient=True)

    def disconnect(self, connection: ConnectionView) -> bool:
        """Disconnect. Returns False when a step is under way."""

        def disconnect(service: SyncService) -> Message:
            self._stop()
            self.report = None
            self.decisions += 1
            return StepDone(service.disconnect(connection), left=True)

        return self.work(disconnect)

    def _take_unconfirmed(self, report: KeyReport) -> tuple[Admitted, bool]:
        found = next(one for one in self._unconfirmed if one[0].report is report)
        self._unconfirmed.remove(found)
        return found

    def _confirmed_before(self, account: str) -> bool:
        """Whether this live account was confirmed before and is still connected."""
        return bool(
            self._context.store.rows(
                "SELECT 1 FROM connection WHERE account = ? AND livemode"
                " AND status <> 'disconnected'",
                (account,),
            )
        )

    # Credential storage

    def choose(self, place: TokenStore, passphrase: str | None, *, anew: bool = False) -> None:
        """Keep access in this storage, and do the step that waited for one. ``anew`` sets aside
        what cannot be read."""
        self._open(lambda kept: kept.choose(place, passphrase, set_aside=anew))

    def unlock(self, passphrase: str) -> None:
        """Open the encrypted file, and do the step that waited for it."""
        self._open(lambda kept: kept.unlock(passphrase))

    def give_up(self) -> None:
        """Drop the step that waits: a person chose no storage."""
        self._waiting = None

    def _open(self, use: Callable[[Credentials], None]) -> None:
        waiting, self._waiting = self._waiting, None

        def go_on(service: SyncService) -> Message:
            try:
                use(service.credentials)
            except CredentialProblem as problem:
                return self._storage_needed(service.credentials, problem, waiting)
            if waiting is not None:
                return self._message_of(waiting)
            return StepDone([f"Credential storage: {service.credentials.described()}."])

        self.work(go_on, patient=True)

    def _storage_needed(
        self, kept: Credentials, problem: CredentialProblem, waiting: Step | None
    ) -> Message:
        if problem.kind in ("damaged", "unwritable"):  # no other storage or passphrase helps
            return ConnectionRefused(str(problem))
        self._waiting = waiting
        return TokenStoreNeeded(problem, _unreadable(kept, self._context.settings.token_store))

    # The engine

    def end(self) -> bool:
        """Stop syncing within a second, for good. Returns False when it did not stop in time."""
        self._ended = True
        if self._unconfirmed:
            refused = threading.Event()

            def refuse() -> None:
                try:
                    self._refuse_unconfirmed()
                finally:
                    refused.set()

            self._queue.put(refuse)
            refused.wait(REFUSAL)
        return self._stop()

    def _refuse_unconfirmed(self) -> None:
        with suppress(CredentialProblem):
            for admitted, kept in self._unconfirmed:
                if kept:
                    self.service.refuse(admitted)

    def _stop(self) -> bool:
        engine, self.engine = self.engine, None
        return engine is None or engine.stop()

    def resume(self, service: SyncService) -> Message:
        """Sync the connected account with its stored access, if there is any, as a step."""
        if self.running:  # a person was quicker
            return StepDone([])
        found = service.resume()
        return StepDone([]) if found is None else self._start(service, *found, resumed=True)

    def _start(
        self, service: SyncService, connection: int, access: Access, *, resumed: bool = False
    ) -> Message:
        self._stop()
        engine = service.engine(access, connection, self._on_change)
        if self._ended:
            return ConnectionRefused("You quit Panelist.")
        engine.start()
        self.engine = engine
        if self._ended:  # quit while it started
            self._stop()
        return SyncStarted(resumed=resumed)


def _unreadable(kept: Credentials, wanted: str | None) -> bool:
    """Whether something is kept that cannot be read now. ``wanted`` is the storage in the
    settings: if it differs from the pinned one, nothing else is wrong."""
    try:
        if kept.token_store is None or (wanted and wanted != kept.token_store.value):
            return False
        kept.names()
    except CredentialProblem:
        return True
    return False
