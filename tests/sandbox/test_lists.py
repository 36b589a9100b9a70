"""Pages, windows and filters of the list endpoints."""

from collections import Counter
from itertools import pairwise

import pytest

from app.sandbox.world.subscription import STATUSES
from tests.helpers.sandbox_client import NOW, Client, Obj
from tests.sandbox.conftest import Serve

LISTS = ("customers", "subscriptions?status=all", "products", "prices")


def _truth(client: Client, name: str) -> list[str]:
    world = client.sandbox.world
    return [found["id"] for found in getattr(world, name.partition("?")[0])()]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101])
def test_exactly_as_many_customers_as_asked_for(serve: Serve, count: int) -> None:
    client = serve(customers=count)
    page = client.get("/v1/customers?limit=100")
    assert page["has_more"] is (count > 100)
    assert len({c["id"] for c in client.walk("/v1/customers")}) == count


def test_envelope_and_default_limit(big: Client) -> None:
    page = big.get("/v1/customers")
    assert {key: page[key] for key in ("object", "url", "has_more")} == {
        "object": "list",
        "url": "/v1/customers",
        "has_more": True,
    }
    assert len(page["data"]) == 10


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("name", LISTS)
def test_a_walk_meets_everything_once_newest_first(serve: Serve, name: str, limit: int) -> None:
    client = serve(customers=60)
    met = list(client.walk(f"/v1/{name}", limit=limit))
    truth = _truth(client, name)
    if name == "prices":
        inactive = {c["id"] for c in client.walk("/v1/prices?active=false", limit=limit)}
        assert inactive
        assert inactive | {c["id"] for c in met} == set(truth)
        truth = [found for found in truth if found not in inactive]
    assert [c["id"] for c in met] == truth
    assert all(a["created"] >= b["created"] for a, b in pairwise(met))


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("name", LISTS[:3])
def test_a_walk_backwards_meets_everything_oldest_first(
    serve: Serve, name: str, limit: int
) -> None:
    client = serve(customers=60)
    truth = _truth(client, name)
    joint = "&" if "?" in name else "?"
    back = f"/v1/{name}{joint}ending_before={truth[-1]}&limit={limit}"
    page = client.get(back)
    assert [c["id"] for c in page["data"]] == truth[-1 - limit : -1]
    met: list[Obj] = page["data"][::-1]
    while page["has_more"]:
        path = f"/v1/{name}{joint}ending_before={met[-1]['id']}&limit={limit}"
        page = client.get(path)
        met += page["data"][::-1]
    assert [c["id"] for c in met] == truth[-2::-1]


def test_a_cursor_at_either_end_gives_an_empty_last_page(big: Client) -> None:
    truth = _truth(big, "customers")
    for cursor in (f"starting_after={truth[-1]}", f"ending_before={truth[0]}"):
        page = big.get(f"/v1/customers?{cursor}")
        assert page["data"] == []
        assert page["has_more"] is False


def test_import_puts_250_customers_into_one_second(big: Client) -> None:
    seconds = Counter(c["created"] for c in big.sandbox.world.customers())
    ((second, count),) = seconds.most_common(1)
    assert count >= 250
    met = [c["id"] for c in big.walk(f"/v1/customers?created={second}")]
    assert len(met) == len(set(met)) == count
    before = big.walk(f"/v1/customers?created[lt]={second}")
    after = big.walk(f"/v1/customers?created[gt]={second}")
    assert [c["id"] for c in after] + met + [c["id"] for c in before] == _truth(big, "customers")


def test_there_are_ties_besides_the_import(big: Client) -> None:
    seconds = Counter(c["created"] for c in big.sandbox.world.customers())
    assert sum(1 for count in seconds.values() if count > 1) > 10


def test_ids_say_nothing_about_time(big: Client) -> None:
    ids = _truth(big, "customers")
    rising = sum(a < b for a, b in pairwise(ids))
    assert len(ids) * 0.2 < rising < len(ids) * 0.8
    assert all(len(found) == 18 for found in ids)


def test_growth_covers_four_years_and_speeds_up(big: Client) -> None:
    created = [c["created"] for c in big.sandbox.world.customers()]
    year = 365 * 86400
    assert NOW - year // 12 < created[0] <= NOW
    assert NOW - 4 * year <= created[-1] < NOW - 3 * year
    assert sum(second > NOW - year for second in created) > len(created) / 3


