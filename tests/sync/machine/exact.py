"""What must hold of the panel: always, and once everything has arrived."""

from __future__ import annotations

from collections import defaultdict

from app.db import connections
from app.db.store import Store
from app.sandbox.world.world import World
from tests.helpers.truth import (
    Rows,
    assert_equal,
    assert_members_follow_rules,
    expected_members,
)
from tests.sync.machine.changes import shown_prices


def alive(store: Store) -> set[str]:
    """Stripe ids of the participants that are not deleted."""
    return {key for (key,) in store.rows("SELECT stripe_id FROM participant WHERE NOT deleted")}


def assert_sound(store: Store, connection_id: int) -> None:
    """At any moment, however the last run ended: no one is there twice, and members and counts
    are what the rules say of the rows that are there."""
    assert store.rows("SELECT count(*) - count(DISTINCT stripe_id) FROM participant") == [(0,)]
    if connections.steps(store, connection_id)["segments"].state == "done":
        assert_members_follow_rules(store)


def assert_exact(world: World, store: Store, connection_id: int) -> None:
    """Once everything has arrived: the panel is the account."""
    state = connections.sync_state(store, connection_id)
    assert state.status == "complete"
    assert state.settled == state.generation
    assert connections.windows(store, connection_id) == []
    assert store.rows("SELECT * FROM quarantine") == []
    assert store.rows("SELECT count(*) - count(DISTINCT stripe_id) FROM subscription") == [(0,)]
    assert_equal(world, store, connection_id)
    _assert_prices(world, store)
    expected, stored = expected_members(world), stored_members(store, connection_id)
    assert {k: expected.get(k) for k in expected if expected[k] != stored.get(k)} == {}
    assert stored.keys() == expected.keys()


def stored_members(store: Store, connection_id: int) -> dict[str, set[str]]:
    """Segment key → Stripe ids, as remembered."""
    rows = store.rows(
        "SELECT g.key, p.stripe_id FROM segment g LEFT JOIN member m ON m.segment_id = g.id"
        " LEFT JOIN participant p ON p.id = m.participant_id WHERE g.connection_id = ?",
        (connection_id,),
    )
    found: dict[str, set[str]] = defaultdict(set)
    for key, who in rows:
        found[key] |= {who} if who else set()
    return found


def _assert_prices(world: World, store: Store) -> None:
    """Every price of the lists. Beside them may stand what a subscription shows, and what it
    showed of a product that was deleted under it."""
    expected: Rows = {
        one["id"]: (
            one["product"],
            one["nickname"],
            one["active"],
            one["currency"],
            one["unit_amount"],
            one["recurring"] and one["recurring"]["interval"],
        )
        for one in world.prices()
    }
    rows = store.rows(
        "SELECT stripe_id, product, nickname, active, currency, unit_amount, interval"
        " FROM price WHERE NOT deleted"
    )
    stored: Rows = {row[0]: (*row[1:3], bool(row[3]), *row[4:]) for row in rows}
    assert {k: (v, stored.get(k)) for k, v in expected.items() if v != stored.get(k)} == {}
    products = {one["id"] for one in world.products()}
    beside = stored.keys() - expected.keys() - shown_prices(world)
    assert {stored[key][0] for key in beside} & products == set()
