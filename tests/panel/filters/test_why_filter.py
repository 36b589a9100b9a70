"""Why someone is in a segment of one's own: the verdict is the filter's, the reason a fact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.filters.tree import Filter
from app.panel.filters.unparse import unparse
from app.panel.person import subscriptions
from app.panel.segments import custom
from app.panel.segments.why import why
from app.panel.segments.why_filter import decided
from tests.helpers.filters.comparison import Both
from tests.helpers.filters.meaning import found
from tests.helpers.filters.strategies import rules
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed


@settings(max_examples=60)
@given(rule=rules(), chosen=st.integers(0, 10**6))
def test_the_verdict_is_the_filters(both: Both, rule: Filter, chosen: int) -> None:
    expected, text = found(rule, both[0]), unparse(rule)
    for world in both:
        for number in range(chosen, chosen + 3):
            key = world.people[number % len(world.people)].row.stripe_id
            (row_id,) = world.store.row(
                "SELECT id FROM participant WHERE connection_id = ? AND stripe_id = ?",
                (world.connection_id, key),
            )
            held = subscriptions(world.store, world.connection_id, key)
            member, reason = decided(world.store, row_id, text, held, world.now)
            assert member == (key in expected), (text, key, reason)
            assert reason


@pytest.fixture
def ada(store: Store) -> tuple[int, int]:
    """An account with one customer, and her row id."""
    here = connection(store)
    ada = person("cus_a", created=1_700_000_000, email="ada@acme.com", currency="usd")
    sent = Fetched(
        1,
        participants=[ada],
        products=[product("prod_p", "Pro")],
        subscriptions=[subscribed("sub_1", "cus_a")],
        items=[item("sub_1", "prod_p")],
    )
    send(store, here, sent)
    make_segments(store, here)
    return here, int(store.row("SELECT id FROM participant")[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('currency:"usd"', "In Mine: currency is “usd”; a member "),
        ('status:"active" AND currency:"eur"',
         "Not in Mine: it requires that currency is “eur”, but the currency is usd."),
        ('email~"@beta.com"', "but the email is different."),
        ('metadata["tier"]:"free"', "but there is no metadata “tier”."),
        ("created>2026-01-01", "but the customer was created on 14 Nov 2023."),
        ('status:"canceled"', "but one (Pro) is active"),
        ("subscriptions>1", "but there is 1."),
        ('-in:"active"', "but membership of “active” is different."),
        ('name:"x" OR phone:"y"', "but the name is different; there is no phone."),
    ],
)  # fmt: skip
def test_the_reason_is_a_fact(store: Store, ada: tuple[int, int], text: str, said: str) -> None:
    here, row_id = ada
    key = custom.make(store, here, "Mine", text)
    answer = why(store, row_id, key, now=1_790_000_000)
    assert said in answer.sentence
    assert answer.member == answer.sentence.startswith("In ")
    assert "ada@acme.com" not in answer.sentence
