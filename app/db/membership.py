"""Who is in which segment: :mod:`app.db.rules` says it, ``member`` remembers it.

Every change of a participant or a subscription ends in :func:`refresh` for the people it
touched, inside the transaction that made the change, so that members and counts are exact
whenever anybody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.db import history
from app.db.history import Reasons
from app.db.rules import belonging
from app.db.store import Row, Store

Counts = dict[int, tuple[int, int]]  # segment -> members, members with an email

SUBSCRIPTION_SEGMENTS = ("active", "trialing", "past_due", "canceled", "none")
CHUNK = 5_000

# The plus keeps SQLite from reading everybody in the connection's index for a few row ids.
_IN_ORDER = "+p.connection_id = ?"


@dataclass(frozen=True)
class People:
    """Some participants, as SQL on the columns of ``participant p``."""

    condition: str
    parameters: tuple[object, ...]


def customers(store: Store, connection_id: int, stripe_ids: Iterable[str]) -> People:
    """The participants that are these Stripe customers, whether they are here or not yet."""
    condition = f"p.connection_id = ? AND {store.among('p.stripe_id')}"
    return People(condition, (connection_id, store.values(stripe_ids)))


def last_id(store: Store) -> int:
    """The newest participant's row id; :func:`newcomers` are those after it."""
    (last,) = store.row("SELECT coalesce(max(id), 0) FROM participant")
    return int(last)


def newcomers(connection_id: int, last: int) -> People:
    """The participants that came after the one of row id ``last``."""
    return People(_IN_ORDER + " AND p.id > ?", (connection_id, last))


def until(people: People, last: int) -> People:
    """Those of these people who are no :func:`newcomers`."""
    return People(people.condition + " AND p.id <= ?", (*people.parameters, last))


def number(store: Store, people: People) -> int:
    """How many participants these are."""
    (found,) = store.row(
        f"SELECT count(*) FROM participant p WHERE {people.condition}", people.parameters
    )
    return int(found)


def counts(store: Store, people: People) -> Counts:
    """How many of these people each segment counts now."""
    rows = store.rows(
        "SELECT m.segment_id, count(*),"
        " sum(CASE WHEN p.email IS NULL OR p.email = '' THEN 0 ELSE 1 END)"
        # CROSS: from the people to their places, and not through everybody's to spare a sort.
        " FROM participant p CROSS JOIN member m"
        f" WHERE m.participant_id = p.id AND {people.condition} GROUP BY m.segment_id",
        people.parameters,
    )
    return {segment: (members, int(with_email)) for segment, members, with_email in rows}


def refresh(
    store: Store, people: People, before: Counts, reasons: Reasons, *, by_subscription: bool
) -> None:
    """Bring these people's memberships and the counts to what the rules say.

    ``before`` are the :func:`counts` from before the change, in the same transaction.
    ``by_subscription``: whether the segments that follow from subscriptions have been made.
    """
    people = _found(store, people)
    present = _present(store, people)
    rule = belonging(people.condition, by_subscription=by_subscription)
    if present or reasons.by_event:
        wanted = set(store.rows(rule, people.parameters))
        _delete(store, reasons.stamped(present - wanted))
        _insert(store, reasons.stamped(wanted - present))
    else:
        _insert_all(store, rule, people, reasons.listing())
    _move_counts(store, people, before)


def fill(store: Store, people: People, cause: int) -> None:
    """Put these people into segments that are new; all others already hold them exactly."""
    before = counts(store, people)
    _insert_all(store, belonging(people.condition), people, cause)
    _move_counts(store, people, before)


def enrol(store: Store, people: People, cause: int, *, by_subscription: bool) -> None:
    """What :func:`refresh` does, for people who were not here before this transaction."""
    rule = belonging(people.condition, by_subscription=by_subscription)
    _insert_all(store, rule, people, cause)
    _move_counts(store, people, {})


def _found(store: Store, people: People) -> People:
    """The same people by their row ids, which are looked up once."""
    (ids,) = store.row(
        f"SELECT {store.gathered('p.id')} FROM participant p WHERE {people.condition}",
        people.parameters,
    )
    return People(store.among("p.id"), (ids or store.values([]),))


def _present(store: Store, people: People) -> set[Row]:
    return set(
        store.rows(
            "SELECT m.participant_id, m.segment_id FROM participant p"
            f" JOIN member m ON m.participant_id = p.id WHERE {people.condition}",
            people.parameters,
        )
    )


