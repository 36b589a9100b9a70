"""An object that cannot be stored is set aside with its reason and never stops its page."""

from __future__ import annotations

from typing import Any

import pytest

from app.db import connections
from app.db.apply import deliver
from app.db.rows import Fetched, SyncDelivery, UnstorableObject, WindowRow
from app.db.store import Store
from app.panel.overview import overview
from tests.helpers.rows import (
    assert_exact,
    connection,
    item,
    items,
    names,
    person,
    price,
    product,
    send,
    subscribed,
)


def quarantined(store: Store) -> dict[tuple[str, str], str]:
    rows = store.rows("SELECT listing, stripe_id, reason FROM quarantine")
    return {(listing, key): reason for listing, key, reason in rows}


def test_bad_objects_are_set_aside_until_they_can_be_stored(store: Store) -> None:
    here = connection(store)
    send(
        store,
        here,
        Fetched(1, bad=[UnstorableObject("customers", "cus_a", "a number is too large")]),
    )
    send(
        store, here, Fetched(2, bad=[UnstorableObject("customers", "cus_a", "created is missing")])
    )
    assert quarantined(store) == {("customers", "cus_a"): "created is missing"}
    assert overview(store, here).quarantined == 1
    send(store, here, Fetched(3, participants=[person("cus_b")]))
    assert overview(store, here).quarantined == 1
    send(store, here, Fetched(4, participants=[person("cus_a")]))
    assert overview(store, here).quarantined == 0


@pytest.mark.parametrize(
    "fields",
    [{"created": 2**70}, {"name": "lone \ud800"}, {"created": "yesterday"}, {"metadata": None}],
    ids=["too large", "surrogate", "text for a number", "nothing where something must be"],
)
def test_a_row_that_the_database_refuses_never_stops_the_others(
    store: Store, fields: dict[str, Any]
) -> None:
    here = connection(store)
    answer = Fetched(
        1,
        participants=[person("cus_a"), person("cus_bad", **fields), person("cus_z")],
        products=[product("prod_a")],
    )
    place = WindowRow(1, "customers", None, 100, "cus_z", 50, 0.5)
    deliver(store, here, [SyncDelivery([answer], open_windows=[place], requests=1)])
    assert set(names(store, here)) == {"cus_a", "cus_z"}
    assert set(quarantined(store)) == {("customers", "cus_bad")}
    assert "the database refused it" in quarantined(store)["customers", "cus_bad"]
    assert connections.windows(store, here) == [place]
    assert store.row("SELECT count(*) FROM product") == (1,)
    assert_exact(store, here)


def test_a_subscription_with_an_item_that_cannot_be_stored_is_set_aside_whole(
    store: Store,
) -> None:
    here = connection(store)
    parts = [
        item("sub_bad", "a"),
        item("sub_bad", "b", current_period_end=2**70),
        item("sub_ok", "a"),
    ]
    rows = [subscribed("sub_bad", "cus_a"), subscribed("sub_ok", "cus_a")]
    bad_price = price("price_bad", unit_amount=2**70)
    send(store, here, Fetched(1, subscriptions=rows, items=parts, prices=[bad_price, price("p")]))
    assert items(store) == {("sub_ok", "a")}
    assert set(quarantined(store)) == {("subscriptions", "sub_bad"), ("prices", "price_bad")}
