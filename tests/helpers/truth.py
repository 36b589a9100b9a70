"""What the panel must be, worked out from Stripe's objects in plain Python."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from app.db.segment_rules import belonging
from app.db.store import Store
from app.panel.segments.views import segments
from app.sandbox.world.world import World
from app.text import storable

LIVE = {"active", "trialing", "past_due"}
KEYS = ("all", "active", "trialing", "past_due", "canceled", "paused", "unpaid", "none")

Rows = dict[str, tuple[Any, ...]]


def expected_participants(world: World) -> Rows:
    return {
        one["id"]: (
            _text(one.get("email")),
            _text(one.get("name")),
            _text(one.get("phone")),
            _text(one.get("currency")),
            {storable(key): storable(value) for key, value in one["metadata"].items()},
            one["created"],
        )
        for one in world.customers()
    }


def stored_participants(store: Store) -> Rows:
    rows = store.rows(
        "SELECT stripe_id, email, name, phone, currency, metadata, created FROM participant"
        " WHERE NOT deleted"
    )
    return {row[0]: (*row[1:5], json.loads(row[5]), row[6]) for row in rows}


def expected_subscriptions(world: World) -> Rows:
    return {
        one["id"]: (
            one["customer"],
            one["status"],
            one["created"],
            one["start_date"],
            one["trial_end"],
            one["cancel_at"],
            one["canceled_at"],
            one["ended_at"],
            one["pause_collection"] is not None,
            {
                (
                    item["id"],
                    item["price"]["id"],
                    item["price"]["product"],
                    item["current_period_end"],
                )
                for item in one["items"]["data"]
            },
        )
        for one in world.subscriptions()
    }


def stored_subscriptions(store: Store) -> Rows:
    items: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
    for owner, *item in store.rows(
        "SELECT subscription_id, stripe_id, price, product, current_period_end"
        " FROM subscription_item"
    ):
        items[owner].add(tuple(item))
    rows = store.rows(
        "SELECT id, stripe_id, customer, status, created, start, trial_end, cancel_at,"
        " canceled_at, ended_at, collection_paused FROM subscription WHERE NOT deleted"
    )
    return {row[1]: (*row[2:10], bool(row[10]), items[row[0]]) for row in rows}


def expected_products(world: World) -> Rows:
    return {one["id"]: (storable(one["name"]), one["active"]) for one in world.products()}


def stored_products(store: Store) -> Rows:
    rows = store.rows("SELECT stripe_id, name, active FROM product WHERE NOT deleted")
    return {key: (name, bool(active)) for key, name, active in rows}


class Held(NamedTuple):
    """A subscription, as far as the rules of segments ask."""

    status: str
    paused: bool = False  # its collection is
    products: frozenset[str] = frozenset()


def segments_of(held: Iterable[Held]) -> set[str]:
    """The keys of the segments of a participant who holds these: design.md's table."""
    held = list(held)
    live = [one for one in held if one.status in LIVE]
    keys = {"all", *(one.status for one in live)}
    keys.update(f"product:{key}" for one in live for key in one.products)
    if not held:
        keys.add("none")
    if any(one.status == "canceled" for one in held) and not live:
        keys.add("canceled")
    if any(one.status == "unpaid" for one in held) and not live:
        keys.add("unpaid")
    paused = [one for one in held if one.status == "paused" or one.paused]
    if paused and all(one.paused for one in live):
        keys.add("paused")
    return keys


def expected_members(world: World) -> dict[str, set[str]]:
    """Segment key -> Stripe ids, each rule applied from scratch."""
    held: dict[str, list[Held]] = defaultdict(list)
    for one in world.subscriptions():
        products = frozenset(item["price"]["product"] for item in one["items"]["data"])
        paused = one["pause_collection"] is not None
        held[one["customer"]].append(Held(one["status"], paused, products))
    found: dict[str, set[str]] = {key: set() for key in KEYS}
    found |= {f"product:{one['id']}": set() for one in world.products()}
    for one in world.customers():
        for key in segments_of(held[one["id"]]) & found.keys():
            found[key].add(one["id"])
    return found


def expected_segments(world: World) -> dict[str, tuple[int, int]]:
    """key -> (members, members with an email)."""
    with_email = {one["id"] for one in world.customers() if one.get("email")}
    return {key: (len(who), len(who & with_email)) for key, who in expected_members(world).items()}


def stored_segments(store: Store, connection_id: int) -> dict[str, tuple[int, int]]:
    return {one.key: (one.count, one.with_email) for one in segments(store, connection_id)}


def assert_equal(world: World, store: Store, connection_id: int) -> None:
    """Every stored field of every object, every segment's counts, and every membership."""
    assert _difference(expected_participants(world), stored_participants(store)) == {}
    assert _difference(expected_subscriptions(world), stored_subscriptions(store)) == {}
    assert _difference(expected_products(world), stored_products(store)) == {}
    assert expected_segments(world) == stored_segments(store, connection_id)
    assert_members_follow_rules(store)


def assert_members_follow_rules(store: Store) -> None:
    members = set(store.rows("SELECT participant_id, segment_id FROM member"))
    assert members == set(store.rows(belonging("true")))
    counted: dict[int, int] = dict(
        store.rows("SELECT segment_id, count(*) FROM member GROUP BY segment_id")
    )
    for key, count in store.rows("SELECT id, count FROM segment"):
        assert count == counted.get(key, 0)


def _difference(expected: Rows, stored: Rows) -> dict[str, tuple[Any, Any]]:
    return {
        key: (expected.get(key), stored.get(key))
        for key in expected.keys() | stored.keys()
        if expected.get(key) != stored.get(key)
    }


def _text(value: str | None) -> str | None:
    return None if value is None else storable(value)
