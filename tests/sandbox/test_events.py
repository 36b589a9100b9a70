"""Changes and the events they make: types, lag, order, retention, snapshots, deletion."""

import random

import pytest

from app.sandbox.world.changes import random_change
from app.sandbox.world.event_log import TYPES
from tests.helpers.sandbox_client import NOW, Client, Clock
from tests.sandbox.conftest import Serve


def _types(client: Client, query: str = "") -> list[str]:
    return [event["type"] for event in client.walk(f"/v1/events{query}")]


def test_a_seeded_world_has_no_events(serve: Serve) -> None:
    assert serve(customers=200).data("/v1/events") == []


def test_each_change_makes_its_events(serve: Serve) -> None:
    client = serve(customers=0)
    world = client.sandbox.world

    def after() -> list[str]:
        made, seen[:] = _types(client)[: -len(seen) or None], _types(client)
        return made[::-1]

    seen: list[str] = []
    owner = world.create_customer(name="Ada", email="ada@example.com")
    assert after() == ["customer.created"]
    world.update_customer(owner, name="Ada L.")
    assert after() == ["customer.updated"]
    world.update_customer(owner, name="Ada L.")
    assert after() == []
    first = world.create_subscription(owner, status="trialing")
    assert after() == ["customer.subscription.created"]
    world.update_subscription(first, status="paused")
    assert after() == ["customer.subscription.updated", "customer.subscription.paused"]
    world.update_subscription(first, status="active")
    assert after() == ["customer.subscription.updated", "customer.subscription.resumed"]
    world.remind(first)
    assert after() == ["customer.subscription.trial_will_end"]
    world.cancel_subscription(first)
    assert after() == ["customer.subscription.deleted"]
    world.create_subscription(owner)
    world.delete_customer(owner)
    assert after() == [
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.deleted",
    ]
    product = world.create_product(name="Kit")
    price = world.create_price(product, unit_amount=500)
    world.update_product(product, name="Suite")
    world.update_price(price, active=False)
    assert after() == ["product.created", "price.created", "product.updated", "price.updated"]
    world.delete_product(product)
    assert after() == ["price.deleted", "product.deleted"]


def test_what_changed_is_what_is_served(serve: Serve, clock: Clock) -> None:
    client = serve(customers=50)
    world = client.sandbox.world
    clock.now += 1000
    some = client.ids("/v1/customers")[5]
    world.update_customer(some, name="New Name", metadata={"a": "1"})
    shown = client.get(f"/v1/customers/{some}")
    assert (shown["name"], shown["metadata"]) == ("New Name", {"a": "1"})
    assert client.data("/v1/customers")[5] == shown
    new = world.create_customer(email=None)
    assert client.ids("/v1/customers")[0] == new
    assert client.get(f"/v1/customers/{new}")["created"] == NOW + 1000
    prices = world.usable_prices()[:3]
    held = world.create_subscription(new, price_ids=prices)
    items = client.get(f"/v1/subscriptions/{held}")["items"]["data"]
    assert [item["price"]["id"] for item in items] == prices
    world.update_subscription(held, price_ids=prices[:1])
    (item,) = client.get(f"/v1/subscriptions/{held}")["items"]["data"]
    assert item["id"] not in [old["id"] for old in items]
    assert client.ids(f"/v1/subscriptions?customer={new}") == [held]
    world.update_price(prices[0], nickname="Renamed")
    (item,) = client.get(f"/v1/subscriptions/{held}")["items"]["data"]
    assert item["price"]["nickname"] == item["plan"]["nickname"] == "Renamed"
    world.update_subscription(held, status="past_due")
    assert client.ids("/v1/subscriptions?status=past_due")[0] == held


def test_deleted_customers(serve: Serve) -> None:
    client = serve(customers=200)
    world = client.sandbox.world
    owner = next(s["customer"] for s in world.subscriptions() if s["status"] == "active")
    mine = client.ids(f"/v1/subscriptions?customer={owner}")
    ended = client.ids(f"/v1/subscriptions?customer={owner}&status=ended")
    world.delete_customer(owner)
    assert client.get(f"/v1/customers/{owner}") == {
        "id": owner,
        "object": "customer",
        "deleted": True,
    }
    assert owner not in [c["id"] for c in client.walk("/v1/customers")]
    for held in mine:
        if held not in ended:
            assert client.get(f"/v1/subscriptions/{held}")["status"] == "canceled"
    everyone = [s["id"] for s in client.walk("/v1/subscriptions?status=all")]
    assert set(mine) <= set(everyone)
    error = client.error(f"/v1/customers?starting_after={owner}", 400)
    assert (error["code"], error["param"]) == ("resource_missing", "starting_after")
    with pytest.raises(KeyError):
        world.update_customer(owner, name="Ghost")


def test_deleted_products_and_prices(serve: Serve) -> None:
    client = serve(customers=200)
    world = client.sandbox.world
    held = next(world.subscriptions())
    price = held["items"]["data"][0]["price"]
    prices = {p["id"] for p in world.prices() if p["product"] == price["product"]}
    world.delete_product(price["product"])
    assert client.error(f"/v1/products/{price['product']}", 404)["code"] == "resource_missing"
    assert price["product"] not in client.ids("/v1/products?limit=100")
    for found in prices:
        client.error(f"/v1/prices/{found}", 404)
    listed = client.ids("/v1/prices?limit=100") + client.ids("/v1/prices?limit=100&active=false")
    assert not prices & set(listed)
    assert client.get(f"/v1/subscriptions/{held['id']}") == client.data("/v1/subscriptions")[0]


