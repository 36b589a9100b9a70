"""The text of the ticket that sends a batch: how many, why these, which mail, and what changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
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
from app.screens.studies.mail_rows import mail_lines
from app.services.snapshot import Snapshot
from app.text import duration, plain, when
from app.widgets.charts.block_digits import block_digits
from app.widgets.charts.group_bars import EIGHTHS
from app.widgets.content import Content, hidden, words

SIGNS = {PLUS: "$completed", MINUS: "$never"}
RESULTS = {  # a result that excludes a member -> its mark and colour (docs/looks.md)
    Outcome.OPTED_OUT: ("×", "$never"),
    Outcome.ALREADY: ("○", "$awaiting"),
    Outcome.COOL_DOWN: ("◇", "$resting"),
    Outcome.CAP: ("◇", "$resting"),
}
OTHERS = ("–", "$muted")
LABEL, NUMBER = 26, 8  # cells of a row of the funnel
NAME = 17  # cells for the name of an invitee
NAMED = 8  # invitees that are named where there is room


@dataclass(frozen=True)
class PlanChange:
    """The changes since the plan was shown, by name. ``more``: how many changes are not listed."""

    drift: PlanDrift
    named: tuple[NamedChange, ...]
    more: int


class TicketText:
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

    # The left part, with the number

    def number(
        self, summary: Summary, width: int, *, dropped: bool, low: bool = False
    ) -> list[Content]:
        """What would be sent: the number as the largest thing. ``dropped``: some of the invitees
        fell out, so that fewer are sent. ``low``: there is no room for the largest digits."""
        connection = self._snapshot.view.connection
        live = connection is not None and connection.livemode
        badge = words((" LIVE ", "bold reverse $never") if live else (" TEST ", "reverse $muted"))
        gap = " " * max(1, width - 4 - badge.cell_length)
        most = "interview invites at most" if dropped else "interview invites"
        one = "interview invite" if summary.number == 1 else most
        through = self._server(summary)
        blank = [] if low else [words()]
        digits = _digits(f"{summary.number:,}", width, low=low)
        return [
            words(("SEND", "bold $primary"), gap, badge),
            *blank,
            *(words((row, "bold $primary")) for row in digits),
            *blank,
            words((one, "bold")),
            *words(
                (f"{plain(self._study.title, 60)}, by {self._channel.words}{through}", "$muted")
            ).wrap(width),
        ]

    def _server(self, summary: Summary) -> str:
        delivery = summary.plan.delivery
        return f" through {plain(delivery.server, 60)}" if delivery and delivery.server else ""

    def timing(self, summary: Summary, schedule: Schedule) -> list[Content]:
        """When sending starts, how long it takes, and the quiet hours."""
        if self._channel.by_hand:
            return [words(("You copy each link from the log.", "$muted"))]
        now, channel = time.time(), self._channel
        own, study = schedule.quiet_hours, self._study.rules.quiet_hours
        go_at = schedule.go_at(channel.key, int(now), None)
        at = first_at(channel, go_at, now, own, study, self._quiet_hours)
        after = ", after the quiet hours" if at > max(now, go_at) else ""
        if schedule.start_at is not None or after:
            starts = f"Starts on {moment_words(at)}{after}."
        elif channel.undo_seconds:
            starts = "Nothing is sent for 2 minutes."
        else:
            starts = "Starts at once."
        lines = [words((starts, "bold"))]
        if channel.is_local:
            lines.append(words(("They stay on this computer.", "$muted")))
        if schedule.start_at is not None or after or channel.undo_seconds:
            lines.append(words(("u", "bold $primary"), (" undoes it all until then.", "$muted")))
        if not channel.is_local and self._per_minute:
            took = duration(60 * summary.number / self._per_minute)
            lines.append(words((f"About {took} at {self._per_minute} a minute.", "$muted")))
        hours = effective(own, study, self._quiet_hours)
        if str(hours) != NONE and not channel.is_local:
            whose = "of this batch" if own else "of the study" if study else "of the settings"
            lines.append(words((f"Quiet hours {whose}: {hours}.", "$muted")))
        return lines

    def facts(self, summary: Summary) -> list[Content]:
        """The account, the age of its data, and the plan."""
        connection, plan = self._snapshot.view.connection, summary.plan
        account = connection.account_name or connection.account if connection else ""
        as_of = self._snapshot.header.as_of or "never"
        now = self._snapshot.now
        return [
            words((plain(account, 80), "$muted")),
            words((f"Data as of {as_of}", "$muted")),
            words((f"Plan {plan.short}, locked {when(plan.at, now)}", "$muted")),
        ]

    # The right part, with the proof

    def proof(self, summary: Summary, width: int, *, tall: bool) -> list[Content]:
        """Who is invited and why these, the first names, and the mail. ``tall``: there is room for
        blank lines and for names in columns."""
        gap = [words()] * tall
        return [
            words(("Who", "bold")),
            *self._funnel(summary, width),
            *gap,
            *self._first(summary, width, tall=tall),
            *gap,
            *self._mail(summary, width, tall=tall),
        ]

    def _funnel(self, summary: Summary, width: int) -> Iterator[Content]:
        counts, size = summary.counts, summary.size
        yield _row(
            words((self._audience(summary), "bold")), f"{size:,}", size, size, "$line", width
        )
        for one in Outcome:
            number = counts[one]
            if number and one not in (Outcome.INVITE, Outcome.NOT_SAMPLED):
                mark, style = RESULTS.get(one, OTHERS)
                label = words(f"  {mark} {one.words}")
                label = words((label.plain, style))
                note = self._note(one, summary)
                yield _row(label, f"−{number:,}", number, size, style, width, note)
        able = counts[Outcome.INVITE] + summary.left
        chosen = summary.plan.options.take
        name = "Will be invited" if chosen == "all" else "Can be invited"
        yield _row(words((name, "bold")), f"{able:,}", able, size, "$primary", width)
        if chosen != "all":
            name = "Random sample" if chosen == "random" else "Longest-standing customers"
            number = counts[Outcome.INVITE]
            yield _row(words((name, "bold")), f"{number:,}", number, size, "$awaiting", width)
            yield words((f"{summary.left:,} more can be invited later.", "$muted"))

    def _audience(self, summary: Summary) -> str:
        chosen = summary.plan.options
        taken, left_out = (
            ", ".join(self._names.get(key, key) for key in keys)
            for keys in (chosen.segments, chosen.excluded)
        )
        return f"{taken}, without {left_out}" if left_out else taken

    def _note(self, one: Outcome, summary: Summary) -> str:
        if one is Outcome.ALREADY:
            parts = (
                f"{many:,} {reason(one, detail, {}, 0).removeprefix('already invited: ')}"
                for detail, many in summary.already.items()
            )
            return ", ".join(parts)
        if one is Outcome.COOL_DOWN and summary.free_at:
            return f"first free {when(summary.free_at, self._snapshot.now)}"
        return ""

    def _first(self, summary: Summary, width: int, *, tall: bool) -> list[Content]:
        masking, number = self._snapshot.masking, summary.number
        names = [hidden(one.name or one.email, masking) for one in summary.first]
        if not names:
            return []
        if not tall:
            listed, more = ", ".join(names[:2]), number - len(names[:2])
            rest = f", and {more:,} more" if more else ""
            return [words(("First ", "bold"), f"{listed}{rest}").truncate(width, ellipsis=True)]
        columns = max(1, min(4, (width - 2) // NAME))
        some = names[:NAMED]
        each = min(NAME + 6, (width - 2) // columns)
        cells = [words(name).truncate(each - 1, ellipsis=True, pad=True) for name in some]
        lines = [words((f"First of {number:,}" if number > len(some) else "Names", "bold"))]
        for at in range(0, len(cells), columns):
            lines.append(words("  ", words(" ").join(cells[at : at + columns])))
        if number > len(some):
            lines.append(words((f"  and {number - len(some):,} more", "$muted")))
        return lines

    def _mail(self, summary: Summary, width: int, *, tall: bool) -> list[Content]:
        message, masking = summary.message, self._snapshot.masking
        if message is None:
            return []
        title = [words(("Email to the first", "bold"))] * tall
        if masking:  # the text contains the name
            return [*title, words(("It is not shown while names are masked.", "$muted"))]
        name = f"{plain(summary.first[0].name, 80)} <{summary.to}>" if summary.first else ""
        to = name if summary.first[0].name else summary.to or ""
        mail = mail_lines(summary.plan.template, message, to, masking, width)
        rest = summary.number - summary.named
        people = "1 invitee has" if rest == 1 else f"{rest:,} invitees have"
        notes = [f"{people} no name. Your fallback is used instead."] if rest else []
        return [*title, *mail, *(words((one, "$muted")) for one in notes)]


def _digits(number: str, width: int, *, low: bool) -> list[str]:
    """The number in the largest digits that fit."""
    sizes = [block_digits(number, "small"), [number]]
    if not low:
        sizes.insert(0, block_digits(number, "large"))
    return next((rows for rows in sizes if len(rows[0]) <= width), sizes[-1])


def _row(
    label: Content, number: str, count: int, size: int, style: str, width: int, note: str = ""
) -> Content:
    """A row of the funnel: a label, its number and its bar."""
    room = min(LABEL, width - NUMBER - 8)
    head = label.truncate(room, ellipsis=True, pad=True)
    most = max(4, width - room - NUMBER - 3)  # the last cell keeps the bar off the scrollbar
    eighths = max(1, round(8 * most * count / size)) if size and count else 0
    full, rest = divmod(eighths, 8)
    bar = "█" * full + EIGHTHS[rest].strip()
    line = words(head, (f"{number:>{NUMBER}}", f"bold {style}"), "  ", (bar, style))
    shown = words(line, (f" {note}", "$muted")) if note else line
    return shown.truncate(width, ellipsis=True)


def change_rows(changed: PlanChange | None, *, at: float, masking: bool) -> list[Content]:
    """What changed since a plan was shown ``at``."""
    if changed is None:
        return []
    lines = [words((f"Since the preview at {when(at)}", "bold $warn"))]
    lines += [words(("! ", "$warn"), plain(term, 300)) for term in changed.drift.terms]
    lines += [
        words((f"{one.sign} ", f"bold {SIGNS[one.sign]}"), who(one, masking),
              (f" {one.why}" if one.why else "", "$muted"))
        for one in changed.named
    ]  # fmt: skip
    more = [words((f"and {changed.more:,} more", "$muted"))] if changed.more else []
    return [*lines, *more]


def who(one: NamedChange, masking: bool) -> str:
    """A member by name, else by address, else by id."""
    return hidden(one.name or one.email, masking) or one.stripe_id
