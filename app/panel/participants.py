"""Streams the participants of a connection: any number of them in constant memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from app.db.people import LOST
from app.db.store import Store
from app.panel.knowledge import doubts_of
from app.panel.lists import search as panel_search
from app.panel.lists.selection import Condition
from app.panel.stored_participant import COLUMNS, values

CHUNK = 500

Person = dict[str, Any]


def participants(
    store: Store,
    connection_id: int,
    *,
    segment: str | None = None,
    search: str | None = None,
    where: Condition | None = None,
    deleted: bool = False,
) -> Iterator[Person]:
    """Every participant with their subscriptions, ordered by Stripe id.

    ``segment``: only members of the segment with this key. ``search``: only participants that
    contain the text, as in :mod:`app.panel.lists.search`. ``where``: only participants that a
    filter finds (:mod:`app.panel.filters`), which excludes deleted ones. ``deleted``: include
    deleted ones.
    """
    conditions, parameters = ["p.connection_id = ?"], [connection_id]
    narrowing: list[object] = [*parameters]
    conditions.append(f"NOT {LOST}" if deleted and where is None else "NOT p.deleted")
    if segment is not None:
        conditions.append(
            "p.id IN (SELECT m.participant_id FROM member m JOIN segment g ON g.id = m.segment_id"
            " WHERE g.connection_id = ? AND g.key = ?)"
        )
        narrowing += [connection_id, segment]
    searched = panel_search.search(store, search).condition if search else None
    if searched is not None:
        conditions.append(f"({searched.sql})")
        narrowing += searched.parameters
    if where is not None:
        conditions.append(f"({where.sql})")
        narrowing += where.parameters
    yield from _in_chunks(store, connection_id, " AND ".join(conditions), narrowing)


def _in_chunks(
    store: Store, connection_id: int, condition: str, parameters: list[object]
) -> Iterator[Person]:
    last = ""
    while True:
        rows = store.rows(
            f"SELECT p.deleted, {COLUMNS} FROM participant p WHERE {condition} AND p.stripe_id > ?"
            f" ORDER BY p.stripe_id LIMIT {CHUNK}",
            (*parameters, last),
        )
        if not rows:
            return
        people = [(values(fields), bool(deleted)) for deleted, *fields in rows]
        last = people[-1][0]["stripe_id"]
        subscriptions = _subscriptions(
            store, connection_id, [person["stripe_id"] for person, _ in people]
        )
        everyone, doubtful = doubts_of(
            store, connection_id, [person["stripe_id"] for person, _ in people]
        )
        for person, deleted in people:
            mine = subscriptions[person["stripe_id"]]
            yield {
                **person,
                "deleted": deleted,
                "subscriptions": mine,
                "subscriptions_known": not (everyone or person["stripe_id"] in doubtful),
            }


def _subscriptions(
    store: Store, connection_id: int, customers: list[str]
) -> defaultdict[str, list[Person]]:
    """Each customer's subscriptions, ordered by Stripe id."""
    rows = store.rows(
        "SELECT s.stripe_id, i.stripe_id, s.customer, s.status, i.product, i.price"
        " FROM subscription s"
        " LEFT JOIN subscription_item i ON i.subscription_id = s.id"
        f" WHERE s.connection_id = ? AND NOT s.deleted AND {store.among('s.customer')}",
        (connection_id, store.values(customers)),
    )
    found: defaultdict[str, list[Person]] = defaultdict(list)
    # Sorted here, because SQLite would read all subscriptions in that order.
    rows.sort(key=lambda row: (row[0], row[1] or ""))
    for key, _, customer, status, product, price in rows:
        mine = found[customer]
        if not mine or mine[-1]["id"] != key:
            mine.append({"id": key, "status": status, "products": [], "prices": []})
        for field, value in (("products", product), ("prices", price)):
            if value is not None and value not in mine[-1][field]:
                mine[-1][field].append(value)
    return found
