"""How fast a count grows, from its values in the last seconds."""

from __future__ import annotations

from collections import deque

SPAN = 10.0


class ArrivalRate:
    """The growth of a count over the last seconds, from (time, count) pairs."""

    def __init__(self, span: float = SPAN) -> None:
        self._span = span
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, at: float, count: int) -> None:
        """Record a count. A count smaller than the last one begins a new series."""
        if self._seen and count < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((at, count))
        while len(self._seen) > 2 and self._seen[1][0] <= at - self._span:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """The growth per second, or 0 until the pairs span a second."""
        if len(self._seen) < 2:
            return 0.0
        (begin, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - begin) if end - begin >= 1 else 0.0


class Arrivals:
    """The new objects of each of the last seconds, for a sparkline."""

    def __init__(self, seconds: int = 60) -> None:
        self._seconds = seconds
        self._counts: dict[int, int] = {}  # second -> the count at its end

    def add(self, at: float, count: int) -> None:
        """Record a count."""
        second = int(at)
        if self._counts and count < max(self._counts.values()):
            self._counts.clear()
        self._counts[second] = count
        for old in [one for one in self._counts if one < second - self._seconds]:
            del self._counts[old]

    def bars(self, at: float) -> tuple[int, ...]:
        """Arrivals per second, oldest first. Empty until something arrived."""
        if len(self._counts) < 2:
            return ()
        first = min(self._counts)
        count, grown = self._counts[first], []
        for second in range(first + 1, int(at) + 1):
            new = self._counts.get(second, count)
            grown.append(new - count)
            count = new
        return tuple(grown) if any(grown) else ()


def sparkline(values: tuple[int, ...], width: int) -> str:
    """The newest ``width`` values as a line of block characters."""
    shown = values[-width:] if width > 0 else ()
    most = max(shown, default=0)
    blocks = " ▁▂▃▄▅▆▇█"
    return "".join(blocks[-(-value * 8 // most) if value > 0 else 0] for value in shown)
