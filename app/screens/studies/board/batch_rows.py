"""The batches of a study: how far each is, what stops it, and how long it can be undone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.invites.schedule.start_time import moment_words
from app.invites.sending.channels.registry import Channel
from app.invites.sending.runs import OVER, RunResult, RunView
from app.invites.sending.schedule import timing_words
from app.invites.states import NO_ADDRESS, state_words
from app.screens.studies.board.funnel_rows import heading
from app.text import clock, duration, plain, when
from app.widgets.charts.block_digits import block_digits
from app.widgets.content import Content, words

DIGITS = 16  # cells for the countdown in block digits
SHOWN = 3  # batches


@dataclass(frozen=True)
class Batches:
    """The batches of a study, the newest first. ``here``: the ids of those that this app sends.
    ``own``: of those that this person confirmed. ``quiet_hours``: those of the settings.
    ``per_minute``: how many leave in a minute at most, None if that is not known."""

    runs: Sequence[RunView]
    here: frozenset[int] = frozenset()
    own: frozenset[int] = frozenset()
    quiet_hours: str | None = None
    per_minute: int | None = None

    def rows(self, width: int, now: float, sender: str, *, roomy: bool) -> list[Content]:
        """The newest batches in ``width`` cells. ``sender``: the address of their mails."""
        shown = self.runs[:SHOWN]
        if not shown:
            return []
        facts = f"from {sender}" if sender else ""
        going = any(run.state not in OVER for run in self.runs)
        rows = heading("Sending" if going else "Sent", facts, width, roomy=roomy)
        for at, run in enumerate(shown):
            rows += [words()] if at and roomy else []
            rows += self._batch(run, width, now)
        return rows

    def _batch(self, run: RunView, width: int, now: float) -> list[Content]:
        what = "Batch" if run.kind == "invite" else "Reminder"
        name = words((f"{what} {run.id}  ", "bold"))
        head = words(name, run.words, (f"  {self._origin(run, now)}", "$muted"))
        if run.state in OVER:
            return head.wrap(width)
        undo = run.go_at > now and not run.trouble and run.state == "running"
        if undo and width >= 60 and run.go_at - now < 3_600:
            return self._countdown(run, head, width, now)
        rows = head.wrap(width)
        rows.append(self._bar(run, width, now, undo=undo))
        return [*rows, *self._state(run, width, now, undo=undo)]

    def _countdown(self, run: RunView, head: Content, width: int, now: float) -> list[Content]:
        """A batch that can still be undone, beside the time that is left for it."""
        digits = block_digits(clock(run.go_at - now), "small")
        room = width - DIGITS
        beside = [
            head.truncate(room, ellipsis=True),
            self._bar(run, room, now, undo=True),
            *self._state(run, room, now, undo=True),
        ]
        rows = []
        for at in range(max(len(digits), len(beside))):
            left = digits[at] if at < len(digits) else ""
            right = beside[at] if at < len(beside) else words()
            rows.append(words((f"{left:<{DIGITS}}", "bold $primary"), right))
        return rows

    def _bar(self, run: RunView, width: int, now: float, *, undo: bool) -> Content:
        """How much time is left to undo, or how much is sent."""
        if undo:
            part, said = (run.go_at - now) / max(1, run.go_at - run.at), ""
        else:
            part = 1 - run.left / max(1, run.number)
            said = f" {min(99, math.floor(100 * part)) if run.left else 100:>3} %"
        room = max(4, width - len(said))
        full = max(0, min(room, round(room * part)))
        style = "$primary" if undo else "$awaiting"
        return words(("━" * full, style), ("─" * (room - full), "$line"), (said, "bold"))

    def _origin(self, run: RunView, now: float) -> str:
        """Who confirmed it, when, and how it leaves."""
        by = "you" if run.id in self.own else run.person
        through = f" through {run.server}" if run.server else ""
        return plain(f"{when(run.at, now)} by {by}, by {run.channel.words}{through}", 200)

    def _state(self, run: RunView, width: int, now: float, *, undo: bool) -> list[Content]:
        """What happens to it now, and the keys that act on it."""
        here = run.id in self.here
        if run.trouble:
            said = words((f"! {plain(run.trouble, 500)}{_next(run)}", "$never"))
        elif run.state == "paused":
            said = _keys("Paused.", ("P", "resumes"), ("u", "withdraws the rest"))
        elif timing := timing_words(run, self.quiet_hours, now):
            keys = [("u", "undoes all of it")] if undo else [("P", "pauses"), ("u", "withdraws")]
            said = words((_sentence(timing), "$warn"), " ", _keys("", *keys))
            if not here:
                said = words(
                    said, ". ", _keys("This app does not send it.", ("P", "sends it here"))
                )
        elif run.channel.by_hand:
            said = _keys("You copy each link from the log:", ("L", "then y"))
        elif here:
            said = _keys(self._pace(run), ("P", "pauses"), ("u", "withdraws the rest"))
        else:
            said = _keys("No Panelist is sending this batch.", ("P", "sends it here"))
        rows = said.wrap(width)
        return rows + [words((_result(one), "$muted")) for one in run.last[:2]] * (not undo)

    def _pace(self, run: RunView) -> str:
        rate = run.recent or self.per_minute or 0
        left = f", about {duration(60 * run.left / rate)} left" if rate and run.left else ""
        return f"{run.recent:,} in the last minute{left}."


def queued_words(number: int, channel: Channel, start_at: int | None = None) -> str:
    """What happens to a batch that was just queued, and whether it can be undone."""
    if start_at is not None:
        return (
            f"{number:,} queued. They start on {moment_words(start_at)}. Until then, press u to"
            " undo all of it. Keep the app open, or run panelist send."
        )
    if channel.is_local:
        return (
            f"{number:,} are being saved as {channel.words} in the folder mailbox of your Panelist"
            " home. panelist info shows where it is."
        )
    if channel.by_hand:
        return f"{number:,} links are ready to copy: press L, then y. Press u to withdraw the rest."
    return (
        f"{number:,} queued. Press u to undo all of it for two minutes, then to withdraw the rest."
    )


def _next(run: RunView) -> str:
    """What happens to a batch in trouble."""
    if run.state == "running":
        return " Panelist tries again automatically."
    return " P resumes." if run.state == "paused" and run.left else ""


def _keys(text: str, *keys: tuple[str, str]) -> Content:
    parts = [words((key, "bold $primary"), f" {does}") for key, does in keys]
    return words(*([text, " "] if text else []), words("  ").join(parts))


def _result(one: RunResult) -> str:
    return f"  {hidden_address(one.address)} {state_words(one.state)} {one.answer or ''}".rstrip()


def hidden_address(address: str | None) -> str:
    """An address in a line of progress, where its domain is enough."""
    return f"…@{address.rpartition('@')[2]}" if address else NO_ADDRESS


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
