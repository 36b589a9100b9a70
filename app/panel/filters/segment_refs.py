"""Finds the segments that ``in:`` names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from app.db.store import Store
from app.panel.filters.errors import quoted
from app.panel.filters.tree import Filter, In, leaves
from app.panel.segments.views import segments
from app.text import fold


class UnknownSegment(Exception):
    """An ``in:`` that names no segment. ``hint`` is the end of its sentence."""

    def __init__(self, leaf: In, hint: str) -> None:
        super().__init__(leaf.segment)
        self.leaf, self.hint = leaf, hint

    def sentence(self, start: int) -> str:
        """The sentence for a person. ``start`` is the position of the name in the text."""
        return f"Unknown segment {quoted(self.leaf.segment)} at {start + 1}{self.hint}"


def segment_ids(rule: Filter, store: Store, connection_id: int) -> dict[str, list[int]]:
    """Each name after ``in:`` → the ids of its segments: the one with this key, or all with this
    name. Raises UnknownSegment."""
    references = [leaf for leaf in leaves(rule) if isinstance(leaf, In)]
    if not references:
        return {}
    views = segments(store, connection_id)
    ids: dict[str, int] = dict(
        store.rows("SELECT key, id FROM segment WHERE connection_id = ?", (connection_id,))
    )
    found: dict[str, list[int]] = {}
    for leaf in references:
        keys = _keys(leaf.segment, [(view.key, view.name) for view in views])
        if not keys:
            raise UnknownSegment(
                leaf, _similar(leaf.segment, [view.name for view in views] + list(ids))
            )
        found[leaf.segment] = [ids[key] for key in keys if key in ids]
    return found


def _keys(named: str, known: Iterable[tuple[str, str]]) -> list[str]:
    """The keys for a name: the same key, else a key in any case, else all segments with this name
    in any case."""
    pairs = list(known)
    if any(key == named for key, _ in pairs):
        return [named]
    low = fold(named)
    return [key for key, _ in pairs if fold(key) == low] or [
        key for key, name in pairs if fold(name) == low
    ]


def _similar(named: str, known: list[str]) -> str:
    by_fold = {fold(one): one for one in reversed(known)}
    close = get_close_matches(fold(named), by_fold, 1, 0.6)
    if close:
        return f". Did you mean {quoted(by_fold[close[0]])}?"
    return ". To list segments, run panelist segments."