def _insert_all(store: Store, rule: str, people: People, cause: int) -> None:
    """In one statement, which does not hold up the other threads as many small ones do."""
    store.execute(
        "INSERT INTO member (participant_id, segment_id, cause)"
        f" SELECT b.participant_id, b.id, {cause:d} FROM ({rule}) AS b WHERE true"
        " ON CONFLICT DO NOTHING",
        people.parameters,
    )


def _move_counts(store: Store, people: People, before: Counts) -> None:
    after = counts(store, people)
    moved = []
    for segment in before.keys() | after.keys():
        old, new = before.get(segment, (0, 0)), after.get(segment, (0, 0))
        if old != new:
            moved.append((new[0] - old[0], new[1] - old[1], segment))
    store.execute_many(
        "UPDATE segment SET count = count + ?, with_email = with_email + ? WHERE id = ?", moved
    )


def _delete(store: Store, members: Sequence[Row]) -> None:
    history.end_places(store, members)
    store.execute_many(
        "DELETE FROM member WHERE participant_id = ? AND segment_id = ?",
        [member[:2] for member in members],
    )


def _insert(store: Store, members: Sequence[Row]) -> None:
    store.execute_many(
        "INSERT INTO member (participant_id, segment_id, cause) VALUES (?, ?, ?)", members
    )


def create_segment(store: Store, connection_id: int, key: str) -> None:
    """Make a built-in segment unless it exists: a reconnected account keeps its own."""
    store.execute(
        "INSERT INTO segment (connection_id, key, kind, count, with_email)"
        " VALUES (?, ?, 'builtin', 0, 0) ON CONFLICT (connection_id, key) DO NOTHING",
        (connection_id, key),
    )


def create_subscription_segments(store: Store, connection_id: int, cause: int) -> None:
    """Make the segments that follow from subscriptions, and one for each product. The indexes
    of subscriptions (:mod:`app.db.indexes`) must be there."""
    for key in SUBSCRIPTION_SEGMENTS:
        create_segment(store, connection_id, key)
    follow_products(store, connection_id, cause)


def drop_subscription_segments(store: Store, connection_id: int, cause: int) -> None:
    """Take them away again: without subscriptions nobody knows who would be in them."""
    _drop_segments(store, connection_id, "key <> 'all'", (), cause)


def _drop_segments(
    store: Store, connection_id: int, which: str, parameters: Sequence[object], cause: int
) -> None:
    found = store.rows(
        f"SELECT id FROM segment WHERE connection_id = ? AND {which}",
        (connection_id, *parameters),
    )
    history.end_segments(store, [segment for (segment,) in found], cause)
    store.execute_many("DELETE FROM segment WHERE id = ?", found)


def follow_products(store: Store, connection_id: int, cause: int) -> list[str]:
    """A segment for each product there is, and none for one that is gone. Returns the
    products whose segments are new and have no members yet."""
    gone = "product IN (SELECT stripe_id FROM product WHERE connection_id = ? AND deleted)"
    _drop_segments(store, connection_id, gone, (connection_id,), cause)
    new = store.rows(
        "SELECT p.stripe_id FROM product p WHERE p.connection_id = ? AND NOT p.deleted"
        " AND NOT EXISTS (SELECT 1 FROM segment g"
        "  WHERE g.connection_id = p.connection_id AND g.product = p.stripe_id)",
        (connection_id,),
    )
    store.execute_many(
        "INSERT INTO segment (connection_id, key, kind, product, count, with_email)"
        " VALUES (?, ?, 'product', ?, 0, 0)",
        [(connection_id, f"product:{product}", product) for (product,) in new],
    )
    return [product for (product,) in new]


def buyers(store: Store, connection_id: int, products: Sequence[str]) -> People:
    """Everybody with a subscription that has one of these products."""
    condition = (
        "p.connection_id = ? AND p.stripe_id IN (SELECT s.customer FROM subscription s"
        " JOIN subscription_item i ON i.subscription_id = s.id"
        f" WHERE s.connection_id = ? AND {store.among('i.product')})"
    )
    return People(condition, (connection_id, connection_id, store.values(products)))


def has_subscription_segments(store: Store, connection_id: int) -> bool:
    """Whether the segments that follow from subscriptions have been made."""
    return bool(
        store.rows(
            "SELECT 1 FROM segment WHERE connection_id = ? AND key = 'none'", (connection_id,)
        )
    )


def chunks(store: Store, connection_id: int) -> Sequence[People]:
    """All participants there are now, in stretches that each make one short transaction."""
    (last,) = store.row(
        "SELECT coalesce(max(id), 0) FROM participant WHERE connection_id = ?", (connection_id,)
    )
    return [
        People(_IN_ORDER + " AND p.id > ? AND p.id <= ?", (connection_id, low, low + CHUNK))
        for low in range(0, last, CHUNK)
    ]
