"""Single objects: schema, nested items, expansion, planted and hostile values."""

import json
import random
from collections import Counter
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from app.sandbox.world.changes import random_change
from app.sandbox.world.event_log import TYPES
from app.sandbox.world.hostile import HOSTILE
from app.sandbox.world.world import World
from tests.helpers.sandbox_client import Client, Clock, Obj
from tests.sandbox.conftest import Serve

SCHEMA: Obj = json.loads(Path(__file__).with_name("stripe.schema.json").read_text())


def check(kind: str, value: object) -> None:
    schema = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{kind}"}
    errors = [*Draft202012Validator(schema).iter_errors(value)]
    assert not errors, errors[0]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/customers?limit=100", "list_customer"),
        ("/v1/subscriptions?limit=100&status=all", "list_subscription"),
        ("/v1/products?limit=100", "list_product"),
        ("/v1/prices?limit=100", "list_price"),
        ("/v1/prices?limit=100&active=false", "list_price"),
        ("/v1/events?limit=100", "list_event"),
        ("/v1/customers?expand[]=data.subscriptions&expand[]=data.tax_ids", "list_customer"),
        ("/v1/customers?expand[]=data.sources&expand[]=data.default_source", "list_customer"),
        ("/v1/subscriptions?expand[]=data.customer", "list_subscription"),
        ("/v1/subscriptions?expand[]=data.latest_invoice", "list_subscription"),
        ("/v1/subscriptions?expand[]=data.default_payment_method", "list_subscription"),
        ("/v1/prices?expand[]=data.product", "list_price"),
        ("/v1/products?expand[]=data.default_price", "list_product"),
    ],
)
def test_lists_match_stripes_schema(serve: Serve, path: str, kind: str) -> None:
    client = serve(customers=150)
    owner = client.sandbox.world.create_customer()
    client.sandbox.world.create_subscription(owner, items=12, status="paused")
    page = client.get(path)
    assert page["data"]
    check(kind, page)


def test_single_objects_match_stripes_schema(serve: Serve) -> None:
    client = serve()
    world = client.sandbox.world
    owner = world.create_customer()
    subscription = world.create_subscription(owner)
    item = (world.subscription(subscription) or {})["items"]["data"][0]["id"]
    product = world.create_product()
    price = world.create_price(product)
    event = next(world.events())["id"]
    for path, kind in (
        (f"customers/{owner}", "customer"),
        (f"subscriptions/{subscription}", "subscription"),
        (f"subscription_items/{item}", "subscription_item"),
        (f"subscription_items?subscription={subscription}", "list_subscription_item"),
        (f"products/{product}", "product"),
        (f"prices/{price}", "price"),
        (f"events/{event}", "event"),
    ):
        check(kind, client.get(f"/v1/{path}"))
    world.delete_customer(owner)
    check("deleted_customer", client.get(f"/v1/customers/{owner}"))
    check("error", client.get("/v1/customers/cus_x", 404))
    with Client(client.sandbox, world.secret_key) as secret:
        check("account", secret.get("/v1/account"))


def test_single_objects_are_what_the_list_shows(big: Client) -> None:
    for name in ("customers", "subscriptions", "products", "prices"):
        for shown in big.data(f"/v1/{name}?limit=20"):
            assert big.get(f"/v1/{name}/{shown['id']}") == shown


def test_nested_items_show_ten_and_page_on(big: Client) -> None:
    whole = {s["id"]: s for s in big.sandbox.world.subscriptions()}
    counts = Counter(len(s["items"]["data"]) for s in whole.values())
    assert max(counts) > 20
    long = next(found for found, s in whole.items() if len(s["items"]["data"]) > 20)
    shown = big.get(f"/v1/subscriptions/{long}")["items"]
    ids = [item["id"] for item in whole[long]["items"]["data"]]
    assert len(set(ids)) == len(ids)
    assert shown["has_more"] is True
    assert shown["url"] == f"/v1/subscription_items?subscription={long}"
    first = [item["id"] for item in shown["data"]]
    assert first == ids[:10]
    path = f"{shown['url']}&starting_after={first[-1]}"
    rest = big.get(f"{path}&limit=100")
    assert [item["id"] for item in rest["data"]] == ids[10:]
    assert rest["has_more"] is False
    assert big.get(f"{path}&limit=3")["has_more"] is True
    back = big.get(f"{shown['url']}&ending_before={ids[12]}&limit=5")
    assert [item["id"] for item in back["data"]] == ids[7:12]
    assert back["has_more"] is True
    short = next(s for s in whole.values() if len(s["items"]["data"]) == 1)
    assert big.get(f"/v1/subscriptions/{short['id']}")["items"]["has_more"] is False


def test_periods_are_on_items_only_and_can_differ(big: Client) -> None:
    differing = 0
    for subscription in big.walk("/v1/subscriptions?status=all"):
        assert "current_period_end" not in subscription
        ends = {item["current_period_end"] for item in subscription["items"]["data"]}
        differing += len(ends) > 1
        currencies = {item["price"]["currency"] for item in subscription["items"]["data"]}
        assert currencies == {subscription["currency"]}
    assert differing


