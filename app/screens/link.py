"""The app's tie to Stripe: access on trial, then an engine that syncs.

Whatever takes network or disk happens in a thread and ends in one message to the app. Keys and
codes are kept in attributes until they are used; they are never arguments of a thread, whose
description could be printed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app.credentials.problem import CredentialProblem
from app.widgets import crash

if TYPE_CHECKING:
    from app.credentials.store import Place
    from app.panel.overview import ConnectionView
    from app.screens.frame import Host
    from app.screens.sync import Load
    from app.sync.access import Access
    from app.sync.connect import KeyReport
    from app.sync.engine import Engine
    from app.sync.service import Admitted, Service

Step = Callable[["Service"], Message]


class Link:
    """At most one thing on trial and one engine."""

    class Checked(Message):
        """The access works. For a live account nothing is connected yet."""

        def __init__(self, report: KeyReport, connected: bool) -> None:
            super().__init__()
            self.report = report
            self.connected = connected

    class Refused(Message):
        """It did not come to a connection; ``text`` is for a person."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Homeless(Message):
        """Access cannot be kept or read where it should be; a person has to choose or unlock.
        What was being done waits for :meth:`Link.choose` or :meth:`Link.unlock`."""

        def __init__(self, problem: CredentialProblem) -> None:
            super().__init__()
            self.problem = problem

    class Joined(Message):
        """An engine syncs, or ``text`` says why none does. ``resumed``: nobody asked for it."""

        def __init__(self, text: str = "", resumed: bool = False) -> None:
            super().__init__()
            self.text = text
            self.resumed = resumed

    class Done(Message):
        """Something is done that has no consequence but these sentences."""

        def __init__(self, said: list[str]) -> None:
            super().__init__()
            self.said = said

    def __init__(self, host: Host, load: Load, on_change: Callable[[Any], None]) -> None:
        self.engine: Engine | None = None
        self.busy = False
        self.report: KeyReport | None = None
        self._host = host
        self._load = load
        self._on_change = on_change
        self._key = ""
        self._keep = True
        self._admitted: Admitted | None = None
        self._service: Service | None = None
        self._waiting: Step | None = None  # for a place to keep access in
        self._ended = False

    @property
    def running(self) -> bool:
        """An engine of this process syncs."""
        return self.engine is not None and self.engine.running

    @property
    def service(self) -> Service:
        """The sync; importing it takes a moment, so not on the app's loop."""
        if self._service is None:
            host = self._host
            self._service = self._load(host.store, host.settings, host.credentials)
        return self._service

    def try_key(self, key: str, *, keep: bool = True) -> bool:
        """Check a key and connect with it. False: something is on trial already."""
        if self.busy:
            return False
        self._key, self._keep, self.report = key, keep, None
        return self.work(self._check_key)

    def confirm(self) -> None:
        """Connect the live account that was checked."""
        if self._admitted is not None:
            self.work(self._join)

    def forget(self) -> None:
        """Drop the access that was checked and not confirmed."""
        admitted, self._admitted = self._admitted, None
        if admitted is not None and self._keep:

            def refuse(service: Service) -> Message:
                service.refuse(admitted)
                return Link.Done([])

            self.work(refuse)

    def resume(self) -> None:
        """Go on with the account that is connected, if its access is kept."""
        self.work(self._resume)

    def leave(self, connection: ConnectionView) -> bool:
        """Disconnect. False: something else is under way."""

        def leave(service: Service) -> Message:
            self._stop()
            return Link.Done(service.leave(connection))

        return self.work(leave)

    def choose(self, place: Place, passphrase: str | None) -> None:
        """Keep access there, and go on with what waited for a place."""
        waiting, self._waiting = self._waiting, None

        def choose(service: Service) -> Message:
            service.credentials.choose(place, passphrase)
            if waiting is not None:
                return waiting(service)
            return Link.Done([f"Access is kept in: {service.credentials.described()}."])

        self.work(choose)

    def unlock(self, passphrase: str) -> None:
        """Open the encrypted file, and go on with what waited for it."""
        waiting, self._waiting = self._waiting, None

        def unlock(service: Service) -> Message:
            service.credentials.unlock(passphrase)
            return waiting(service) if waiting is not None else Link.Done([])

        self.work(unlock)

    def give_up(self) -> None:
        """No place was chosen: what waited for one is not done."""
        self._waiting, self._key = None, ""

    def end(self) -> bool:
        """Stop syncing, within a second, and for good. False: it did not stop in time."""
        self._ended = True
        return self._stop()

    def _stop(self) -> bool:
        engine, self.engine = self.engine, None
        return engine is None or engine.stop()

    def work(self, step: Step) -> bool:
        """Do a step in a thread and post its message. False: another one is under way."""
        if self.busy:
            return False
        self.busy = True

        def run() -> None:
            message = self._message_of(step)
            self.busy = False
            self._host.post(message)

        # A worker of Textual's would hold up quitting until Stripe answers or times out.
        threading.Thread(target=run, name="stripe", daemon=True).start()
        return True

    def _message_of(self, step: Step) -> Message:
        try:
            service = self.service
            from app.sync.service import PROBLEMS
        except ImportError as error:
            return Link.Refused(f"Panelist is not installed whole: {error}.")
        try:
            return step(service)
        except CredentialProblem as problem:
            if problem.kind in ("damaged", "unwritable", "wrong passphrase"):
                return Link.Refused(str(problem))
            self._waiting = step
            return Link.Homeless(problem)
        except PROBLEMS as problem:
            self._key = ""
            return Link.Refused(str(problem))
        except Exception as error:  # a fault here must not take the app with it
            self._key = ""
            said = crash.record(error, self._host.settings.home)
            kind = type(error).__name__
            return Link.Refused(f"That failed because of a fault in Panelist ({kind}). {said}")

    def _check_key(self, service: Service) -> Message:
        if self._keep:
            service.credentials.ensure()
        admitted = service.by_key(self._key, keep=self._keep)
        self._key = ""
        return self.came(service, admitted)

    def came(self, service: Service, admitted: Admitted) -> Message:
        """Access works: connect, or ask a person first when the account is live and new."""
        self.report, self._admitted = admitted.report, admitted
        if admitted.report.livemode and not self._known(admitted.report.account):
            return Link.Checked(admitted.report, connected=False)
        self._host.post(Link.Checked(admitted.report, connected=True))
        return self._join(service)

    def _known(self, account: str) -> bool:
        """This live account was confirmed before and is connected."""
        return bool(
            self._host.store.rows(
                "SELECT 1 FROM connection WHERE account = ? AND livemode"
                " AND status <> 'disconnected'",
                (account,),
            )
        )

    def _join(self, service: Service) -> Message:
        admitted, self._admitted = self._admitted, None
        if admitted is None:
            return Link.Done([])
        return self._start(service, service.connect(admitted), admitted.access)

    def _resume(self, service: Service) -> Message:
        found = service.resume()
        if found is None:
            return Link.Done([])
        return self._start(service, *found, resumed=True)

    def _start(
        self, service: Service, connection: int, access: Access, *, resumed: bool = False
    ) -> Message:
        from app.db.lease import Busy

        self._stop()
        engine = service.engine(access, connection, self._on_change)
        if self._ended:
            return Link.Refused("Panelist was quit.")
        try:
            engine.start()
        except Busy as problem:
            return Link.Joined(str(problem), resumed)
        self.engine = engine
        if self._ended:  # quit while it started
            self.end()
        return Link.Joined(resumed=resumed)
