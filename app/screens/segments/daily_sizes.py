"""A segment's history by days of this computer: sizes, and who moved on each day."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import date, timedelta

from app.panel.dates import begin
from app.panel.lists.order import Ids
from app.panel.segments.moves import SegmentMoves

DAY = timedelta(days=1)


@dataclass(frozen=True)
class DailySizes:
    """``sizes``: the number of members at the end of each day from ``first`` on, today last."""

    first: date
    sizes: tuple[int, ...]
    moves: SegmentMoves

    def day(self, index: int) -> date:
        """The day of an index."""
        return self.first + DAY * index

    def on(self, index: int) -> SegmentMoves:
        """The moves of a day."""
        day = self.day(index)
        return self.moves.between(begin(day), begin(day + DAY))

    @property
    def newest(self) -> int:
        """The index of the last day on which anyone moved, or of today."""
        if not len(self.moves.at):
            return len(self.sizes) - 1
        index = (date.fromtimestamp(self.moves.at[-1]) - self.first).days
        return max(0, min(index, len(self.sizes) - 1))


def daily_sizes(moves: SegmentMoves, members: int, first: int, now: float) -> DailySizes:
    """Sizes from the day of ``first`` to that of ``now`` (seconds since 1970), where there are
    ``members`` at the end."""
    day, size, sizes = date.fromtimestamp(now), members, []
    begun = min(date.fromtimestamp(first), day)
    after = moves.between(begin(day + DAY), 2**62)
    size -= _grown(after)
    while day >= begun:
        sizes.append(size)
        size -= _grown(moves.between(begin(day), begin(day + DAY)))
        day -= DAY
    return DailySizes(begun, tuple(reversed(sizes)), moves)


def _grown(moves: SegmentMoves) -> int:
    joined, left = moves.counts
    return joined - left


def last_moves(moves: SegmentMoves) -> tuple[Ids, dict[int, tuple[int, bool]]]:
    """Who moved, each once with the last move: those who left first, then those who joined."""
    last = {
        person: (at, bool(joined))
        for at, person, joined in zip(moves.at, moves.ids, moves.joined, strict=True)
    }
    order = sorted(last, key=lambda one: (last[one][1], -last[one][0], one))
    return array("q", order), last
