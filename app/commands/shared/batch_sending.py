"""Sends a batch in the foreground, for ``panelist invite`` and ``panelist invites remind``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from app.commands.shared.console import print_json, say
from app.commands.shared.context import Context
from app.commands.shared.database_patience import DatabasePatience
from app.commands.shared.exit_codes import DONE, FAILED
from app.commands.shared.progress import Progress
from app.commands.shared.signals import stop_event
from app.credentials.factory import open_credentials
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.schedule.start_time import moment_words
from app.invites.sending import runs
from app.invites.sending.factory import open_sender, quiet_hours
from app.invites.sending.runs import RunView
from app.invites.sending.schedule import next_at, timing_words
from app.invites.sending.send_queue import batch_json
from app.notices.notice_loop import NoticeLoop
from app.settings import Settings
from app.text import plain

AT_ONCE = (
    "Stopped. Invites that were not sent stay queued. An email that was being sent is"
    " uncertain. To find it, run panelist invites --state uncertain."
)


def send_batch(context: Context, run: int, *, as_json: bool) -> int:
    """Send a batch and return the exit code. A signal stops it, and unsent invites stay queued. One
    with a start time is left to ``panelist send`` or to the app."""
    settings, store, _ = context
    now = runs.view(store, run)
    if now.start_at is not None and now.go_at > time.time():
        return _leave(context, now, as_json=as_json)
    shown = BatchProgress(store, run, as_json=as_json)
    patience = DatabasePatience(store, shown.tell)

    def on_change(_: int) -> None:
        patience.answered()
        shown.on_change()

    sender = open_sender(store, settings, open_credentials(settings), on_change, shown.tell)
    try:
        with NoticeLoop(store, settings), stop_event(AT_ONCE, sender.hurry) as stop:
            shown.begin(settings)
            patience.work(sender, stop, lambda one: one.id == run)
        return shown.end(stopped=stop.is_set())
    except DatabaseProblem:
        shown.say_last_known()
        raise


def _leave(context: Context, run: RunView, *, as_json: bool) -> int:
    """Say when a batch starts, and who sends it then."""
    settings, store, _ = context
    if as_json:
        print_json({"type": "queued", **batch_json(store, settings, run)})
        return DONE
    at = next_at(run, quiet_hours(settings), time.time())
    say(
        f"{run.left:,} are queued. They start on {moment_words(at)}. Until then panelist invite"
        f" --stop --run {run.id} withdraws all of them. An open app sends them then, or panelist"
        " send."
    )
    return DONE


class BatchProgress:
    """Prints messages before, during and after sending a batch. ``name``: which one it is, before
    what is said of it."""

    def __init__(self, store: Store, run: int, *, as_json: bool, name: str = "") -> None:
        self._store, self._run, self._json, self._name = store, run, as_json, name
        self._progress = Progress(as_json=as_json)
        self._trouble: str | None = None  # that was said
        self._last: RunView | None = None  # as the database last told it

    def _view(self) -> RunView:
        self._last = runs.view(self._store, self._run)
        return self._last

    def tell(self, sentence: str) -> None:
        """Say something while the batch is sent."""
        if not self._json:
            self._progress.clear()
            say(sentence)

    def say_last_known(self) -> None:
        """Say how far it was before the database went away."""
        if self._last is not None and self._last.left:
            self.tell(
                f"{self._name}{self._last.words} when the database last responded. An email that "
                f"was"
                f" being sent then may be uncertain. {_resume(self._last)}"
            )

    def begin(self, settings: Settings) -> None:
        """Say what will happen."""
        now = self._view()
        if now.channel.by_hand and not self._json:
            say(f"{now.left:,} links are ready to copy. To print them, run panelist invites link.")
        elif now.left and not self._json:
            timing = timing_words(now, quiet_hours(settings), time.time())
            say(f"{self._name}{now.left:,} to be sent by {now.channel.key}.")
            if timing:
                say(
                    f"{self._name}It {timing}. Until then ctrl+c keeps it queued, and panelist"
                    f" invite --stop --run {now.id} withdraws all of it."
                )

    def on_change(self) -> None:
        """An invite was sent, or could not be."""
        now = self._view()
        if now.trouble != self._trouble and not self._json:
            self._progress.clear()
            if now.trouble and now.state == "running":
                say(f"{self._name}{plain(now.trouble, 1000)} Panelist tries again automatically.")
            self._trouble = now.trouble
        self._progress.show(
            f"{self._name}{now.words}, {now.recent} a minute", **_counts(now), trouble=now.trouble
        )

    def end(self, *, stopped: bool) -> int:
        """Say what happened and return the exit code."""
        now = self._view()
        self._progress.clear()
        if self._json:
            print_json(
                {"type": "finished", "state": now.state, **_counts(now), "trouble": now.trouble}
            )
        else:
            print(f"{self._name}{now.words if self._name else now.words.capitalize()}.")
        resume = _resume(now)
        if now.trouble:
            say(f"{self._name}{plain(now.trouble, 1000)} {resume}".rstrip())
        elif stopped and now.left:
            say(f"Stopped. Invites that were not sent stay queued. {resume}")
        elif now.state == "paused":
            say(f"It is paused. {resume}")
        for line in _to_do(now):
            say(line)
        left = now.left and not now.channel.by_hand
        return FAILED if left or _unsent(now) else DONE


def _resume(now: RunView) -> str:
    """How to go on."""
    return f"To continue, run panelist invite --resume --run {now.id}." if now.left else ""


_UNSENT = ("uncertain", "failed", "to_confirm", "bounced")


def _unsent(now: RunView) -> int:
    """How many did not arrive, or may not have."""
    return sum(now.counts.get(state, 0) for state in _UNSENT)


def _to_do(now: RunView) -> Iterator[str]:
    """What to do about those that did not arrive, a sentence for each state."""
    if number := now.counts.get("uncertain"):
        yield (
            f"{number:,} may have arrived. To list them, run panelist invites --state"
            " uncertain. Find out which arrived and record it with panelist invites resolve"
            " NUMBER arrived (or did-not)."
        )
    if number := now.counts.get("failed"):
        yield (
            f"{number:,} failed and were not sent. To see why, run panelist invites --state"
            " failed. A new plan includes them again."
            if now.kind == "invite"
            else f"{number:,} reminders failed and were not sent."
        )
    if number := now.counts.get("to_confirm"):
        yield (
            f"{number:,} look like bounces. They are all alike, so the cause may be on your"
            " side. To list them, run panelist invites --state to_confirm. Confirm them"
            " with panelist invites mark bounced FILE, or dismiss them with panelist"
            " invites mark failed FILE."
        )
    if number := now.counts.get("bounced"):
        yield (
            f"{number:,} bounced. Their addresses get no more invites. To list them, run"
            " panelist invites --state bounced."
        )


def _counts(now: RunView) -> dict[str, Any]:
    return {
        "run": now.id,
        "way": now.channel.key,
        "left": now.left,
        "invited": now.invited,
        "states": now.counts,
    }
