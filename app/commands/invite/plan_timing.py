"""When the invites of a plan would leave, for its preview."""

from __future__ import annotations

import argparse
import shlex
import time
from dataclasses import dataclass

from app.commands.shared.arguments import schedule_of
from app.invites.delivery import Delivery
from app.invites.schedule.quiet_hours import NONE, effective
from app.invites.schedule.start_time import moment_words
from app.invites.sending.channels.registry import channel_of
from app.invites.sending.factory import quiet_hours
from app.invites.sending.schedule import first_at
from app.invites.studies import Study
from app.settings import Settings


@dataclass(frozen=True)
class PlanTiming:
    """``start_at``: the start time that was given, None if none was. ``first_at``: when the first
    invite could leave. ``options``: what to say again to send the plan so."""

    start_at: int | None
    first_at: int
    quiet_hours: str | None
    options: str

    @property
    def words(self) -> tuple[str, ...]:
        """For a person, a line each."""
        lines = []
        if self.start_at is not None:
            lines.append(f"Starts on {moment_words(self.first_at)}")
        if self.quiet_hours is not None:
            lines.append(f"No email is sent in the quiet hours: {self.quiet_hours}")
        return tuple(lines)


def planned_timing(
    settings: Settings, study: Study, delivery: Delivery, options: argparse.Namespace
) -> PlanTiming:
    """When the invites would leave. Raises StudyProblem for a time that is none, and
    SettingsError."""
    schedule, channel = schedule_of(options), channel_of(delivery.channel)
    texts = schedule.quiet_hours, study.rules.quiet_hours, quiet_hours(settings)
    quiet = str(effective(*texts))
    now = time.time()
    go_at = schedule.go_at(channel.key, int(now), 0 if options.now else None)
    again = [
        f"{name} {shlex.quote(value)}"
        for name, value in (("--start", options.start), ("--quiet-hours", options.quiet_hours))
        if value is not None
    ]
    return PlanTiming(
        schedule.start_at,
        int(first_at(channel, go_at, now, *texts)),
        None if quiet == NONE or channel.is_local else quiet,
        "".join(f" {one}" for one in again),
    )
