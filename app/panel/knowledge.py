"""What is known about subscriptions. What is not known is not stated.

Until all subscriptions of an account were fetched, no one is known to lack one. The same is true
while the key may not read them, and of a participant of whom a subscription could not be stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from app.db.segment_rules import BUILTIN, LIVE
from app.db.store import Store
from app.panel.filters.errors import FilterError
from app.panel.filters.fields import FIELDS
from app.panel.filters.parse import parse
from app.panel.filters.segment_refs import UnknownSegment, segment_ids
from app.panel.filters.tree import Filter, In, leaves

NOT_YET, UNKNOWN = "not known yet", "not known"


class Knowledge(Enum):
    """Whether all subscriptions of an account are here, and why not."""

    KNOWN = "known"
    FETCHING = "fetching"
    FORBIDDEN = "forbidden"

    @property
    def word(self) -> str:
        """What stands in place of a status that depends on subscriptions that are not here."""
        return NOT_YET if self is Knowledge.FETCHING else UNKNOWN

    @property
    def sentence(self) -> str:
        """Why subscriptions are not known, and what to do. "" if they are known."""
        return _SENTENCES[self]


_SENTENCES = {
    Knowledge.KNOWN: "",
    Knowledge.FETCHING: (
        "Subscriptions are still being fetched. Wait until Status says that they are here."
    ),
    Knowledge.FORBIDDEN: (
        "The key may not read subscriptions, so they are not known. Add “Subscriptions Read” at"
        " Stripe and connect again."
    ),
}


def knowledge(store: Store, connection_id: int) -> Knowledge:
    """What is known about the subscriptions of an account. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT k.subscriptions_known, s.state FROM connection k LEFT JOIN step s"
        " ON s.connection_id = k.id AND s.name = 'subscriptions' WHERE k.id = ?",
        (connection_id,),
    )
    for known, state in rows:
        if known:
            return Knowledge.KNOWN
        if state == "skipped":
            return Knowledge.FORBIDDEN
    return Knowledge.FETCHING


def set_aside(store: Store, connection_id: int) -> int:
    """How many participants have a subscription that could not be stored."""
    (found,) = store.row(
        "SELECT count(DISTINCT customer) FROM quarantine WHERE connection_id = ?"
        " AND listing = 'subscriptions'",
        (connection_id,),
    )
    return int(found)


def doubts_of(
    store: Store, connection_id: int, customers: Iterable[str]
) -> tuple[str, dict[str, str]]:
    """What stands in place of a status that is not certain: for everyone ("" if it is certain), and
    for those of these customers of whom a subscription could not be stored."""
    known = knowledge(store, connection_id)
    everyone = "" if known is Knowledge.KNOWN else known.word
    rows = store.rows(
        "SELECT DISTINCT customer FROM quarantine WHERE connection_id = ?"
        " AND listing = 'subscriptions' AND customer IS NOT NULL",
        (connection_id,),
    )
    doubtful = {customer for (customer,) in rows} & set(customers) if rows else set()
    return everyone, dict.fromkeys(doubtful, UNKNOWN)


def certain(statuses: Iterable[str]) -> bool:
    """Whether these statuses decide a participant's status whatever else they may have."""
    return any(status in LIVE for status in statuses)


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
