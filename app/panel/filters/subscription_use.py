"""Whether a filter, or a segment, depends on subscriptions: then it says nothing before they are
known (:mod:`app.panel.knowledge`)."""

from __future__ import annotations

from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.filters.errors import FilterError
from app.panel.filters.fields import FIELDS
from app.panel.filters.parse import parse
from app.panel.filters.segment_refs import UnknownSegment, segment_ids
from app.panel.filters.tree import Filter, In, leaves


def asks_subscriptions(rule: Filter, store: Store, connection_id: int) -> bool:
    """Whether a filter depends on subscriptions, perhaps through a segment that it names."""
    return any(map(_is_about_subscriptions, leaves(rule))) or any(
        segment_asks(store, connection_id, key) for key in _named(rule, store, connection_id)
    )


def _is_about_subscriptions(leaf: object) -> bool:
    name = getattr(leaf, "field", None)
    if name in (None, "subscription", "subscriptions"):
        return name is not None
    return FIELDS[name].owner != "person"


def _named(rule: Filter, store: Store, connection_id: int) -> list[str]:
    """The keys of the segments that a filter names."""
    if not any(isinstance(leaf, In) for leaf in leaves(rule)):
        return []
    try:
        found = segment_ids(rule, store, connection_id)
    except UnknownSegment:
        return []
    ids = [one for ids in found.values() for one in ids]
    rows = store.rows(f"SELECT key FROM segment WHERE {store.among('id')}", (store.values(ids),))
    return [key for (key,) in rows]


def segment_asks(store: Store, connection_id: int, key: str) -> bool:
    """Whether the members of the segment with this key depend on subscriptions."""
    if key in BUILTIN:
        return BUILTIN[key].by_subscription
    rows = store.rows(
        "SELECT rule FROM segment WHERE connection_id = ? AND key = ?", (connection_id, key)
    )
    if not rows or rows[0][0] is None:
        return key.startswith("product:")
    try:
        return asks_subscriptions(parse(rows[0][0]), store, connection_id)
    except FilterError:
        return False
