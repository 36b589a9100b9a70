"""Everything about one person."""

from __future__ import annotations

import pytest

from app.db.rows import DeletedObject, EventRow
from app.db.store import Store
from app.panel.labels import day, price_words, rhythm, standing, status_words
from app.panel.person import dashboard_url, person, segment_names
from tests.db.test_history import happened, panel, told
from tests.helpers.rows import item, price, product, subscribed
from tests.helpers.rows import person as made


def row_id(store: Store, key: str) -> int:
    return int(store.row("SELECT id FROM participant WHERE stripe_id = ?", (key,))[0])


def test_everything_that_is_known(store: Store) -> None:
    here = panel(store)
    happened(
        store,
        here,
        2,
        told("customer.subscription.updated", 2_000, "sub_ada"),
        participants=[made("cus_ada", name="Ada\x1b[2J", metadata='{"role":"ops"}', phone="+1")],
        products=[product("prod_a", "Pro"), product("prod_b", "Old")],
        prices=[
            price("price_prod_a", nickname="Monthly"),
            price("price_prod_b", unit_amount=990, currency="jpy", interval="year"),
        ],
        subscriptions=[
            subscribed("sub_ada", "cus_ada", "canceled", canceled_at=1_900, ended_at=2_000),
            subscribed("sub_new", "cus_ada", "trialing", created=1_700_000_001, trial_end=9_000),
        ],
        items=[item("sub_ada", "prod_b"), item("sub_new", "prod_a"), item("sub_new", "prod_x")],
    )
    found = person(store, row_id(store, "cus_ada"))
    assert found
    assert (found.name, found.phone, found.metadata) == ("Ada\x1b[2J", "+1", {"role": "ops"})
    assert (found.deleted, found.status) == (False, "trialing")
    new, old = found.subscriptions
    assert (new.stripe_id, new.status_words, new.trial_end) == ("sub_new", "trialing", 9_000)
    assert [(one.product, one.nickname, one.price) for one in new.items] == [
        ("Pro", "Monthly", "12.00 USD monthly"),
        ("prod_x", None, ""),
    ]
    assert (old.status, old.canceled_at, old.ended_at) == ("canceled", 1_900, 2_000)
    assert [one.price for one in old.items] == ["990 JPY yearly"]
    now = {one.name: one.place for one in found.now}
    assert set(now) == {"All Customers", "Trialing", "Pro"}
    assert now["Trialing"].since == 2_000
    assert now["Trialing"].joined_by.type == "customer.subscription.updated"
    assert [(one.name, one.place.until) for one in found.past] == [("Active Subscribers", 2_000)]
    assert found.url.endswith("/test/customers/cus_ada")


def test_who_is_deleted_is_in_no_segment(store: Store) -> None:
    here = panel(store)
    gone = [DeletedObject("participant", "cus_ada")]
    happened(store, here, 2, told("customer.deleted", 2_000, "cus_ada"), gone=gone)
    found = person(store, row_id(store, "cus_ada"))
    assert found
    assert (found.deleted, found.status, found.now) == (True, "deleted", ())
    assert len(found.past) == 3


def test_nobody(store: Store) -> None:
    assert person(store, 1) is None


def test_a_segment_that_is_gone_keeps_its_name(store: Store) -> None:
    here = panel(store)
    event = EventRow("evt_1", 5_000, "product.deleted", "prod_a")
    happened(store, here, 2, event, gone=[DeletedObject("product", "prod_a")])
    keys = ["product:prod_a", "product:prod_never", "active", "own:x"]
    assert segment_names(store, here, keys) == {
        "product:prod_a": "Product",
        "product:prod_never": "prod_never",
        "active": "Active Subscribers",
        "own:x": "own:x",
    }


def test_the_page_in_the_dashboard() -> None:
    assert dashboard_url("cus_1", "acct_1", livemode=True) == (
        "https://dashboard.stripe.com/acct_1/customers/cus_1"
    )
    assert dashboard_url("cus_1", "acct_1", livemode=False) == (
        "https://dashboard.stripe.com/acct_1/test/customers/cus_1"
    )


@pytest.mark.parametrize(
    ("amount", "currency", "interval", "words"),
    [
        (1_200, "eur", "month", "12.00 EUR monthly"),
        (None, "eur", "month", "monthly"),
        (5_000, "jpy", None, "5,000 JPY once"),
        (0, "usd", "week", "0.00 USD weekly"),
        (1, "usd", "eon\x1b[2J", "0.01 USD every eon\ufffd[2J"),
    ],
)
def test_prices_in_words(
    amount: int | None, currency: str, interval: str | None, words: str
) -> None:
    assert price_words(amount, currency, interval) == words


def test_each_item_says_its_own_interval(store: Store) -> None:
    """Items of one subscription may be paid at different intervals (Stripe's mixed intervals)."""
    here = panel(store)
    happened(
        store,
        here,
        2,
        told("customer.subscription.updated", 2_000, "sub_ada"),
        products=[product("prod_a", "Pro"), product("prod_b", "Support")],
        prices=[
            price("price_prod_a", interval="month", interval_count=3),
            price("price_prod_b", interval="year", interval_count=1),
        ],
        subscriptions=[subscribed("sub_ada", "cus_ada")],
        items=[item("sub_ada", "prod_a"), item("sub_ada", "prod_b")],
    )
    found = person(store, row_id(store, "cus_ada"))
    assert found
    (only,) = found.subscriptions
    assert [one.price for one in only.items] == ["12.00 USD every 3 months", "12.00 USD yearly"]


def test_statuses_in_words() -> None:
    assert standing([]) == "never subscribed"
    assert standing(["canceled", "past_due", "trialing"]) == "trialing"
    assert standing(["unpaid", "canceled"]) == "canceled"
    assert standing(["incomplete", "brand_new"]) == "brand new"
    assert status_words("a\x1bb") == "a\ufffdb"
    assert rhythm("day") == "daily"


def test_days(monkeypatch: pytest.MonkeyPatch) -> None:
    assert day(1_770_120_000, now=1_770_000_000) == "3 Feb"
    assert day(1_770_120_000, now=1_700_000_000) == "3 Feb 2026"
