"""When a batch may leave, as the person said who confirmed it."""

from __future__ import annotations

from dataclasses import dataclass

from app.invites.errors import StudyProblem
from app.invites.schedule.quiet_hours import effective
from app.invites.sending.channels.registry import Channel, channel_of
from app.invites.sending.runs import RunView
from app.text import when


@dataclass(frozen=True)
class Schedule:
    """``start_at``: the start time, None for as soon as it cannot be undone any more.
    ``quiet_hours``: those of the batch (:mod:`app.invites.schedule.quiet_hours`), None for those of
    its study."""

    start_at: int | None = None
    quiet_hours: str | None = None

    @property
    def stored(self) -> tuple[int | None, str | None]:
        """The values of the columns of the same names."""
        return self.start_at, self.quiet_hours

    def go_at(self, channel: str, now: int, undo: int | None) -> int:
        """Until when the whole batch can be undone. ``undo``: for how many seconds at least, None
        for the channel's default. Raises StudyProblem if the channel does not exist, or if a person
        sends each of its invites."""
        found = channel_of(channel)
        if found.by_hand and self.start_at is not None:
            raise StudyProblem("Links are copied by hand, so they have no start time.", "start")
        return max(now + (found.undo_seconds if undo is None else undo), self.start_at or 0)


AT_ONCE = Schedule()


def next_at(batch: RunView, quiet_hours: str | None, now: float) -> float:
    """From when the batch may send, which is ``now`` if it may already. ``quiet_hours``: those of
    the settings. Files stay on this computer, so no hour is quiet for them."""
    return first_at(batch.channel, batch.go_at, now, batch.quiet_hours, quiet_hours)


def first_at(channel: Channel, go_at: float, now: float, *quiet_hours: str | None) -> float:
    """From when a batch may send that begins at ``go_at``. ``quiet_hours``: those that may apply,
    the first of which does."""
    at = max(now, go_at)
    return at if channel.is_local else effective(*quiet_hours).until(at) or at


def timing_words(batch: RunView, quiet_hours: str | None, now: float) -> str:
    """When a batch that waits for its time goes on, for a person. "" if it may send now.
    ``quiet_hours``: those of the settings."""
    at = next_at(batch, quiet_hours, now)
    if batch.state != "running" or batch.channel.by_hand or at <= now:
        return ""
    if batch.go_at > now:
        quiet = ", after its quiet hours" if at > batch.go_at else ""
        return f"starts at {when(at, now)}{quiet}"
    return f"continues at {when(at, now)}, after its quiet hours"
