"""A source's objects as stored, by id, for a comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from app.db.rows import ItemRow, ParticipantRow, PriceRow, ProductRow, SubscriptionRow
from app.db.store import Row, Store

TABLES = ("product", "price", "subscription", "participant")
CHUNK = 5_000

Object = ParticipantRow | SubscriptionRow | ProductRow | PriceRow


class _Kind(Protocol):
    """A row type, as a constructor of rows from column values."""

    _fields: tuple[str, ...]

    def _make(self, values: Iterable[object]) -> Object: ...


_KINDS = {
    "participant": cast(_Kind, ParticipantRow),
    "subscription": cast(_Kind, SubscriptionRow),
    "product": cast(_Kind, ProductRow),
    "price": cast(_Kind, PriceRow),
}


@dataclass(frozen=True)
class Stored:
    """A row as it was at one moment. ``seq`` is the request that brought it. ``items`` are a
    subscription's items by id, and ``folded`` is what filters compare beside the row
    (:mod:`app.db.folded_text`)."""

    id: int
    row: Object
    deleted: bool
    seq: int
    generation: int
    items: dict[str, ItemRow]
    erased: bool = False  # deliberately, whatever the source has
    folded: str | None = None


class StoredRef(NamedTuple):
    """A row's id, with its Stripe id."""

    id: int
    stripe_id: str
    deleted: bool


def stored(
    store: Store, connection_id: int, table: str, stripe_ids: Iterable[str]
) -> dict[str, Stored]:
    """The objects among these that are stored, by Stripe id, including deleted ones."""
    kind = _KINDS[table]
    columns = ", ".join(("NULL" if table == "subscription" else "folded", *kind._fields))
    rows = store.rows(
        f"SELECT id, deleted, seq, generation, {columns} FROM {table}"
        f" WHERE connection_id = ? AND {store.among('stripe_id')}",
        (connection_id, store.values(stripe_ids)),
    )
    items = _items(store, [row[0] for row in rows]) if table == "subscription" and rows else {}
    gone = _erased(store, connection_id) if table == "participant" else frozenset()
    return {
        row[5]: Stored(
            *(row[0], _object(kind, row[5:]), bool(row[1]), row[2], row[3], items.get(row[0], {})),
            erased=row[5] in gone,
            folded=row[4],
        )
        for row in rows
    }


def _erased(store: Store, connection_id: int) -> frozenset[str]:
    rows = store.rows(
        "SELECT stripe_id FROM erasure WHERE connection_id = ? AND done_at IS NOT NULL",
        (connection_id,),
    )
    return frozenset(row[0] for row in rows)


def _object(kind: _Kind, values: Row) -> Object:
    """SQLite returns numbers for booleans. They compare equal, but users should see ``True``."""
    one = kind._make(values)
    if isinstance(one, ProductRow | PriceRow):
        return one._replace(active=bool(one.active))
    if isinstance(one, SubscriptionRow):
        return one._replace(collection_paused=bool(one.collection_paused))
    return one


def _items(store: Store, ids: Sequence[int]) -> dict[int, dict[str, ItemRow]]:
    found: dict[int, dict[str, ItemRow]] = defaultdict(dict)
    for owner, subscription, *item in store.rows(
        "SELECT i.subscription_id, s.stripe_id, i.stripe_id, i.price, i.product,"
        " i.current_period_end"
        " FROM subscription_item i JOIN subscription s ON s.id = i.subscription_id"
        f" WHERE {store.among('i.subscription_id')}",
        (store.values(ids),),
    ):
        row = ItemRow(subscription, *item)
        found[owner][row.stripe_id] = row
    return found


def number(store: Store, connection_id: int, table: str) -> int:
    """The number of rows in a table, including deleted ones."""
    (found,) = store.row(f"SELECT count(*) FROM {table} WHERE connection_id = ?", (connection_id,))
    return int(found)


def every(store: Store, connection_id: int, table: str) -> Iterator[list[StoredRef]]:
    """All rows of a table, in chunks of constant size."""
    last = 0
    # The plus makes SQLite read in row id order.
    text = (
        f"SELECT id, stripe_id, deleted FROM {table} WHERE +connection_id = ? AND id > ?"
        f" ORDER BY id LIMIT {CHUNK}"
    )
    while rows := store.rows(text, (connection_id, last)):
        yield [StoredRef(key, stripe_id, bool(deleted)) for key, stripe_id, deleted in rows]
        last = rows[-1][0]


def some(store: Store, connection_id: int, table: str, number: int) -> list[StoredRef]:
    """This many random rows, or all rows if there are fewer."""
    rows = store.rows(
        f"SELECT id, stripe_id, deleted FROM {table} WHERE connection_id = ?"
        " ORDER BY random() LIMIT ?",
        (connection_id, number),
    )
    return [StoredRef(key, stripe_id, bool(deleted)) for key, stripe_id, deleted in rows]


def sold(store: Store, connection_id: int, price: str) -> bool:
    """Whether a subscription has this price. Reads all items, so use it only for the few doubtful
    prices."""
    return bool(
        store.rows(
            "SELECT 1 FROM subscription_item i JOIN subscription s ON s.id = i.subscription_id"
            " WHERE s.connection_id = ? AND NOT s.deleted AND i.price = ? LIMIT 1",
            (connection_id, price),
        )
    )


def set_aside(store: Store, connection_id: int) -> dict[tuple[str, str], str]:
    """The reason for each object that could not be stored, by list and id."""
    rows = store.rows(
        "SELECT listing, stripe_id, reason FROM quarantine WHERE connection_id = ?",
        (connection_id,),
    )
    return {(listing, key): reason for listing, key, reason in rows}


class RowIds:
    """A set of row ids, one bit each. Gaps may be of any size."""

    def __init__(self) -> None:
        self._parts: dict[int, bytearray] = {}

    def __contains__(self, row: int) -> bool:
        part = self._parts.get(row >> 15)
        return bool(part and part[row >> 3 & 0xFFF] & 1 << (row & 7))

    def add(self, row: int) -> bool:
        """Add a row id. Returns False if it was there already."""
        place, bit = row >> 3 & 0xFFF, 1 << (row & 7)
        part = self._parts.setdefault(row >> 15, bytearray(4096))
        new = not part[place] & bit
        part[place] |= bit
        return new
