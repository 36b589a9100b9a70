"""Messages, segments and recent changes as rows of a list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

from app.panel.overview import MessageView, RecentChange
from app.panel.segments.reason_words import event_words
from app.panel.segments.views import SegmentView
from app.text import plain, when
from app.widgets.content import hidden, no_emails, words
from app.widgets.row_list import Row
from app.widgets.table.cells import fit

NAME = 30  # cells at most for the name of a segment
LEVELS = {  # level -> (glyph and word, style)
    "info": ("● info   ", "$primary"),
    "warning": ("▲ warning", "bold $warn"),
    "error": ("✗ error  ", "bold $never"),
}


def message_rows(messages: Sequence[MessageView], now: float, masking: bool) -> list[Row]:
    """A row for each message: time, level and text."""
    times = _times([one.at for one in messages], now)
    pairs = zip(messages, times, strict=True)
    return [_message_row(one.level, one.text, at, masking) for one, at in pairs]


def _times(at: Sequence[int], now: float) -> list[str]:
    """These times, each as wide as the widest, so that what follows stands in a column."""
    said = [when(one, now) for one in at]
    wide = max(map(len, said), default=0)
    return [f"{one:>{wide}}" for one in said]


# A list is made again in every second with a change, mostly of the same rows.
@lru_cache(maxsize=256)
def _message_row(level: str, text: str, at: str, masking: bool) -> Row:
    return Row(
        words((f"{at} ", "$muted"), LEVELS.get(level, LEVELS["info"]), " "),
        words(no_emails(plain(text), masking)),
    )


def segment_rows(found: Sequence[SegmentView]) -> list[Row]:
    """A row for each segment: count, name, and the number with an email."""
    count = max((len(f"{one.count:,}") for one in found), default=0)
    name = min(NAME, max((cell_len(plain(one.name)) for one in found), default=0))
    return [_segment_row(one, count, name) for one in found]


@lru_cache(maxsize=1024)
def _segment_row(one: SegmentView, count: int, name: int) -> Row:
    return Row(
        words((f"{one.count:>{count},}  ", "bold")),
        words(fit(one.name, name), (f"  {one.with_email:>{count},} with email", "$muted")),
    )


def change_rows(changes: Sequence[RecentChange], now: float, masking: bool) -> list[Row]:
    """A row for each change: time, change and whose it is. The names of products are never
    masked. Stripe's id stands for what has no name."""
    times = _times([one.at for one in changes], now)
    return [_change_row(one, at, masking) for one, at in zip(changes, times, strict=True)]


def _change_row(one: RecentChange, at: str, masking: bool) -> Row:
    said = event_words(one.type)
    name = hidden(one.name, masking and not one.type.startswith("product"))
    what = (name, "bold") if one.name else (one.object_id, "$muted")
    return Row(words((f"{at}  ", "$muted"), f"{said[:1].upper()}{said[1:]}: "), words(what))
