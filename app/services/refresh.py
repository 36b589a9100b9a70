"""When the screens look at the database, and what they see.

The engine calls :meth:`Refresher.changed` in its own thread, up to hundreds of times a second.
That wakes the app as often as the visible screen wants, at most eight times a second.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.watch import Watch
from app.panel.overview import ConnectionView, Overview, accounts, overview
from app.screens.base import PanelistScreen, Snapshot

if TYPE_CHECKING:
    from app.screens.base import Host


class DataChanged(Message):
    """The database changed. A newer one replaces one that still waits."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, DataChanged)


class Refresher:
    """Reads the overview for the visible screen, no more often than a person can see."""

    def __init__(self, host: Host) -> None:
        self.view = Overview(None)
        self.known: list[ConnectionView] = []  # every account that is or was connected
        self.trouble = ""
        self.note = ""
        self.looks = 0
        self.account: int | None = None  # the one a person chose to look at
        self._host = host
        self._last = 0.0
        self._waking = False  # a refresh is on its way; further changes need no other
        self._watch = Watch(host.store)

    def picture(self, fresh: bool = True) -> Snapshot:
        """What is to be shown: read anew, or as it was read, with the time gone on."""
        host = self._host
        if fresh:
            self._look()
        engine = host.stripe.engine
        activity = engine.activity if engine is not None else None
        if engine is not None and activity is not None and not engine.running:
            self.note, activity = activity.doing, None  # it ended by itself, and says why
        note, shown = self.note, self.view.connection
        linked = next((one for one in self.known if one.status != "disconnected"), None)
        if linked is not None and shown is not None and shown.id != linked.id:
            note, activity = "This is not the account that is connected; a changes that.", None
        return Snapshot(
            self.view,
            time.time(),
            linked,
            activity=activity,
            note=note,
            trouble=self.trouble,
            demo=host.demo is not None,
            masking=host.masking,
            fresh=fresh,
        )

    def _look(self) -> None:
        self._last = time.monotonic()
        self.looks += 1
        try:
            self.known = accounts(self._host.store)
            self.view, self.trouble = overview(self._host.store, self.account), ""
        except DatabaseProblem as problem:  # keep showing what was read before
            self.trouble = str(problem)

    def show(self, fresh: bool = True) -> None:
        """Draw the mode in front (or what was opened from it, as large), if it is there yet.
        Dialogs above it do not hide it."""
        front = self._front
        if front is not None and front.is_mounted:
            front.show(self.picture(fresh))

    @property
    def _front(self) -> PanelistScreen | None:
        large = (one for one in self._host.screen_stack if isinstance(one, PanelistScreen))
        return next(reversed([*large]), None)

    def changed(self, change: object = None) -> None:
        """In any thread: something was written."""
        if not self._waking:
            self._waking = True
            self._host.post(DataChanged())

    def soon(self) -> None:
        """On the app's loop: look again as soon as the last look is old enough."""
        pause = self._front.PAUSE if self._front else PanelistScreen.PAUSE
        wait = self._last + pause - time.monotonic()
        if wait <= 0:
            self._refresh()
        else:
            self._host.set_timer(wait, self._refresh)

    def _refresh(self) -> None:
        self._waking = False  # before reading: a change from now on needs another look
        self.show()

    def tick(self) -> None:
        """Once a second: the time went on; and another process may have written."""
        self.show(fresh=not self._host.stripe.syncing and self._others_wrote())

    def end(self) -> None:
        """Look no more."""
        self._watch.close()

    def _others_wrote(self) -> bool:
        try:
            return self._watch.changed() or bool(self.trouble)
        except DatabaseProblem:
            return True  # the look says it
