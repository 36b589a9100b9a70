"""The text of the dialog that confirms a batch: what would be sent, and what changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from app.invites.plan.drift import PlanDrift
from app.invites.plan.drift_words import MINUS, PLUS, NamedChange
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.summary import Summary
from app.invites.schedule.quiet_hours import NONE, effective
from app.invites.schedule.start_time import moment_words
from app.invites.sending.channels.registry import Channel
from app.invites.sending.schedule import Schedule, first_at
from app.invites.studies import Study
from app.screens.base import account_words
from app.services.snapshot import Snapshot
from app.text import duration, plain, when
from app.widgets.content import Content, hidden, words

SIGNS = {PLUS: "$completed", MINUS: "$never"}


@dataclass(frozen=True)
class PlanChange:
    """The changes since the plan was shown, by name. ``more``: how many changes are not listed."""

    drift: PlanDrift
    named: tuple[NamedChange, ...]
    more: int


class ConfirmText:
    """The text about a plan of a study. ``names`` are the names of segments by their keys."""

    def __init__(
        self,
        study: Study,
        snapshot: Snapshot,
        channel: Channel,
        names: Mapping[str, str],
        per_minute: int | None,
        quiet_hours: str | None,
    ) -> None:
        self._quiet_hours = quiet_hours  # those of the settings
        self._study, self._snapshot, self._channel = study, snapshot, channel
        self._names, self._per_minute = names, per_minute

    def all(self, summary: Summary, schedule: Schedule, *, dropped: bool) -> list[Content]:
        """Everything about a plan. ``schedule``: when it may leave. ``dropped``: some of its
        invitees fell out."""
        return [
            *self._head(summary),
            *self._funnel(summary),
            *self._sending(summary, dropped=dropped),
            *self._timing(schedule),
            *self._mail(summary),
        ]

    def _head(self, summary: Summary) -> list[Content]:
        snapshot, plan = self._snapshot, summary.plan
        connection = snapshot.view.connection
        live = connection is not None and connection.livemode
        mode = ("LIVE", "bold reverse") if live else ("TEST", "bold")
        account = account_words(connection.account, connection.account_name) if connection else ""
        as_of = snapshot.header.as_of or "never"
        through = f" {plan.delivery.server}" if plan.delivery and plan.delivery.server else ""
        said = f"by {self._channel.words}{through} · from {plan.template.sender_address}"
        return [
            words(("SEND INTERVIEW INVITES  ", "bold"), mode, f" · {plain(said, 160)}"),
            words(("Study     ", "$muted"), (plain(self._study.title, 60), "bold"),
                  f" ({self._study.state})"),
            words(("Stripe    ", "$muted"), f"{account} · data as of {as_of}"),
            words(("Segments  ", "$muted"), plain(self._segments(summary), 300),
                  f" · {summary.size:,} members"),
        ]  # fmt: skip

    def _segments(self, summary: Summary) -> str:
        chosen = summary.plan.options
        taken, left_out = (
            ", ".join(self._names.get(key, key) for key in keys)
            for keys in (chosen.segments, chosen.excluded)
        )
        return f"{taken}, but none of {left_out}" if left_out else taken

    def _funnel(self, summary: Summary) -> list[Content]:
        lines = []
        for one in Outcome:
            number = summary.counts[one]
            if not number or one is Outcome.INVITE:
                continue
            more = ""
            if one is Outcome.ALREADY:
                parts = (
                    f"{many:,} {reason(one, detail, {}, 0).removeprefix('already invited: ')}"
                    for detail, many in summary.already.items()
                )
                more = f"  {' · '.join(parts)}"
            elif one is Outcome.COOL_DOWN and summary.free_at:
                more = f"  the first is free {when(summary.free_at, self._snapshot.now)}"
            lines.append(words(f"   − {number:>9,} {one.words}", (more, "$muted")))
        return lines

    def _sending(self, summary: Summary, *, dropped: bool) -> list[Content]:
        number = summary.number
        known = summary.counts[Outcome.ALREADY]
        most = "at most " if dropped else ""
        lines = [words((f"WILL SEND {most}{number:,}", "bold"), f"  {self._time(number)}")]
        if known:
            lines.append(
                words(
                    f"{number:,} new people; {known:,} already invited will not be written to.",
                )
            )
        rest = number - summary.named
        if rest:
            lines.append(
                words(f"{summary.named:,} have a name, for {rest:,} other words stand in.")
            )
        lines.append(
            words(f"After this {summary.left:,} more people of these segments can be invited.")
        )
        return lines

    def _time(self, number: int) -> str:
        if self._channel.is_local:
            return "put into a folder on this computer; nothing leaves it"
        if self._channel.by_hand:
            return "as links that you copy one by one"
        if not self._per_minute:
            return ""
        return f"≈ {duration(60 * number / self._per_minute)} at {self._per_minute}/min"

    def _timing(self, schedule: Schedule) -> list[Content]:
        """When sending starts, and the quiet hours."""
        if self._channel.by_hand:
            return []
        now, channel = time.time(), self._channel
        own, study = schedule.quiet_hours, self._study.rules.quiet_hours
        go_at = schedule.go_at(channel.key, int(now), None)
        at = first_at(channel, go_at, now, own, study, self._quiet_hours)
        after = ", after the quiet hours" if at > max(now, go_at) else ""
        if schedule.start_at is not None or after:
            starts = f"on {moment_words(at)}{after}; until then all of it can be undone"
        elif channel.undo_seconds:
            starts = "in 2 minutes; until then all of it can be undone"
        else:
            starts = "at once"
        lines = [words(("Starts    ", "$muted"), (starts, "bold"))]
        hours = effective(own, study, self._quiet_hours)
        if str(hours) != NONE and not channel.is_local:
            whose = "of this batch" if own else "of the study" if study else "of the settings"
            lines.append(words(("Quiet     ", "$muted"), f"{hours} ({whose})"))
        return lines

    def _mail(self, summary: Summary) -> list[Content]:
        message = summary.message
        if message is None:
            return []
        masking = self._snapshot.masking
        if masking:  # the text contains the name
            return [words(("One of them would get the mail that the study shows.", "$muted"))]
        lines = [
            words(("To        ", "$muted"), hidden(summary.to, masking)),
            words(("Subject   ", "$muted"), (plain(message.subject, 200), "bold")),
        ]
        lines += [words((plain(line, 500), "$muted")) for line in message.text.splitlines()]
        return [*lines, words((plain(message.html_note), "$muted"))] if message.html else lines


def change_rows(changed: PlanChange | None, *, masking: bool) -> list[Content]:
    """What changed since a plan was shown."""
    if changed is None:
        return []
    lines = [words(("It has changed since you saw it:", "bold $warn"))]
    lines += [words(f"   {plain(term, 300)}") for term in changed.drift.terms]
    lines += [
        words((f"   {one.sign} {who(one, masking)}", SIGNS[one.sign]),
              (f"  {one.why}", "$muted"))
        for one in changed.named
    ]  # fmt: skip
    more = [words((f"   … and {changed.more:,} more", "$muted"))] if changed.more else []
    return [*lines, *more]


def who(one: NamedChange, masking: bool) -> str:
    """A member by name, else by address, else by id."""
    return hidden(one.name or one.email, masking) or one.stripe_id
