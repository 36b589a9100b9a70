"""Looks for news every few seconds, and passes it on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.sending.factory import refusal
from app.notices.notice_watch import Notice, NoticeWatch
from app.notices.notice_webhook import NoticeNotPosted, post_notice
from app.settings import Settings, SettingsError

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds
GRACE = 15.0  # seconds for the last notices when a command ends


class NoticeLoop:
    """A context in which notices are posted. ``show``: takes each notice too, in the thread. With
    neither an address nor ``show`` it does nothing. A notice that cannot be posted is written to
    the log, and nothing else waits for it."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        show: Callable[[Notice], None] | None = None,
        every: float = EVERY,
    ) -> None:
        self._store, self._settings, self._show = store, settings, show
        self._every, self._stop = every, threading.Event()
        self._watch = NoticeWatch(store, lambda run: refusal(settings, run) is None)
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def __enter__(self) -> NoticeLoop:
        self._look()  # what is so by now is no news
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close(GRACE)

    def start(self) -> None:
        """Begin in the background, where what is so at first is no news."""
        if self._settings.notice_url or self._show:
            self._thread.start()

    def close(self, grace: float) -> None:
        """Look once more, and end within ``grace`` seconds."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(grace)

    def _run(self) -> None:
        try:
            self._look()
            while not self._stop.wait(self._every):
                self._look()
            self._look()
        finally:
            self._store.close()

    def _look(self) -> None:
        with suppress(DatabaseProblem, SettingsError, StudyProblem):  # the next look finds it
            for notice in self._watch.look():
                if self._show:
                    self._show(notice)
                try:
                    post_notice(self._settings, notice)
                except NoticeNotPosted as problem:
                    log.warning("%s", problem)
