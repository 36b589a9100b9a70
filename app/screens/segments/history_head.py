"""The lines over a segment's history: how many are in it, and how that changed."""

from __future__ import annotations

from collections.abc import Sequence

from app.panel.dates import begin
from app.panel.labels import day
from app.panel.segments.study_starts import StudyStart
from app.screens.segments.daily_sizes import DailySizes
from app.text import plain
from app.widgets.charts.block_digits import block_digits
from app.widgets.content import Content, para, words

NAME = 24  # cells of a study's title


def head_lines(history: DailySizes, studies: Sequence[StudyStart], *, digits: bool) -> Content:
    """The size now, in large ``digits`` or in one line, and the change since the first sync and
    since the last study."""
    now, then = history.sizes[-1], history.sizes[0]
    grown = words(*_signed(now - then), (f" since {day(begin(history.first))}", "$muted"))
    study = studies[-1] if studies else None
    since = words()
    if study is not None:
        came, left = history.moves.between(study.at + 1, 2**62).counts
        since = words(
            ("change since ", "$muted"), (plain(study.title, NAME), "$awaiting"),
            (f" ({day(study.at)}): ", "$muted"), (f"+{came:,}", "$completed"), " ",
            (f"−{left:,}", "$never"),
        )  # fmt: skip
    if not digits:
        return words((f"{now:,} participants", "bold"), "  ", grown, "  ", since)
    lines = block_digits(f"{now:,}", "small")
    beside = [words(("participants", "bold")), grown, since]
    return para(
        [words((line, "bold"), "   ", one) for line, one in zip(lines, beside, strict=True)]
    )


def _signed(number: int) -> tuple[tuple[str, str], ...]:
    if not number:
        return (("unchanged", "$muted"),)
    sign, style = ("+", "$completed") if number > 0 else ("−", "$never")
    return ((f"{sign}{abs(number):,}", style),)