def test_expansion_in_both_encodings(big: Client) -> None:
    for encoding in ("expand[]", "expand[0]"):
        shown = big.data(f"/v1/subscriptions?limit=3&{encoding}=data.customer")
        for subscription in shown:
            owner = subscription["customer"]
            assert owner == big.get(f"/v1/customers/{owner['id']}")
    both = big.data("/v1/subscriptions?expand[0]=data.customer&expand[1]=data.latest_invoice")
    assert both[0]["customer"]["object"] == "customer"
    assert both[0]["latest_invoice"]["object"] == "invoice"
    one = big.get(f"/v1/prices/{big.ids('/v1/prices')[0]}?expand[]=product")
    assert one["product"]["object"] == "product"


def test_expanded_subscriptions_leave_out_ended_ones(big: Client) -> None:
    met = list(big.walk("/v1/customers?expand[]=data.subscriptions"))
    nested = [s for c in met for s in c["subscriptions"]["data"]]
    assert nested
    assert {s["status"] for s in nested} & {"canceled", "incomplete_expired"} == set()


def test_what_a_client_must_not_store_is_there(big: Client) -> None:
    page = big.raw("/v1/customers?limit=100").text
    for planted in ("card_1Planted", "pm_1Planted", "Planted Street", "Planted-", "-919077"):
        assert planted in page
    page = big.raw("/v1/subscriptions?limit=10").text
    for planted in ("card_1Planted", "pm_1Planted", "txi_1Planted", "in_1Planted"):
        assert planted in page


def test_every_hostile_kind_is_in_a_demo() -> None:
    shown = list(World(customers=500, clock=Clock()).customers())
    assert any("[" in (c["name"] or "") for c in shown[:10])
    names = {c["name"] for c in shown}
    for hostile in HOSTILE:
        assert hostile["name"] in names


def test_hostile_share_of_a_large_account(big: Client) -> None:
    hostile = {h["name"] for h in HOSTILE}
    count = sum(c["name"] in hostile for c in big.sandbox.world.customers())
    assert 25 < count < 100


def test_lone_surrogate_goes_out_as_an_escape(serve: Serve) -> None:
    client = serve(customers=500)
    page = client.raw("/v1/customers?limit=100").content
    assert rb"lone \ud800 surrogate" in page
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(page)
    assert len(json.loads(page)["data"]) == 100


def test_emails_are_of_every_sort_and_only_at_example_domains(big: Client) -> None:
    emails = [c["email"] for c in big.sandbox.world.customers()]
    assert None in emails
    given = [email for email in emails if email]
    assert any(email.isupper() or "EXAMPLE" in email for email in given)
    assert any(", " in email for email in given)
    assert any(email.count("@") == 0 for email in given)
    assert max(Counter(given).values()) > 10
    for email in given:
        for part in email.lower().split("@")[1:]:
            domain = part.split(",")[0].split()[0]
            assert domain in ("example.com", "example.org", "example") or domain.endswith(
                ".example"
            )
    names = {c["name"] for c in big.sandbox.world.customers()}
    assert {"", None} <= names


def test_poison_is_served_and_only_when_asked_for(serve: Serve) -> None:
    clean, poisoned = serve(customers=20), serve(customers=20, poison=True)
    assert len(clean.data("/v1/customers?limit=100")) == 20
    page = poisoned.raw("/v1/customers?limit=100")
    assert page.status_code == 200
    text = page.text
    for sign in ('"yesterday"', str(10**40), "[" * 3000, '"object": "not text"'):
        assert sign in text
    assert len(list(poisoned.sandbox.world.customers())) == 28


def test_same_seed_same_bytes() -> None:
    def everything(seed: int) -> bytes:
        world = World(customers=300, seed=seed, clock=Clock(), event_lag=2)
        rng = random.Random(1)
        said = [random_change(world, rng) for _ in range(60)]
        kinds = (world.customers, world.subscriptions, world.products, world.prices, world.events)
        head = [world.account_id, world.restricted_key, world.secret_key]
        text = json.dumps([head, said, [list(kind()) for kind in kinds]])
        return text.encode()

    assert everything(7) == everything(7)
    assert everything(7) != everything(8)


def test_live_accounts_are_live_everywhere(serve: Serve) -> None:
    client = serve(live=True)
    world = client.sandbox.world
    assert world.restricted_key.startswith("rk_live_51")
    assert len(world.restricted_key) >= 40
    world.create_customer()
    for name in ("customers", "subscriptions?status=all", "products", "prices", "events"):
        assert all(found["livemode"] is True for found in client.data(f"/v1/{name}"))
    test = serve().sandbox.world
    assert test.restricted_key.startswith("rk_test_51")
    assert next(test.customers())["livemode"] is False


def test_random_changes_make_every_type_of_event() -> None:
    world, rng = World(customers=300, clock=Clock()), random.Random(2)
    for _ in range(4000):
        assert random_change(world, rng)
    assert {event["type"] for event in world.events()} == set(TYPES)
    assert len(TYPES) == 17
