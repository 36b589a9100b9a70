"""The funnel of a study: who was invited, started and completed, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence

from app.invites.figures.study_figures import StudyCounts, StudyFigures
from app.invites.states import state_words
from app.screens.state_marks import MARKS, PLAIN
from app.text import day
from app.widgets.charts.group_bars import share
from app.widgets.content import Content, words

LABEL, NUMBER, PERCENT = 11, 8, 6  # cells of a row
DAYS = 12  # cells for a note at the right
MOST = 60  # cells of the widest bar
LEAST = 8
WAITING = ("queued", "sending", "uncertain", "to_confirm", "failed", "bounced", "withdrawn")
OPTED_OUT = ("× ", "opted out", "$never")


def heading(name: str, facts: str, width: int, *, roomy: bool = True) -> list[Content]:
    """The name of a part of a pane, facts about it at the right, and a line: below them, or between
    them unless it is ``roomy``."""
    free = max(2, width - len(name) - len(facts))
    gap = " " * free if roomy else f" {'─' * (free - 2)} "
    line = words((name, "bold"), (gap, "$line"), (facts, "$muted"))
    rows = [line.truncate(width, ellipsis=True)]
    return [*rows, words(("─" * width, "$line"))] if roomy else rows


def funnel_rows(
    counts: StudyCounts, figures: StudyFigures | None, width: int, now: float, *, roomy: bool
) -> list[Content]:
    """The funnel in ``width`` cells. ``roomy``: with joints between its bars."""
    first = figures.first_at if figures else None
    since = f"since {day(first, now)}" if first else ""
    rows = heading("Funnel", since, width, roomy=roomy)
    if not counts.invited:
        return [*rows, words(("No one has been invited yet.", "$muted")), *_others(counts, width)]
    steps = (
        ("Invited", counts.invited, "$awaiting", ""),
        ("Started", counts.of("started", "completed"), "$started", "started"),
        ("Completed", counts.of("completed"), "$completed", "completed"),
    )
    note = DAYS if width >= 56 else 0
    room = min(MOST, max(LEAST, width - LABEL - NUMBER - PERCENT - note - 3))
    sizes = [max(1, round(room * number / counts.invited)) if number else 0
             for _, number, _, _ in steps]  # fmt: skip
    for at, (name, number, style, state) in enumerate(steps):
        if at and roomy:
            rows.append(words(" " * (LABEL + NUMBER + 2), (_middle(sizes[at], room, "░"), "$line")))
        percent = share(number, counts.invited).replace("%", " %")
        days = figures.days.get(state) if figures else None
        after = f"  {days_words(days)}" if days is not None and note else ""
        if not at and (bounced := counts.others.get("bounced")) and note:
            after = f"  {bounced:,} bounced"
        rows.append(
            words(
                (f"{name:<{LABEL}}", "bold"),
                (f"{number:>{NUMBER},}", f"bold {style}"),
                "  ",
                (_middle(sizes[at], room), style),
                (f" {percent:>{PERCENT}}", "bold"),
                (after, "$muted"),
            )
        )
    return [*rows, *[words()] * roomy, *_rest(counts, width), *_others(counts, width)]


def days_words(days: float) -> str:
    """A number of days: "5 hours", "1.4 days", "12 days"."""
    if days < 1:
        hours = max(1, round(24 * days))
        return "1 hour" if hours == 1 else f"{hours} hours"
    shown = f"{days:.1f}" if days < 10 else f"{days:.0f}"
    return "1 day" if shown == "1.0" else f"{shown.removesuffix('.0')} days"


def _rest(counts: StudyCounts, width: int) -> list[Content]:
    """Invitees who did not complete, by state. With those who did, they add up to all invitees."""
    awaiting = counts.of("sent", "handed_over")
    parts = [words(("○ ", "$awaiting"), f"{awaiting:,} awaiting reply")] if awaiting else []
    for state in ("started", "declined", "expired"):
        if number := counts.of(state):
            mark, style = MARKS[state]
            parts.append(words((f"{mark} ", style), f"{number:,} {state_words(state)}"))
    if number := counts.of("withdrawn"):
        mark, said, style = OPTED_OUT
        parts.append(words((mark, style), f"{number:,} {said}"))
    return _flowed(parts, width)


def _others(counts: StudyCounts, width: int) -> list[Content]:
    """The invites that reached no one."""
    parts = []
    for state in WAITING:
        if number := counts.others.get(state):
            mark, style = MARKS.get(state, PLAIN)
            parts.append(words((f"{mark} ", style), (f"{number:,} {state_words(state)}", "$muted")))
    return _flowed(parts, width)


def _flowed(parts: Sequence[Content], width: int) -> list[Content]:
    """These in as few lines as they need, without breaking one."""
    rows: list[Content] = []
    for part in parts:
        if rows and rows[-1].cell_length + 3 + part.cell_length <= width:
            rows[-1] = words(rows[-1], "   ", part)
        else:
            rows.append(part)
    return rows


def _middle(size: int, room: int, sign: str = "█") -> str:
    """A bar in the middle of its room."""
    return (sign * size).center(room)


def day_bars(per_day: Sequence[int], width: int, height: int = 4) -> list[Content]:
    """Replies on each day as bars. Days are put together if they are more than fit."""
    room = max(1, width)
    step = -(-len(per_day) // room)
    sums = [sum(per_day[at : at + step]) for at in range(0, len(per_day), step)]
    wide = max(1, min(3, room // max(1, len(sums))))
    most = max(sums, default=0) or 1
    blocks = " ▁▂▃▄▅▆▇█"
    rows = []
    for level in reversed(range(height)):
        line = ""
        for number in sums:
            eighths = min(8, max(0, round(8 * height * number / most) - 8 * level))
            line += blocks[eighths] * wide
        rows.append(words((line, "$completed")))
    axis = words(("─" * (wide * len(sums)), "$line"))
    return [*rows, axis]
