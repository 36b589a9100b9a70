"""The segments of a connection, each with its rule in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from app.db.segment_rules import BUILTIN, LIVE_WORDS
from app.db.store import Store


@dataclass(frozen=True)
class SegmentView:
    """A segment as users see it. A product segment's ``name`` is foreign text."""

    key: str
    name: str
    kind: str  # builtin, product, or own for a custom segment
    rule: str
    count: int
    with_email: int
    filter: str | None = None  # of a custom segment, as written
    filling: bool = False  # members are still being added
    doubt: str = ""  # why its members are not, or not all, known; see :mod:`.doubts`


def segments(store: Store, connection_id: int) -> list[SegmentView]:
    """Every segment: built-in ones in their order, then products and custom ones by name."""
    rows = store.rows(
        "SELECT g.key, g.kind, g.count, g.with_email, p.name, p.active, g.name,"
        " g.rule, g.filling"
        " FROM segment g LEFT JOIN product p"
        "   ON p.connection_id = g.connection_id AND p.stripe_id = g.product"
        " WHERE g.connection_id = ?",
        (connection_id,),
    )
    views = [_view(*row) for row in rows]
    order = list(BUILTIN)
    return sorted(
        views,
        key=lambda view: (
            order.index(view.key) if view.kind == "builtin" else len(order),
            view.kind == "own",
            view.name.casefold(),
            view.key,
        ),
    )


def mark(store: Store, connection_id: int) -> tuple[object, ...]:
    """A value that changes whenever participants, subscriptions or segments are stored. A poll that
    found nothing new leaves it the same. Raises DatabaseProblem."""
    return store.row(
        "SELECT k.request_seq, (SELECT max(id) FROM cause), (SELECT sum(done) FROM step"
        " WHERE connection_id = k.id) FROM connection k WHERE k.id = ?",
        (connection_id,),
    )


def _view(
    key: str,
    kind: str,
    count: int,
    with_email: int,
    product: str | None,
    active: bool | None,
    custom_name: str | None,
    written: str | None,
    filling: bool,
) -> SegmentView:
    if kind == "own" and written is not None:
        rule = _said(written)
        return SegmentView(
            key, custom_name or key, kind, rule, count, with_email, written, bool(filling)
        )
    if kind == "builtin" and key not in BUILTIN:
        lost = "this segment is damaged. To recover the others, run panelist salvage"
        return SegmentView(key, key, kind, lost, count, with_email)
    if kind == "builtin":
        builtin = BUILTIN[key]
        return SegmentView(key, builtin.name, kind, builtin.rule, count, with_email)
    name = product or key.removeprefix("product:")
    archived = "" if active else "; the product is archived"
    rule = f"a subscription that is {LIVE_WORDS} has this product{archived}"
    return SegmentView(key, name, kind, rule, count, with_email)


@lru_cache(maxsize=256)
def _said(written: str) -> str:
    """A filter in words. The parser is imported only if there is a custom segment."""
    from app.panel.filters.describe import describe
    from app.panel.filters.errors import FilterError
    from app.panel.filters.parse import parse

    try:
        return describe(parse(written))
    except FilterError as error:
        return f"its filter cannot be read: {error.sentence}"
