"""When the screens read the database.

The engine calls :meth:`Refresher.changed` in its own thread, up to hundreds of times a second.
The app then reads as often as the visible screen wants, at most eight times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from app.db.errors import DatabaseProblem
from app.db.watch import Watch
from app.panel.overview import ConnectionView, Overview, accounts, overview
from app.services.messages import DataChanged
from app.services.snapshot import Snapshot

if TYPE_CHECKING:
    from app.services.connection import StripeConnection
    from app.services.context import Context


PAUSE = 0.125  # seconds between two reads while a sync writes, where no screen asks for longer


class Front(Protocol):
    """The screen in front, as the refresher sees it.

    ``PAUSE`` is the number of seconds between two reads of the database while a sync writes.
    """

    PAUSE: float

    @property
    def is_mounted(self) -> bool:
        """Whether the screen can show a snapshot yet."""

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot."""


class Refresher:
    """Reads the overview for the visible screen, no more often than a person can see.

    ``stripe`` returns the connection whose engine writes. ``front`` returns the full screen in
    front, even if a dialog lies over it.
    """

    def __init__(
        self,
        context: Context,
        stripe: Callable[[], StripeConnection],
        front: Callable[[], Front | None],
    ) -> None:
        self.view = Overview(None)
        self.known: list[ConnectionView] = []  # every account that is or was connected
        self.trouble = ""
        self.note = ""
        self.reads = 0
        self.account: int | None = None  # the account that a person chose
        self._context, self._stripe, self._front = context, stripe, front
        self._last = 0.0
        self._scheduled = False  # a refresh is scheduled, so further changes need none
        self._watch = Watch(context.store)

    def snapshot(self, fresh: bool = True) -> Snapshot:
        """What to show. ``fresh`` reads the database; otherwise only the time is new."""
        if fresh:
            self._read()
        engine = self._stripe().engine
        activity = engine.activity if engine is not None else None
        if engine is not None and activity is not None and not engine.running:
            self.note, activity = activity.doing, None  # it stopped by itself; ``doing`` says why
        note, shown = self.note, self.view.connection
        linked = next((one for one in self.known if one.status != "disconnected"), None)
        if linked is not None and shown is not None and shown.id != linked.id:
            note, activity = (
                "This account is not the connected one. Press c on Status to switch accounts.",
                None,
            )
        return Snapshot(
            self.view,
            time.time(),
            linked,
            activity=activity,
            note=note,
            trouble=self.trouble,
            demo=self._context.demo is not None,
            masking=self._context.masking,
            fresh=fresh,
        )

    def _read(self) -> None:
        self._last = time.monotonic()
        self.reads += 1
        try:
            self.known = accounts(self._context.store)
            self.view, self.trouble = overview(self._context.store, self.account), ""
        except DatabaseProblem as problem:  # keep showing what was read before
            self.trouble = str(problem)

    def show(self, fresh: bool = True) -> None:
        """Show a snapshot on the screen in front, if it is mounted, even below a dialog."""
        front = self._front()
        if front is not None and front.is_mounted:
            front.show(self.snapshot(fresh))

    def changed(self, change: object = None) -> None:
        """Tell the app that the database changed. Any thread may call it."""
        if not self._scheduled:
            self._scheduled = True
            self._context.post(DataChanged())

    def refresh_soon(self) -> None:
        """Read again as soon as the pause since the last read is over. Runs on the app's loop."""
        front = self._front()
        pause = front.PAUSE if front else PAUSE
        wait = self._last + pause - time.monotonic()
        if wait <= 0:
            self._refresh()
        else:
            self._context.set_timer(wait, self._refresh)

    def _refresh(self) -> None:
        self._scheduled = False  # before reading: any later change needs another read
        self.show()

    def tick(self) -> None:
        """Show the time, and what another process wrote. Called once a second."""
        self.show(fresh=not self._stripe().syncing and self._others_wrote())

    def end(self) -> None:
        """Stop watching the database."""
        self._watch.close()

    def _others_wrote(self) -> bool:
        try:
            return self._watch.changed() or bool(self.trouble)
        except DatabaseProblem:
            return True  # reading will report it
