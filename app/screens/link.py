"""The app's tie to Stripe: a key on trial, then an engine that syncs.

Trying a key and recording a connection take network and disk, so both happen in a thread
and end in one message to the app. The key is kept in an attribute until an engine has it or
it was refused; it is never an argument of the thread, whose description could be printed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.message import Message

from app.widgets import crash

if TYPE_CHECKING:
    from app.screens.frame import Host
    from app.screens.sync import Engine, KeyReport, Sync


class Link:
    """At most one key on trial and one engine."""

    class Checked(Message):
        """The key works. For a live account nothing is connected yet."""

        def __init__(self, report: KeyReport, connected: bool) -> None:
            super().__init__()
            self.report = report
            self.connected = connected

    class Refused(Message):
        """The key, or the connection, was refused; ``text`` is for a person."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Joined(Message):
        """An engine syncs, or ``text`` says why another one does."""

        def __init__(self, text: str = "") -> None:
            super().__init__()
            self.text = text

    def __init__(
        self, host: Host, load: Callable[[], Sync], on_change: Callable[[Any], None]
    ) -> None:
        self.engine: Engine | None = None
        self.busy = False
        self.report: KeyReport | None = None
        self._host = host
        self._load = load
        self._on_change = on_change
        self._key = ""
        self._sync: Sync | None = None
        self._ended = False

    @property
    def running(self) -> bool:
        """An engine of this process syncs."""
        return self.engine is not None and self.engine.running

    def try_key(self, key: str) -> bool:
        """Check a key, in a thread. False: one is being checked already."""
        if self.busy:
            return False
        self.busy, self._key, self.report = True, key, None
        self._work(self._check)
        return True

    def confirm(self) -> None:
        """Connect the live account whose key was checked."""
        if not self.busy and self._key and self.report is not None:
            self.busy = True
            self._work(self._join)

    def forget(self) -> None:
        """Drop the key that was checked and not confirmed."""
        self._key = ""

    def end(self) -> bool:
        """Stop syncing, within a second, and for good. False: it did not stop in time."""
        self._ended = True
        engine, self.engine = self.engine, None
        return engine is None or engine.stop()

    def _work(self, step: Callable[[Sync], Message]) -> None:
        def run() -> None:
            problems: tuple[type[Exception], ...] = ()
            message: Message
            try:
                if self._sync is None:
                    self._sync = self._load()
                problems = self._sync.problems
                message = step(self._sync)
            except problems as problem:
                message = Link.Refused(str(problem))
            except Exception as error:  # a fault here must not take the app with it
                said = crash.record(error, self._host.settings.home)
                kind = type(error).__name__
                message = Link.Refused(
                    f"That failed because of a fault in Panelist ({kind}). {said}"
                )
            if isinstance(message, Link.Refused):
                self._key = ""
            self.busy = False
            self._host.post(message)

        # A worker of Textual's would hold up quitting until Stripe answers or times out.
        threading.Thread(target=run, name="stripe", daemon=True).start()

    def _check(self, sync: Sync) -> Message:
        report = sync.check(self._host.settings, self._key)
        self.report = report
        if report.livemode and not self._known(report.account):
            return Link.Checked(report, connected=False)
        self._host.post(Link.Checked(report, connected=True))
        return self._join(sync)

    def _known(self, account: str) -> bool:
        """This live account was confirmed before and is connected."""
        return bool(
            self._host.store.rows(
                "SELECT 1 FROM connection WHERE account = ? AND livemode"
                " AND status <> 'disconnected'",
                (account,),
            )
        )

    def _join(self, sync: Sync) -> Message:
        report, key = self.report, self._key
        self._key = ""
        connection = sync.connect(self._host.store, report)
        if self.engine is not None:
            self.engine.stop()
        engine = sync.engine(
            self._host.store, self._host.settings, key, connection, self._on_change
        )
        if self._ended:
            return Link.Refused("Panelist was quit.")
        try:
            engine.start()
        except sync.problems as problem:
            self.engine = None
            return Link.Joined(str(problem))
        self.engine = engine
        if self._ended:  # quit while it started
            self.end()
        return Link.Joined()
