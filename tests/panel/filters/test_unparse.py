"""A filter said again: as a text, in words; and what it depends on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from app.panel.filters.describe import SHORT, describe
from app.panel.filters.parse import parse
from app.panel.filters.tree import Filter
from app.panel.filters.unparse import is_timed, segments_of, unparse, uses
from app.text import plain
from tests.helpers.filters.strategies import rules


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("Status:ACTIVE", 'status:"active"'),
        ("currency!=eur", '-currency:"eur"'),
        ("email:NULL", "-has:email"),
        ("a".replace("a", "metadata.a.b = x"), 'metadata["a.b"]:"x"'),
        ("NOT (a)".replace("a", "name:x or name:y and name:z"), None),
        ("amount>020.50", "amount>20.50"),
        ("created>2026-1-1", "created>2026-01-01"),
        ("created>2026-01-01T10:00+02:00", "created>2026-01-01T08:00"),
        ("created>1767225600", "created>2026-01-01T00:00:00"),
        ("created>-9D or created<now", "created>-9d OR created<now"),
        ("name:'it''s'".replace("''", "\\'"), 'name:"it\'s"'),
        ('name:"\\u0007\\/"', 'name:"\\u0007/"'),
        ("SUBSCRIPTION ( status:active )", 'subscription(status:"active")'),
        ("(name:a and name:b) and name:c", '(name:"a" AND name:"b") AND name:"c"'),
    ],
)
def test_a_filter_as_it_would_be_written(text: str, again: str | None) -> None:
    again = again or '-(name:"x" OR name:"y" AND name:"z")'
    assert unparse(parse(text)) == again
    assert unparse(parse(again)) == again


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'status:"active" AND product:"Pro" AND created>-90d',
            "one subscription (is active and product is “Pro”) and created after 90 days ago",
        ),
        (
            "subscription(status:active) AND subscription(product:Pro)",
            "some subscription is active and some subscription’s product is “Pro”",
        ),
        (
            "status:active product:Pro interval:year",
            "one subscription (is active and one item (product is “Pro” and interval is year))",
        ),
        (
            "product:A product:B status:active",
            "one subscription (is active and product is “A”) and one subscription (is active and"
            " product is “B”)",
        ),
        (
            "status:active AND (product:Pro OR currency:eur)",
            "some subscription is active and (some subscription’s product is “Pro” or currency is"
            " “eur”)",
        ),
        (
            "product:A AND (product:B OR product:C)",
            "some subscription’s product is “A” and (some subscription’s product is “B” or some"
            " subscription’s product is “C”)",
        ),
        (
            "NOT (status:active product:Pro)",
            "no subscription (is active and product is “Pro”)",
        ),
        (
            "subscription(status:active AND -product:Pro)",
            "one subscription (is active and no item’s product is “Pro”)",
        ),
        ("-status:past_due", "no subscription is past due"),
        (
            "subscription(status:active product:Pro)",
            "one subscription (is active and product is “Pro”)",
        ),
        ("-subscription(-status:active)", "no subscription (is not active)"),
        ("email~acme OR -has:name", "email contains “acme” or has no name"),
        ("-email~acme", "email does not contain “acme”"),
        ("name:a AND (name:b OR name:c)", "name is “a” and (name is “b” or name is “c”)"),
        ("NOT (name:a AND name:b)", "not (name is “a” and name is “b”)"),
        ('in:"Pro" -in:x', "in the segment “Pro” and not in the segment “x”"),
        ("subscriptions>=2", "number of subscriptions is at least 2"),
        ("amount<20", "some subscription’s amount is less than 20"),
        ("trial_end<+1w", "some subscription’s trial end is before 1 week from now"),
        ("-created:2026-01-01", "not created on 2026-01-01"),
        ("created>=2026-01-01T14:00", "created at or after 2026-01-01 14:00"),
        ("created<now", "created before now"),
        ('metadata["tier"]:free', "metadata “tier” is “free”"),
        ('has:metadata["tier"]', "has metadata “tier”"),
        ("has:subscription", "has subscription"),
        ("ended_at<2026-01-01", "some subscription ended before 2026-01-01"),
        ("subscription(-started>now)", "one subscription (not started after now)"),
    ],
)
def test_in_words(text: str, words: str) -> None:
    assert describe(parse(text)) == words


@settings(max_examples=100)
@given(rules())
def test_words_are_one_safe_line(rule: Filter) -> None:
    words = describe(rule)
    assert words
    assert len(words) <= SHORT
    assert words == plain(words)


@pytest.mark.parametrize(
    ("text", "timed"),
    [
        ("created>-90d", True),
        ("NOT (name:a OR subscription(trial_end<now))", True),
        ("created>2026-01-01", False),
        ("name:-90d", False),
        ("status:active", False),
    ],
)
def test_what_time_alone_can_change(text: str, timed: bool) -> None:
    assert is_timed(parse(text)) is timed


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("email:x", ()),
        ("status:active", ("subscription",)),
        ("has:subscription", ("subscription",)),
        ("subscriptions>1", ("subscription",)),
        ("has:product", ("subscription",)),
        ("product:x", ("subscription", "product")),
        ("price:x", ("subscription", "price")),
        ("amount>1", ("subscription", "price")),
        ("has:interval", ("subscription", "price")),
        ("NOT (in:x OR name:y)", ("segment",)),
    ],
)
def test_what_a_filter_depends_on(text: str, tables: tuple[str, ...]) -> None:
    assert uses(parse(text)) == {"participant", *tables}


def test_the_segments_that_are_named() -> None:
    assert segments_of(parse("in:b OR NOT (in:a in:b)")) == ("b", "a")
    assert segments_of(parse("name:x")) == ()
