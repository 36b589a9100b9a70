"""Sends a batch in the foreground, for ``panelist invite`` and ``panelist invites remind``."""

from __future__ import annotations

import time
from typing import Any

from app.commands.console import print_json, say
from app.commands.context import Context
from app.commands.exit_codes import DONE, FAILED
from app.commands.progress import Progress
from app.commands.signals import stop_event
from app.credentials.factory import open_credentials
from app.db.store import Store
from app.invites.sending import runs
from app.invites.sending.factory import open_sender
from app.invites.sending.runs import RunView
from app.text import plain, when


def send_batch(context: Context, run: int, *, as_json: bool) -> int:
    """Send a batch and return the exit code. A signal stops it, and unsent invites stay queued."""
    settings, store, connection = context
    shown = BatchProgress(store, run, as_json=as_json)
    sender = open_sender(store, settings, open_credentials(settings), connection, shown.on_change)
    with stop_event() as stop:
        shown.begin()
        sender.work(stop, lambda: (run,))
    return shown.end(stopped=stop.is_set())


class BatchProgress:
    """Prints messages before, during and after sending a batch."""

    def __init__(self, store: Store, run: int, *, as_json: bool) -> None:
        self._store, self._run, self._json = store, run, as_json
        self._progress = Progress(as_json=as_json)

    def begin(self) -> None:
        """Say what will happen."""
        now = runs.view(self._store, self._run)
        if now.channel.by_hand and not self._json:
            say(f"{now.left:,} links wait to be copied, each by hand: see panelist invites link.")
        elif now.left and not self._json:
            say(f"{now.left:,} to be sent by {now.channel.key}.")
            if now.go_at > time.time():
                say(f"It begins at {when(now.go_at)}; until then ctrl+c and --stop undo all of it.")

    def on_change(self) -> None:
        """An invite was sent, or could not be."""
        now = runs.view(self._store, self._run)
        self._progress.show(f"{now.words}, {now.recent} a minute", **_counts(now))

    def end(self, *, stopped: bool) -> int:
        """Say what happened and return the exit code."""
        now = runs.view(self._store, self._run)
        self._progress.clear()
        if self._json:
            print_json({"type": "finished", "state": now.state, **_counts(now)})
        else:
            print(f"{now.words.capitalize()}.")
        if now.trouble:
            say(f"{plain(now.trouble, 1000)} Go on with panelist invite --resume.")
        elif stopped and now.left:
            say("Stopped. What was not sent stays queued; go on with panelist invite --resume.")
        return FAILED if now.left and not now.channel.by_hand else DONE


def _counts(now: RunView) -> dict[str, Any]:
    return {"run": now.id, "way": now.channel.key, "left": now.left, "states": now.counts}
