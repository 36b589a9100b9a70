"""Sets of participants, as SQL on the columns of ``participant p``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.db.store import Store

CHUNK = 5_000

# The plus keeps SQLite from reading the whole connection in its index for a few row ids.
_IN_ORDER = "+p.connection_id = ?"


@dataclass(frozen=True)
class ParticipantSet:
    """A SQL condition with its parameters."""

    condition: str
    parameters: tuple[object, ...]


def customers(store: Store, connection_id: int, stripe_ids: Iterable[str]) -> ParticipantSet:
    """The participants that are these Stripe customers, whether or not they are stored yet."""
    condition = f"p.connection_id = ? AND {store.among('p.stripe_id')}"
    return ParticipantSet(condition, (connection_id, store.values(stripe_ids)))


def last_id(store: Store) -> int:
    """The newest participant's row id. :func:`newcomers` are those after it."""
    (last,) = store.row("SELECT coalesce(max(id), 0) FROM participant")
    return int(last)


def newcomers(connection_id: int, last: int) -> ParticipantSet:
    """The participants after row id ``last``."""
    return ParticipantSet(_IN_ORDER + " AND p.id > ?", (connection_id, last))


def until(people: ParticipantSet, last: int) -> ParticipantSet:
    """The participants in ``people`` that are not :func:`newcomers`."""
    return ParticipantSet(people.condition + " AND p.id <= ?", (*people.parameters, last))


def all_participants(connection_id: int) -> ParticipantSet:
    """All participants of a connection."""
    return ParticipantSet("p.connection_id = ?", (connection_id,))


def number(store: Store, people: ParticipantSet) -> int:
    """The number of participants in the set."""
    (found,) = store.row(
        f"SELECT count(*) FROM participant p WHERE {people.condition}", people.parameters
    )
    return int(found)


def found(store: Store, people: ParticipantSet) -> ParticipantSet:
    """The same set by row ids, which are looked up once."""
    (ids,) = store.row(
        f"SELECT {store.gathered('p.id')} FROM participant p WHERE {people.condition}",
        people.parameters,
    )
    return ParticipantSet(store.among("p.id"), (ids or store.values([]),))


def buyers(store: Store, connection_id: int, products: Sequence[str]) -> ParticipantSet:
    """Every participant with a subscription that includes one of these products."""
    condition = (
        "p.connection_id = ? AND p.stripe_id IN (SELECT s.customer FROM subscription s"
        " JOIN subscription_item i ON i.subscription_id = s.id"
        f" WHERE s.connection_id = ? AND {store.among('i.product')})"
    )
    return ParticipantSet(condition, (connection_id, connection_id, store.values(products)))


def chunks(store: Store, connection_id: int) -> Sequence[ParticipantSet]:
    """All current participants, in parts that each make one short transaction."""
    (last,) = store.row(
        "SELECT coalesce(max(id), 0) FROM participant WHERE connection_id = ?", (connection_id,)
    )
    return [
        ParticipantSet(_IN_ORDER + " AND p.id > ? AND p.id <= ?", (connection_id, low, low + CHUNK))
        for low in range(0, last, CHUNK)
    ]
