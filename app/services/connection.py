"""The app's tie to Stripe: access on trial, then an engine that syncs.

Whatever takes network or disk is a step: it runs in a thread, alone, and ends in one message to
the app. Keys, codes and passphrases live in the closures of steps until they are used; they are
never arguments of a thread, whose description could be printed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app import crash
from app.credentials.errors import CredentialProblem
from app.services.messages import (
    AccessChecked,
    ConnectionRefused,
    StepDone,
    SyncStarted,
    TokenStoreNeeded,
)

if TYPE_CHECKING:
    from app.credentials.store import Credentials, TokenStore
    from app.panel.overview import ConnectionView
    from app.services.context import Context
    from app.services.sync_loader import Load
    from app.sync.auth.connect import KeyReport
    from app.sync.engine import Engine
    from app.sync.service import Admitted, SyncService
    from app.sync.stripe.access import Access

Step = Callable[["SyncService"], Message]

TIDY = 0.5  # seconds that quitting waits for access to be deleted that nobody said yes to


class StripeConnection:
    """One step at a time, and at most one engine."""

    def __init__(self, context: Context, load: Load, on_change: Callable[[Any], None]) -> None:
        self.engine: Engine | None = None
        self.report: KeyReport | None = None
        self._context = context
        self._load = load
        self._on_change = on_change
        self._turn = threading.Lock()
        self._asked: list[tuple[Admitted, bool]] = []  # live ones without a yes; whether kept
        self._service: SyncService | None = None
        self._waiting: Step | None = None  # for a place to keep access in
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
        """A step is under way."""
        return self._turn.locked()

    @property
    def service(self) -> SyncService:
        """The sync; importing it takes a moment, so not on the app's loop."""
        if self._service is None:
            context = self._context
            self._service = self._load(context.store, context.settings, context.credentials)
        return self._service

    def attend(self) -> None:
        """Somebody looks at the screen."""
        if self.engine is not None:
            self.engine.attend()

    # Steps

    def work(self, step: Step, *, patient: bool = False) -> bool:
        """Do a step in a thread. False: another one is under way; ``patient`` waits for it."""
        if not patient and not self._turn.acquire(blocking=False):
            return False
        # A worker of Textual's would hold up quitting until Stripe answers or times out.
        run = self.perform if patient else self._perform
        threading.Thread(target=lambda: run(step), name="stripe", daemon=True).start()
        return True

    def perform(self, step: Step) -> None:
        """Do a step in this thread, as soon as no other is under way."""
        self._turn.acquire()
        self._perform(step)

    def _perform(self, step: Step) -> None:
        try:
            message = self._message_of(step)
        finally:
            self._turn.release()
        self._context.post(message)

    def _message_of(self, step: Step) -> Message:
        try:
            service = self.service
            from app.sync.service import PROBLEMS
        except ImportError as error:
            return ConnectionRefused(f"Panelist is not installed whole: {error}.", fault=True)
        try:
            return step(service)
        except CredentialProblem as problem:
            return self._homeless(service.credentials, problem, step)
        except PROBLEMS as problem:
            return ConnectionRefused(str(problem), getattr(problem, "field", ""))
        except Exception as error:  # a fault here must not take the app with it
            said = crash.record(error, self._context.settings.home)
            kind = type(error).__name__
            said = f"That failed because of a fault in Panelist ({kind}). {said}"
            return ConnectionRefused(said, fault=True)

    # Coming in

    def try_key(self, key: str, *, keep: bool = True) -> bool:
        """Check a key and connect with it. False: something else is under way."""

        def try_key(service: SyncService) -> Message:
            self.report = None
            if keep:
                service.credentials.ensure()
            return self.came(service, service.by_key(key, keep=keep), keep=keep)

        return self.work(try_key)

    def came(self, service: SyncService, admitted: Admitted, *, keep: bool = True) -> Message:
        """Access works: connect, or ask a person first when the account is live and new."""
        report = self.report = admitted.report
        if report.livemode and not self._known(report.account):
            self._asked.append((admitted, keep))
            return AccessChecked(report, connected=False)
        self._context.post(AccessChecked(report, connected=True))
        return self._start(service, service.connect(admitted), admitted.access)

    def confirm(self, report: KeyReport) -> None:
        """A person said yes to this live account."""
        admitted, _ = self._answered(report)
        self.work(
            lambda service: self._start(service, service.connect(admitted), admitted.access),
            patient=True,
        )

    def forget(self, report: KeyReport) -> None:
        """A person said no to this live account."""
        admitted, kept = self._answered(report)

        def forget(service: SyncService) -> Message:
            if kept:
                service.refuse(admitted)
            return StepDone([])

        self.work(forget, patient=True)

    def resume(self) -> None:
        """Go on with the account that is connected, if its access is kept."""
        self.work(self._resume, patient=True)

    def reopen(self) -> None:
        """As :meth:`resume`, and ask for the passphrase even when no account needs it."""

        def reopen(service: SyncService) -> Message:
            service.credentials.names()
            return self._resume(service)

        self.work(reopen, patient=True)

    def leave(self, connection: ConnectionView) -> bool:
        """Disconnect. False: something else is under way."""

        def leave(service: SyncService) -> Message:
            self._stop()
            self.report = None
            return StepDone(service.disconnect(connection), left=True)

        return self.work(leave)

    def _answered(self, report: KeyReport) -> tuple[Admitted, bool]:
        found = next(one for one in self._asked if one[0].report is report)
        self._asked.remove(found)
        return found

    def _known(self, account: str) -> bool:
        """This live account was confirmed before and is connected."""
        return bool(
            self._context.store.rows(
                "SELECT 1 FROM connection WHERE account = ? AND livemode"
                " AND status <> 'disconnected'",
                (account,),
            )
        )

    # Where access is kept

    def choose(self, place: TokenStore, passphrase: str | None, *, anew: bool = False) -> None:
        """Keep access there, and go on with what waited for a place. ``anew``: what cannot be
        read is set aside."""
        self._open(lambda kept: kept.choose(place, passphrase, set_aside=anew))

    def unlock(self, passphrase: str) -> None:
        """Open the encrypted file, and go on with what waited for it."""
        self._open(lambda kept: kept.unlock(passphrase))

    def give_up(self) -> None:
        """No place was chosen: what waited for one is not done."""
        self._waiting = None

    def _open(self, use: Callable[[Credentials], None]) -> None:
        waiting, self._waiting = self._waiting, None

        def go_on(service: SyncService) -> Message:
            try:
                use(service.credentials)
            except CredentialProblem as problem:
                return self._homeless(service.credentials, problem, waiting)
            if waiting is not None:
                return self._message_of(waiting)
            return StepDone([f"Access is kept in: {service.credentials.described()}."])

        self.work(go_on, patient=True)

    def _homeless(
        self, kept: Credentials, problem: CredentialProblem, waiting: Step | None
    ) -> Message:
        if problem.kind in ("damaged", "unwritable"):  # another place or passphrase helps nothing
            return ConnectionRefused(str(problem))
        self._waiting = waiting
        return TokenStoreNeeded(problem, _unreadable(kept, self._context.settings.token_store))

    # The engine

    def end(self) -> bool:
        """Stop syncing, within a second, and for good. False: it did not stop in time."""
        self._ended = True
        if self._asked:
            tidy = threading.Thread(target=self._refuse_asked, name="stripe", daemon=True)
            tidy.start()
            tidy.join(TIDY)
        return self._stop()

    def _refuse_asked(self) -> None:
        with self._turn, suppress(CredentialProblem):
            for admitted, kept in self._asked:
                if kept:
                    self.service.refuse(admitted)

    def _stop(self) -> bool:
        engine, self.engine = self.engine, None
        return engine is None or engine.stop()

    def _resume(self, service: SyncService) -> Message:
        found = service.resume()
        return StepDone([]) if found is None else self._start(service, *found, resumed=True)

    def _start(
        self, service: SyncService, connection: int, access: Access, *, resumed: bool = False
    ) -> Message:
        self._stop()
        engine = service.engine(access, connection, self._on_change)
        if self._ended:
            return ConnectionRefused("Panelist was quit.")
        engine.start()
        self.engine = engine
        if self._ended:  # quit while it started
            self._stop()
        return SyncStarted(resumed=resumed)


def _unreadable(kept: Credentials, wanted: str | None) -> bool:
    """Something is kept, and cannot be read now. ``wanted``: the place in the settings; where it
    is another than the pinned one, that is all that is wrong."""
    try:
        if kept.token_store is None or (wanted and wanted != kept.token_store.value):
            return False
        kept.names()
    except CredentialProblem:
        return True
    return False