@pytest.mark.parametrize("name", ["customers", "subscriptions"])
def test_windows_are_exact_at_their_ends(serve: Serve, name: str) -> None:
    client = serve(customers=600, seed=3)
    extra = "&status=all" if name == "subscriptions" else ""
    created = sorted(found["created"] for found in getattr(client.sandbox.world, name)())
    second = created[len(created) // 3]
    for bound, wanted in (
        (f"created[gte]={second}", sum(s >= second for s in created)),
        (f"created[gt]={second}", sum(s > second for s in created)),
        (f"created[lte]={second}", sum(s <= second for s in created)),
        (f"created[lt]={second}", sum(s < second for s in created)),
        (f"created={second}", created.count(second)),
        (f"created[gte]={second}&created[lt]={second}", 0),
        (f"created[gte]={created[5]}&created[lt]={second}", None),
    ):
        met = [found["created"] for found in client.walk(f"/v1/{name}?{bound}{extra}")]
        if wanted is None:
            wanted = sum(created[5] <= s < second for s in created)
        assert len(met) == wanted, bound


def test_windows_and_cursors_together(big: Client) -> None:
    ids = _truth(big, "customers")
    world = big.sandbox.world
    cursor, floor = ids[100], ids[150]
    low = (world.customer(floor) or {})["created"]
    path = f"/v1/customers?created[gt]={low}&starting_after={cursor}"
    met = [c["id"] for c in big.walk(path, limit=20)]
    assert met == [found for found in ids[101:] if (world.customer(found) or {})["created"] > low]


def test_status_filters(serve: Serve) -> None:
    client = serve(customers=1000, seed=3)
    truth = {s["id"]: s["status"] for s in client.sandbox.world.subscriptions()}

    def met(query: str) -> Counter[str]:
        return Counter(s["status"] for s in client.walk(f"/v1/subscriptions{query}"))

    everything = Counter(truth.values())
    assert met("?status=all") == everything
    assert set(everything) == set(STATUSES)
    assert everything["active"] > len(truth) / 2 > everything["canceled"] > len(truth) / 10
    assert met("") == everything - Counter({"canceled": everything["canceled"]})
    ended = ("canceled", "incomplete_expired")
    assert met("?status=ended") == Counter({s: everything[s] for s in ended})
    for status in STATUSES:
        assert met(f"?status={status}") == Counter({status: everything[status]})
    assert client.error("/v1/subscriptions?status=nope", 400)["param"] == "status"


def test_subscriptions_of_a_customer_and_of_a_price(big: Client) -> None:
    whole = list(big.sandbox.world.subscriptions())
    owner = next(o for o, n in Counter(s["customer"] for s in whole).items() if n > 1)
    mine = [s["id"] for s in whole if s["customer"] == owner]
    assert big.ids(f"/v1/subscriptions?status=all&customer={owner}") == mine
    price = whole[0]["items"]["data"][0]["price"]["id"]
    having = [
        s["id"] for s in whole if price in [item["price"]["id"] for item in s["items"]["data"]]
    ]
    path = f"/v1/subscriptions?status=all&price={price}"
    assert [s["id"] for s in big.walk(path)] == having
    error = big.error("/v1/subscriptions?customer=cus_none", 400)
    assert (error["code"], error["param"]) == ("resource_missing", "customer")


def test_more_than_half_subscribe_some_more_than_once(big: Client) -> None:
    owners = Counter(s["customer"] for s in big.sandbox.world.subscriptions())
    assert 0.5 < len(owners) / 5000 < 0.6
    assert sum(count > 1 for count in owners.values()) > 100


def test_customers_by_email(big: Client) -> None:
    shared = [
        c["id"] for c in big.sandbox.world.customers() if c["email"] == "shared@family.example"
    ]
    assert len(shared) > 10
    met = [c["id"] for c in big.walk("/v1/customers?email=shared%40family.example", limit=4)]
    assert met == shared
    assert big.data("/v1/customers?email=SHARED%40family.example") == []


def test_products_by_activity_and_ids(big: Client) -> None:
    active, archived = (big.ids(f"/v1/products?active={a}&limit=100") for a in ("true", "false"))
    assert len(archived) == 1
    assert len(active) == 11
    several = "&".join(f"ids[{n}]={found}" for n, found in enumerate(active[:3]))
    assert big.ids(f"/v1/products?{several}") == active[:3]
    error = big.error(f"/v1/products?{several}&starting_after={active[0]}", 400)
    assert error["code"] == "parameters_exclusive"


def test_prices_are_active_by_default_and_filterable(big: Client) -> None:
    active = big.data("/v1/prices?limit=100")
    inactive = big.data("/v1/prices?limit=100&active=false")
    assert inactive
    assert all(price["active"] for price in active)
    assert not any(price["active"] for price in inactive)
    product = active[0]["product"]
    for query, name, value in (
        (f"product={product}", "product", product),
        ("currency=jpy", "currency", "jpy"),
        ("type=one_time", "type", "one_time"),
    ):
        wanted = [price["id"] for price in active if price[name] == value]
        assert wanted
        assert big.ids(f"/v1/prices?limit=100&{query}") == wanted
    assert {price["currency"] for price in active} == {"usd", "eur", "gbp", "jpy"}


def test_inline_prices_are_on_items_but_in_no_list(big: Client) -> None:
    listed = {p["id"] for q in ("true", "false") for p in big.walk(f"/v1/prices?active={q}")}
    held = {
        item["price"]["id"]
        for s in big.sandbox.world.subscriptions()
        for item in s["items"]["data"]
    }
    inline = held - listed
    assert inline
    some = inline.pop()
    assert big.get(f"/v1/prices/{some}")["id"] == some


def test_rows_created_during_a_walk_do_not_disturb_it(serve: Serve) -> None:
    client = serve(customers=40)
    truth = _truth(client, "customers")

    def create(path: str, query: dict[str, object]) -> None:
        client.sandbox.world.create_customer()

    client.sandbox.on_request = create
    met = [c["id"] for c in client.walk("/v1/customers", limit=7)]
    assert met[1:] == truth
    assert len(_truth(client, "customers")) == 40 + 6
