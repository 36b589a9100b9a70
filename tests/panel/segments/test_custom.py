"""Segments that people make themselves, kept current as everything else changes."""

from __future__ import annotations

import random
import time

import pytest

from app.db.apply import deliver
from app.db.rows import DeletedObject, Fetched, SyncDelivery
from app.db.store import Store
from app.panel.filters.errors import FilterError
from app.panel.segments import custom
from app.panel.segments.custom import CustomSegmentProblem
from app.panel.segments.memberships import places
from app.panel.segments.views import segments
from app.sandbox.server.server import Sandbox
from app.sandbox.world.changes import random_change
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.sync_run import sync


def panel(store: Store) -> int:
    here = rows.connection(store)
    rows.send(
        store,
        here,
        Fetched(
            1,
            participants=[rows.person(f"cus_{one}", currency="eur") for one in "abc"],
            products=[rows.product("prod_pro", "Pro"), rows.product("prod_team", "Team")],
            subscriptions=[
                rows.subscribed("sub_a", "cus_a"),
                rows.subscribed("sub_b", "cus_b"),
            ],
            items=[rows.item("sub_a", "prod_pro"), rows.item("sub_b", "prod_team")],
        ),
    )
    rows.make_segments(store, here)
    return here


def stored(store: Store, here: int, seq: int, **found: list[object]) -> None:
    answer = Fetched(seq, **found)  # type: ignore[arg-type]
    deliver(store, here, [SyncDelivery([answer])], lambda: custom.rules(store, here))


def members(store: Store, here: int, key: str) -> set[str]:
    found = rows.members(store, here)[key]
    (view,) = (one for one in segments(store, here) if one.key == key)
    assert view.count == len(found)
    return found


def test_made_of_those_whom_a_filter_finds(store: Store) -> None:
    here = panel(store)
    key = custom.make(store, here, " Pro in  Euro ", 'product:"Pro" AND currency:"eur"')
    assert key == "own:pro-in-euro"
    assert members(store, here, key) == {"cus_a"}
    (view,) = (one for one in segments(store, here) if one.key == key)
    assert (view.name, view.kind, view.count, view.with_email) == ("Pro in Euro", "own", 1, 1)
    assert view.filter == 'product:"Pro" AND currency:"eur"'


def test_it_follows_people_subscriptions_and_products(store: Store) -> None:
    here = panel(store)
    key = custom.make(store, here, "Pro", 'product:"Pro" AND currency:"eur"')
    stored(store, here, 2, subscriptions=[rows.subscribed("sub_b", "cus_b")],
           items=[rows.item("sub_b", "prod_pro")])  # fmt: skip
    assert members(store, here, key) == {"cus_a", "cus_b"}
    stored(store, here, 3, participants=[rows.person("cus_a", currency="usd")])
    assert members(store, here, key) == {"cus_b"}
    stored(store, here, 4, participants=[rows.person("cus_new", currency="eur")])
    assert members(store, here, key) == {"cus_b"}
    stored(store, here, 5, products=[rows.product("prod_pro", "Professional")])
    assert members(store, here, key) == set()
    stored(store, here, 6, products=[rows.product("prod_pro", "Pro")])
    assert members(store, here, key) == {"cus_b"}
    stored(store, here, 7, gone=[DeletedObject("participant", "cus_b")])
    assert members(store, here, key) == set()
    past = [one for one in places(store, here, "cus_b") if one.segment == key]
    assert past
    assert all(one.until is not None for one in past)


def test_one_may_ask_for_another(store: Store) -> None:
    here = panel(store)
    first = custom.make(store, here, "Euro", 'currency:"eur"')
    second = custom.make(store, here, "Euro payers", 'in:"Euro" AND in:"active"')
    assert members(store, here, second) == {"cus_a", "cus_b"}
    stored(store, here, 2, participants=[rows.person("cus_a", currency="usd")])
    assert members(store, here, first) == {"cus_b", "cus_c"}
    assert members(store, here, second) == {"cus_b"}
    with pytest.raises(CustomSegmentProblem, match="refers to this segment itself"):
        custom.change(store, here, first, "Euro", 'in:"Euro payers"')
    with pytest.raises(CustomSegmentProblem, match="Euro payers"):
        custom.delete(store, here, first)
    custom.delete(store, here, second)
    custom.delete(store, here, first)
    assert {one.kind for one in segments(store, here)} == {"builtin", "product"}


def test_changed_and_deleted(store: Store) -> None:
    here = panel(store)
    key = custom.make(store, here, "Some", 'currency:"eur"')
    custom.change(store, here, key, "Others", "-has:subscription")
    assert members(store, here, key) == {"cus_c"}
    custom.delete(store, here, key)
    assert key not in {one.key for one in segments(store, here)}
    assert [one.segment for one in places(store, here, "cus_c")].count(key) == 1
    with pytest.raises(CustomSegmentProblem):
        custom.delete(store, here, key)


def test_what_cannot_be_made(store: Store) -> None:
    here = panel(store)
    custom.make(store, here, "Taken", "has:email")
    for name in ("", "   ", "Taken", "x" * 61):
        with pytest.raises(CustomSegmentProblem):
            custom.make(store, here, name, "has:email")
    for text in ("", "has:", 'in:"nothing"', "created>soon"):
        with pytest.raises(FilterError):
            custom.make(store, here, "New", text)
    assert sum(one.kind == "own" for one in segments(store, here)) == 1


def test_time_moves_people(store: Store) -> None:
    here = panel(store)
    now = int(time.time())
    stored(store, here, 2, participants=[rows.person("cus_a", created=now - 100)])
    key = custom.make(store, here, "New", "created>-1h")
    assert members(store, here, key) == {"cus_a"}
    store.execute("UPDATE participant SET created = created - 7200")  # as if two hours passed
    custom.keep(store, here)
    assert members(store, here, key) == set()
    custom.keep(store, here)
    (causes,) = store.row("SELECT count(*) FROM cause WHERE type = 'time'")
    assert causes == 1  # a look that moves no one leaves nothing


def test_filling_that_was_interrupted_goes_on(store: Store) -> None:
    here = panel(store)
    key = custom.make(store, here, "Euro", 'currency:"eur"')
    store.execute("DELETE FROM member WHERE segment_id = (SELECT max(id) FROM segment)")
    store.execute(
        "UPDATE segment SET count = 0, with_email = 0, filling = true"
        " WHERE id = (SELECT max(id) FROM segment)"
    )
    custom.keep(store, here)
    assert members(store, here, key) == {"cus_a", "cus_b", "cus_c"}
    assert store.row("SELECT count(*) FROM segment WHERE filling") == (0,)


def test_a_sync_keeps_them(store: Store, settings: Settings) -> None:
    """Through changes and a full listing: as if it had been made at the end."""
    rng = random.Random(3)
    text = 'status:"active" AND -currency:"usd" OR -has:email'
    with Sandbox(customers=400, seed=61) as sandbox:
        sync(store, settings, sandbox)
        (here,) = store.row("SELECT id FROM connection")
        key = custom.make(store, here, "Kept", text)
        for full in (False, False, True):
            for _ in range(60):
                random_change(sandbox.world, rng)
            sync(store, settings, sandbox, full=full)
            again = custom.make(store, here, "Fresh", text)
            assert members(store, here, key) == members(store, here, again)
            assert members(store, here, key)
            custom.delete(store, here, again)
