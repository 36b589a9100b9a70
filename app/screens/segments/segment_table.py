"""The table of segments: built-in ones, those of products and custom ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, groupby
from typing import TypeAlias

from app.panel.segments.trends import WEEKS
from app.panel.segments.views import SegmentView
from app.screens.segments.trend_cells import HEADING, NO_TRENDS, Trends, trend_cells
from app.widgets.table.table import Cell, Column, Table

COLUMNS = (
    Column("Segment", 14, grow=1),
    Column("Members", 9, align="right"),
    Column(f"{WEEKS} weeks", WEEKS, priority=2),
    Column(HEADING, len(HEADING), align="right", priority=1),
    Column("With email", 10, align="right", priority=3),
)
# The keys of headings are below 0. The built-in segments come first and have no heading.
HEADINGS = {"product": (-1, "By product"), "own": (-2, "Custom")}

Line: TypeAlias = "tuple[int, SegmentView | None, tuple[Cell, ...]]"


class SegmentRows:
    """Segments as rows, with headings between their kinds."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._at = {key: at for at, (key, _, _) in enumerate(lines)}

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> int:
        return self._lines[index][0]

    def index(self, key: int, near: int) -> int | None:
        return self._at.get(key)

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        return [cells for _, _, cells in self._lines[start:stop]]

    def segment(self, key: int | None) -> SegmentView | None:
        """The segment on the row of this key."""
        at = self._at.get(key) if key is not None else None
        return self._lines[at][1] if at is not None else None

    def is_segment(self, index: int) -> bool:
        """Whether this row is a segment. The cursor skips headings."""
        return index < len(self._lines) and self._lines[index][1] is not None


class SegmentTable(Table):
    """All segments, one of them the current one."""

    def __init__(self, empty: str = "Segments appear during the sync.") -> None:
        super().__init__(
            COLUMNS,
            "The segments, with the number of members and of those with an email.",
            empty=empty,
            waiting="No account is connected. Press 1 to connect one.",
            id="segment-list",
        )
        self._listed = SegmentRows(())
        self._views: Sequence[SegmentView] = ()
        self._trends: Trends = NO_TRENDS
        self._numbers: dict[str, int] = {}  # the row key of each segment's key
        self._next_number: Iterator[int] = count(1)

    @property
    def segment(self) -> SegmentView | None:
        """The current segment."""
        return self._listed.segment(self.current)

    @property
    def views(self) -> Sequence[SegmentView]:
        """All segments."""
        return self._views

    def fill(self, views: Sequence[SegmentView], *, reset: bool = False) -> None:
        """Show these segments. ``reset`` begins at the first row, for another account."""
        if views == self._views and not reset:
            return
        if reset:
            self._numbers.clear()
            self._trends = NO_TRENDS
        self._views = views
        self._list(reset=reset)

    def show_trends(self, trends: Trends) -> None:
        """Show how the segments grew. A segment without a trend shows none."""
        if trends != self._trends:
            self._trends = trends
            self._list()

    def _list(self, *, reset: bool = False) -> None:
        views = self._views
        self._listed = SegmentRows(self._lines(views))
        self.show(self._listed, reset=reset)
        if len(views) and self.segment is None:  # the current one is gone
            self.action_move(0)

    def choose(self, key: str) -> None:
        """Make the segment of this key the current one, if it is there."""
        if key in self._numbers:
            self.go_to(self._numbers[key])

    def landing(self, at: int, way: int) -> int:
        onward = range(at, len(self._listed) if way > 0 else -1, way)
        places = [one for one in (*onward, *range(at, -1, -1)) if self._listed.is_segment(one)]
        return places[0] if places else at

    def _lines(self, views: Sequence[SegmentView]) -> list[Line]:
        lines: list[Line] = []
        for kind, group in groupby(views, key=lambda one: one.kind):
            if kind in HEADINGS:
                key, title = HEADINGS[kind]
                lines.append((key, None, (Cell(title, "bold $muted"),)))
            lines += [(self._number(one.key), one, _cells(one, self._trends)) for one in group]
        return lines

    def _number(self, key: str) -> int:
        if key not in self._numbers:
            self._numbers[key] = next(self._next_number)
        return self._numbers[key]


def _cells(one: SegmentView, trends: Trends) -> tuple[Cell, ...]:
    return (
        Cell(one.name),
        Cell(f"{one.count:,}{'…' if one.filling else ''}", "bold"),
        *trend_cells(trends.get(one.key)),
        Cell(f"{one.with_email:,}", "$muted"),
    )
