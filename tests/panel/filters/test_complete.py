"""What is offered while a filter is typed; ‸ is the cursor."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.filters.complete import OFFERED, Vocabulary, complete, vocabulary
from app.panel.filters.errors import FilterError
from app.panel.filters.parse import parse
from tests.helpers.rows import connection, make_segments, person, price, product, send

KNOWN = Vocabulary(
    products=("Pro", 'Say "hi"', "Team"),
    prices=("Monthly",),
    currencies=("eur", "usd"),
    segments=("All Customers", "Pro"),
    metadata=("tier", 'od"d', "a.b"),
)


@pytest.mark.parametrize(
    ("typed", "first", "becomes"),
    [
        ("em‸", "email", "email‸"),
        ("EM‸", "email", "email‸"),
        ("-em‸", "email", "-email‸"),
        ("--em‸", "email", "--email‸"),
        ("NOT em‸", "email", "NOT email‸"),
        ("(em‸", "email", "(email‸"),
        ("(em‸)", "email", "(email‸)"),
        ("em‸ail:x", "email", "email‸:x"),
        ("name:x em‸", "email", "name:x email‸"),
        ("name:x AND cre‸", "created", "name:x AND created‸"),
        ("email‸", ":", "email:‸"),
        ("email ‸", ":", "email :‸"),
        ("created!‸", "!=", "created!=‸"),
        ("status:‸", '"active"', 'status:"active"‸'),
        ("status:tr‸", '"trialing"', 'status:"trialing"‸'),
        ('status:"tr‸', '"trialing"', 'status:"trialing"‸'),
        ('status:"tr‸"', '"trialing"', 'status:"trialing"‸'),
        ('status:"tr‸" AND name:x', '"trialing"', 'status:"trialing"‸ AND name:x'),
        ("status!=‸", '"active"', 'status!="active"‸'),
        ("product:t‸", '"Team"', 'product:"Team"‸'),
        ("product:hi‸", '"Say \\"hi\\""', 'product:"Say \\"hi\\""‸'),
        ("price:‸", '"Monthly"', 'price:"Monthly"‸'),
        ("currency:U‸", '"usd"', 'currency:"usd"‸'),
        ("in:‸", '"All Customers"', 'in:"All Customers"‸'),
        ('in:"pr‸', '"Pro"', 'in:"Pro"‸'),
        ("has:em‸", "email", "has:email‸"),
        ("ha‸", "has:", "has:‸"),
        ("interval:y‸", '"year"', 'interval:"year"‸'),
        ("created>‸", "-7d", "created>-7d‸"),
        ("created>-9‸", "-90d", "created>-90d‸"),
        ("subscription(st‸", "status", "subscription(status‸"),
        ("subscription(status:active AND pr‸", "product", None),
        ("metadata‸", 'metadata["tier"]', 'metadata["tier"]‸'),
        ("metadata.t‸", 'metadata["tier"]', 'metadata["tier"]‸'),
        ('metadata["t‸', 'metadata["tier"]', 'metadata["tier"]‸'),
        ('metadata["t‸"]', 'metadata["tier"]', 'metadata["tier"]‸'),
        ('metadata["tier"]‸', ":", 'metadata["tier"]:‸'),
        ("name:x ‸", "AND ", "name:x AND ‸"),
        ('name:"x"‸', " AND ", 'name:"x" AND ‸'),
        ("(name:x)‸", " AND ", "(name:x) AND ‸"),
        ("name:x o‸", "OR ", "name:x OR ‸"),
    ],
)
def test_the_likeliest(typed: str, first: str, becomes: str | None) -> None:
    cursor = typed.index("‸")
    text = typed.replace("‸", "")
    best = complete(text, cursor, KNOWN)[0]
    assert best.text == first
    if becomes is not None:
        assert text[: best.start] + best.text + "‸" + text[best.end :] == becomes


def test_every_field_at_the_start_and_only_those_of_a_subscription_inside() -> None:
    names = {one.text for one in complete("", 0, KNOWN)}
    assert {
        "email",
        "status",
        "has:",
        "in:",
        "subscription(",
        "NOT ",
        'metadata["od\\"d"]',
    } <= names
    inside = {one.text for one in complete("subscription(", 13, KNOWN)}
    assert {"status", "product", "has:"} <= inside
    assert not inside & {"email", "in:", "subscription(", "created", 'metadata["tier"]'}
    behind = {one.text for one in complete("subscription(status:active) em", 30, KNOWN)}
    assert "email" in behind


def test_only_operators_that_are_possible() -> None:
    assert [one.text for one in complete("status", 6, KNOWN)] == [":", "!="]
    assert [one.text for one in complete("created", 7, KNOWN)] == [":", "!=", ">", ">=", "<", "<="]
    assert [one.text for one in complete("in", 2, KNOWN)] == [":", "!="]


@settings(max_examples=300)
@given(st.text(st.sampled_from(list("emailstatus:\"'()[]-.> ~!=\\é")), max_size=20), st.data())
def test_never_in_the_way(text: str, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(-1, len(text) + 1))
    offered = complete(text, cursor, KNOWN)
    assert len(offered) <= OFFERED
    for one in offered:
        assert 0 <= one.start <= max(0, min(cursor, len(text))) <= one.end <= len(text)


@pytest.mark.parametrize("field", ["status", "product", "price", "currency", "interval", "has"])
def test_what_is_offered_can_be_read(field: str) -> None:
    for one in complete(f"{field}:", len(field) + 1, KNOWN):
        parse(f"{field}:{one.text}")
    for one in complete("", 0, KNOWN):
        if one.text.startswith("metadata"):
            parse(f"{one.text}:x")
    with pytest.raises(FilterError):
        parse("has:")


def test_the_vocabulary_of_a_connection(store: Store) -> None:
    here, other = connection(store), connection(store)
    for place in (here, other):
        make_segments(store, place)
    send(
        store,
        here,
        Fetched(
            1,
            products=[product("prod_a", "Pro"), product("prod_b", "Pro"), product("prod_c", "a")],
            prices=[price("price_a", nickname="Yearly"), price("price_b", nickname=None)],
            participants=[
                person("cus_a", metadata='{"tier": "x", "": "y"}', currency="eur"),
                person("cus_b", metadata='{"Role": "x"}', currency=None),
            ],
        ),
    )
    send(store, other, Fetched(1, participants=[person("cus_o", metadata='{"other": "x"}')]))
    known = vocabulary(store, here)
    assert known.products == ("a", "Pro")
    assert known.prices == ("Yearly",)
    assert known.currencies == ("eur",)
    assert known.metadata == ("", "Role", "tier")
    assert known.segments[:2] == ("All Customers", "Active Subscribers")
    assert known.segments[-2:] == ("a", "Pro")
    assert vocabulary(store, 10_000) == Vocabulary()


def test_typing_is_never_held_up() -> None:
    many = Vocabulary(products=tuple(f"Product {n}" for n in range(5_000)))
    text = "name:x AND " * 300 + "product:9"
    start = time.process_time()
    assert complete(text, len(text), many)
    assert time.process_time() - start < 0.25