def test_events_are_late_by_up_to_the_lag_and_out_of_order(serve: Serve, clock: Clock) -> None:
    client = serve(customers=5, event_lag=10.0)
    world = client.sandbox.world
    for _ in range(60):
        world.create_customer()
        clock.now += 0.1
    truth = [event["id"] for event in world.events()]
    partly = [event["id"] for event in client.walk("/v1/events")]
    assert 0 < len(partly) < 60
    hidden = next(found for found in truth if found not in partly)
    client.error(f"/v1/events/{hidden}", 404)
    # Some are missing behind newer ones already seen.
    assert partly != truth[-len(partly) :]
    clock.now += 10
    assert [event["id"] for event in client.walk("/v1/events", limit=7)] == truth
    client.get(f"/v1/events/{hidden}")


def test_events_are_kept_for_thirty_days(serve: Serve, clock: Clock) -> None:
    client = serve(customers=0)
    world = client.sandbox.world
    world.create_customer()
    (old,) = client.ids("/v1/events")
    clock.now += 30 * 86400
    world.create_customer()
    assert len(client.ids("/v1/events")) == 2
    clock.now += 1
    assert len(client.ids("/v1/events")) == 1
    error = client.error(f"/v1/events/{old}", 404)
    assert "aged out of our retention policy" in error["message"]
    error = client.error(f"/v1/events?ending_before={old}", 400)
    assert error["param"] == "ending_before"


def test_events_by_type_in_every_encoding(serve: Serve) -> None:
    client = serve(customers=100)
    rng = random.Random(5)
    for _ in range(300):
        random_change(client.sandbox.world, rng)
    everything = _types(client)
    customers = [t for t in everything if t.startswith("customer.")]
    assert _types(client, "?type=customer.*") == customers
    assert _types(client, "?type=product.updated") == ["product.updated"] * everything.count(
        "product.updated"
    )
    two = [t for t in everything if t in ("customer.updated", "price.updated")]
    assert _types(client, "?types[]=customer.updated&types[]=price.updated") == two
    assert _types(client, "?types[0]=customer.updated&types[1]=price.updated") == two
    every = "&".join(f"types[{n}]={name}" for n, name in enumerate(TYPES))
    assert _types(client, f"?{every}") == everything
    many = "&".join("types[]=customer.updated" for _ in range(21))
    assert client.error(f"/v1/events?{many}", 400)["param"] == "types"
    both = client.error("/v1/events?type=customer.*&types[]=price.updated", 400)
    assert both["code"] == "parameters_exclusive"


def test_snapshots_are_of_the_accounts_older_version(serve: Serve) -> None:
    client = serve(customers=1)
    world = client.sandbox.world
    (owner,) = (c["id"] for c in world.customers())
    held = world.create_subscription(owner, items=12)
    (event,) = client.data("/v1/events")
    assert event["api_version"] == "2022-11-15"
    old = event["data"]["object"]
    assert old["current_period_end"] > NOW
    assert "current_period_end" not in old["items"]["data"][0]
    assert len(old["items"]["data"]) == 10
    assert old["items"]["has_more"] is True
    assert "billing_mode" not in old
    world.update_customer(owner, name="Later")
    world.update_subscription(held, status="past_due")
    assert client.get(f"/v1/events/{event['id']}") == event
    newest = client.data("/v1/events")[0]
    assert newest["data"]["previous_attributes"]["status"] == "active"
    assert newest["data"]["object"]["status"] == "past_due"


def test_event_ids_are_not_ordered_and_times_never_run_back(serve: Serve, clock: Clock) -> None:
    client = serve(customers=0)
    for step in (5, -100, 3, 0, 7):
        clock.now += step
        for _ in range(5):
            client.sandbox.world.create_customer()
    events = list(client.walk("/v1/events", limit=4))
    created = [event["created"] for event in events]
    assert created == sorted(created, reverse=True)
    ids = [event["id"] for event in events]
    assert ids not in (sorted(ids), sorted(ids, reverse=True))


def test_duplicates_when_asked_for(serve: Serve) -> None:
    client = serve(customers=0)
    client.sandbox.world.events_table.duplicates = 1.0
    client.sandbox.world.create_customer()
    one, two = client.data("/v1/events")
    assert one["id"] != two["id"]
    assert one["data"] == two["data"]


def test_ended_subscriptions_do_not_change(serve: Serve) -> None:
    world = serve(customers=1).sandbox.world
    held = world.create_subscription(next(world.customers())["id"])
    world.update_subscription(held, status="canceled")
    assert (world.subscription(held) or {})["ended_at"] == NOW
    with pytest.raises(ValueError, match="ended"):
        world.update_subscription(held, status="active")
    with pytest.raises(ValueError, match="ended"):
        world.cancel_subscription(held)
    with pytest.raises(ValueError, match="created"):
        world.create_customer(created=1)
