"""The objects of a source as they are stored, by their ids: what a comparison looks at."""

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
    """One of the row types, as what makes a row of its columns."""

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
    """A row as it was at one moment. ``seq``: the request that brought it; ``items``: of a
    subscription, by their ids."""

    id: int
    row: Object
    deleted: bool
    seq: int
    generation: int
    items: dict[str, ItemRow]
    erased: bool = False  # on purpose, whatever the source has


class StoredRef(NamedTuple):
    """A row's place and name."""

    id: int
    stripe_id: str
    deleted: bool


def stored(
    store: Store, connection_id: int, table: str, stripe_ids: Iterable[str]
) -> dict[str, Stored]:
    """Those of these objects that are here, by their Stripe ids; the deleted too."""
    kind = _KINDS[table]
    columns = ", ".join(kind._fields)
    rows = store.rows(
        f"SELECT id, deleted, seq, generation, {columns} FROM {table}"
        f" WHERE connection_id = ? AND {store.among('stripe_id')}",
        (connection_id, store.values(stripe_ids)),
    )
    items = _items(store, [row[0] for row in rows]) if table == "subscription" and rows else {}
    gone = _erased(store, connection_id) if table == "participant" else frozenset()
    return {
        row[4]: Stored(
            *(row[0], _object(kind, row[4:]), bool(row[1]), row[2], row[3], items.get(row[0], {})),
            erased=row[4] in gone,
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
    """SQLite has numbers for truth, which equal it; but a person is told ``True``."""
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
    """How many rows a table has, the deleted too."""
    (found,) = store.row(f"SELECT count(*) FROM {table} WHERE connection_id = ?", (connection_id,))
    return int(found)


def every(store: Store, connection_id: int, table: str) -> Iterator[list[StoredRef]]:
    """All rows of a table, in stretches of constant size."""
    last = 0
    # The plus keeps SQLite on the row ids, in whose order it reads.
    text = (
        f"SELECT id, stripe_id, deleted FROM {table} WHERE +connection_id = ? AND id > ?"
        f" ORDER BY id LIMIT {CHUNK}"
    )
    while rows := store.rows(text, (connection_id, last)):
        yield [StoredRef(key, stripe_id, bool(deleted)) for key, stripe_id, deleted in rows]
        last = rows[-1][0]


def some(store: Store, connection_id: int, table: str, number: int) -> list[StoredRef]:
    """This many rows at random, or all where there are no more."""
    rows = store.rows(
        f"SELECT id, stripe_id, deleted FROM {table} WHERE connection_id = ?"
        " ORDER BY random() LIMIT ?",
        (connection_id, number),
    )
    return [StoredRef(key, stripe_id, bool(deleted)) for key, stripe_id, deleted in rows]


def sold(store: Store, connection_id: int, price: str) -> bool:
    """Whether a subscription has this price. Reads all items: for the few that are in doubt."""
    return bool(
        store.rows(
            "SELECT 1 FROM subscription_item i JOIN subscription s ON s.id = i.subscription_id"
            " WHERE s.connection_id = ? AND NOT s.deleted AND i.price = ? LIMIT 1",
            (connection_id, price),
        )
    )


def set_aside(store: Store, connection_id: int) -> dict[tuple[str, str], str]:
    """The reason for each object that could not be stored, by its list and id."""
    rows = store.rows(
        "SELECT listing, stripe_id, reason FROM quarantine WHERE connection_id = ?",
        (connection_id,),
    )
    return {(listing, key): reason for listing, key, reason in rows}


class RowIds:
    """Row ids, in a bit each. They may have gaps of any size."""

    def __init__(self) -> None:
        self._parts: dict[int, bytearray] = {}

    def __contains__(self, row: int) -> bool:
        part = self._parts.get(row >> 15)
        return bool(part and part[row >> 3 & 0xFFF] & 1 << (row & 7))

    def add(self, row: int) -> bool:
        """False when it was there already."""
        place, bit = row >> 3 & 0xFFF, 1 << (row & 7)
        part = self._parts.setdefault(row >> 15, bytearray(4096))
        new = not part[place] & bit
        part[place] |= bit
        return new
