"""The segments of a connection, as they are listed."""

from __future__ import annotations

from app.db.connections import polled
from app.db.rows import DeletedObject, Fetched
from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.overview import overview
from app.panel.segments.views import SegmentView, mark, segments
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed


def listed(store: Store, here: int) -> list[tuple[str, str, int, int]]:
    return [(one.key, one.name, one.count, one.with_email) for one in segments(store, here)]


def test_a_new_connection_has_everybody_and_nothing_else(store: Store) -> None:
    here = connection(store)
    assert listed(store, here) == [("all", "All Customers", 0, 0)]


def test_the_built_in_come_first_and_the_products_by_name(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    named = [product("prod_1", "zebra"), product("prod_2", "Apple"), product("prod_3", "apple")]
    send(store, here, Fetched(1, products=named))
    assert [one.key for one in segments(store, here)] == [
        *BUILTIN,
        *("product:prod_2", "product:prod_3", "product:prod_1"),
    ]


def test_each_rule_is_told_in_words(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    told = {one.key: one.rule for one in segments(store, here)}
    assert set(told) == set(BUILTIN)
    assert "none is active, trialing or past due" in told["canceled"]
    assert told["paused"] == (
        "at least one subscription is paused or has its payment collection paused, and none is"
        " active, trialing or past due without a pause"
    )
    assert told["unpaid"] == (
        "at least one subscription is unpaid, and none is active, trialing or past due"
    )


def test_a_segment_follows_its_products_name_and_says_when_it_is_archived(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    send(store, here, Fetched(1, products=[product("prod_a", "Basic")]))
    (old,) = (one for one in segments(store, here) if one.kind == "product")
    send(store, here, Fetched(2, products=[product("prod_a", "Pro", active=False)]))
    (new,) = (one for one in segments(store, here) if one.kind == "product")
    assert (old.name, new.name) == ("Basic", "Pro")
    assert "archived" not in old.rule
    assert new.rule == f"{old.rule}; the product is archived"


def test_who_has_an_email_is_counted_as_it_changes(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    rows = [person("cus_a"), person("cus_b", email=None), person("cus_c", email="")]
    bought = Fetched(
        1,
        participants=rows,
        products=[product("prod_a", "Basic")],
        subscriptions=[subscribed("sub_a", "cus_a"), subscribed("sub_b", "cus_b")],
        items=[item("sub_a", "prod_a"), item("sub_b", "prod_a")],
    )
    send(store, here, bought)
    counted = {key: (count, emails) for key, _, count, emails in listed(store, here)}
    assert counted["all"] == (3, 1)
    assert counted["product:prod_a"] == (2, 1)
    assert counted["none"] == (1, 0)
    now = [person("cus_a", email=None), person("cus_b"), person("cus_c")]
    send(store, here, Fetched(2, participants=now))
    counted = {key: (count, emails) for key, _, count, emails in listed(store, here)}
    assert counted["all"] == (3, 2)
    assert counted["none"] == (1, 1)
    send(store, here, Fetched(3, gone=[DeletedObject("participant", "cus_b")]))
    view = overview(store, here)
    assert (view.participants, view.with_email, view.deleted) == (2, 1, 1)
    assert view.segments == len(BUILTIN) + 1


def test_a_product_that_was_never_listed_is_named_by_its_id(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    with store.transaction():
        store.execute(
            "INSERT INTO segment (connection_id, key, kind, product, count, with_email)"
            " VALUES (?, 'product:prod_x', 'product', 'prod_x', 0, 0)",
            (here,),
        )
    last = segments(store, here)[-1]
    assert isinstance(last, SegmentView)
    assert last.name == "prod_x"


def test_the_mark_moves_with_what_is_stored_and_not_with_a_poll(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    marks = [mark(store, here)]
    for seq, name in enumerate(("Ada", "Countess"), 1):
        send(store, here, Fetched(seq, participants=[person("cus_1", name=name)]))
        marks.append(mark(store, here))
    assert len(set(marks)) == len(marks)
    polled(store, here, 20, 10, 0)
    assert mark(store, here) == marks[-1]
