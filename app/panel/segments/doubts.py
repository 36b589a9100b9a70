"""What is not known about the members of segments."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.filters.subscription_use import segment_asks
from app.panel.knowledge import Knowledge, knowledge, set_aside
from app.panel.segments.views import SegmentView, segments


def segments_with_doubts(store: Store, connection_id: int) -> list[SegmentView]:
    """Every segment, with why its members are not, or not all, known."""
    doubt = _Doubt(store, connection_id)
    return [doubt.about(view) for view in segments(store, connection_id)]


class _Doubt:
    """What is not known about the segments of a connection."""

    def __init__(self, store: Store, connection_id: int) -> None:
        self._asks = partial(segment_asks, store, connection_id)
        known = knowledge(store, connection_id)
        self._all = "" if known is Knowledge.KNOWN else f"{known.word}: {known.sentence}"
        self._aside = set_aside(store, connection_id)

    def about(self, view: SegmentView) -> SegmentView:
        """The same segment with its doubt."""
        if not (self._all or self._aside) or not self._asks(view.key):
            return view
        if self._all:
            return replace(view, doubt=self._all)
        if view.kind == "product" or (view.kind == "builtin" and not BUILTIN[view.key].none):
            return view
        people = "1 participant" if self._aside == 1 else f"{self._aside:,} participants"
        left_out = f"without {people} with a subscription that could not be stored"
        return replace(view, doubt=left_out)
