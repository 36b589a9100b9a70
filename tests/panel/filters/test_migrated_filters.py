"""A filter of version 6 as the migration writes it finds who it found then."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from app.db.migration_steps.explicit_filters import explicit
from app.panel.filters.fields import FIELDS
from app.panel.filters.parse import parse
from app.panel.filters.tree import And, Filter, Has, Not, Or, SameSubscription, Term
from app.panel.filters.unparse import unparse
from tests.helpers.depth import examples
from tests.helpers.filters.comparison import Both
from tests.helpers.filters.meaning import found
from tests.helpers.filters.strategies import rules, side_by_side


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status:"active" product:Pro', 'subscription(status:"active") subscription(product:Pro)'),
        ("status:active AND currency:eur", "status:active AND currency:eur"),
        ("status:active OR product:Pro", "status:active OR product:Pro"),
        ("status:active AND product!=Pro", "status:active AND product!=Pro"),
        ("status:active -product:Pro", "status:active -product:Pro"),
        ("has:status trial_end!=null", "subscription(has:status) subscription(trial_end!=null)"),
        ("NOT (status:active price~a)", "NOT (subscription(status:active) subscription(price~a))"),
        (
            "status:active (product:a OR product:b)",
            "subscription(status:active) (subscription(product:a) OR subscription(product:b))",
        ),
        (
            "subscription(status:active product:a interval:year) started>-1y",
            "subscription(status:active --product:a --interval:year) started>-1y",
        ),
        (
            'status:"active"product:"and (status:x"',
            'subscription(status:"active") subscription(product:"and (status:x")',
        ),
        (
            'has:metadata["a b"] metadata.status:active',
            'has:metadata["a b"] metadata.status:active',
        ),
        ("name:", "name:"),
    ],
)
def test_the_explicit_form(old: str, new: str) -> None:
    assert explicit(old) == new


def as_it_was(rule: Filter, *, inside: bool = False) -> Filter:
    """The filter with a group for each condition."""
    if isinstance(rule, And | Or):
        return type(rule)(tuple(as_it_was(part, inside=inside) for part in rule.parts))
    if isinstance(rule, Not):
        return Not(as_it_was(rule.part, inside=inside))
    if isinstance(rule, SameSubscription):
        return SameSubscription(as_it_was(rule.part, inside=True))
    if isinstance(rule, Term | Has) and rule.field in FIELDS:
        owner = FIELDS[rule.field].owner
        if inside and owner != "subscription":
            return Not(Not(rule))
        if not inside and owner != "person":
            return SameSubscription(rule)
    return rule


@pytest.mark.deep
@settings(max_examples=examples(100), suppress_health_check=list(HealthCheck))
@given(rules() | side_by_side())
def test_any_filter_finds_who_it_found(both: Both, rule: Filter) -> None:
    new = parse(explicit(unparse(rule)))
    assert found(new, both[0]) == found(as_it_was(rule), both[0])
