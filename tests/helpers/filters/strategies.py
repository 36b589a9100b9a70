"""Any filter, by hypothesis: made as a tree of what can be written."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from app.panel.filters.fields import FIELDS, FilterField
from app.panel.filters.tree import (
    SECONDS,
    And,
    Filter,
    Has,
    In,
    Moment,
    Not,
    Number,
    Or,
    Relative,
    SameSubscription,
    Term,
    Text,
    Value,
)
from tests.helpers.filters.population import (
    CURRENCIES,
    EMAILS,
    KEYS,
    PRICES,
    PRODUCTS,
    TEXTS,
    TIMES,
    VALUES,
)

_KNOWN = [one for one in (*TEXTS, *EMAILS, *VALUES, *CURRENCIES) if one is not None]
_KNOWN += [*PRODUCTS, *PRODUCTS.values(), *PRICES, "Monthly", "MONTHLY", "cus_a0001", "CUS_A0001"]
SEGMENTS = (
    *("active", "Active Subscribers", "ALL", "none", "Pro", "product:prod_pro", "Straße"),
    *("canceled", "past due", "product:PROD_TEAM"),
)

_any_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
_cases = st.sampled_from([str, str.upper, str.lower, str.swapcase])
_texts = st.builds(lambda case, text: case(text), _cases, st.sampled_from(_KNOWN)) | _any_text


@st.composite
def _parts(draw: st.DrawFn) -> str:
    """A text that is in one of those known."""
    text = draw(st.sampled_from([one for one in _KNOWN if one]))
    start = draw(st.integers(0, len(text) - 1))
    return text[start : draw(st.integers(start + 1, min(len(text), start + 20)))]


_moments = st.builds(
    Moment,
    st.sampled_from([one for one in TIMES if one is not None and abs(one) < 2**38])
    | st.integers(-(10**9), 10**10),
    st.just(1),
) | st.builds(
    lambda day, length: Moment(day * length, length),
    st.integers(20_450, 20_460),
    st.just(86_400),
)
_minutes = st.builds(lambda n: Moment(n * 60, 60), st.sampled_from([29_454_600, 29_453_760]))
_relative = st.builds(Relative, st.integers(-400, 400), st.sampled_from([*SECONDS])) | st.just(
    Relative(0, "")
)
_amounts = st.sampled_from(
    ["20", "20.00", "20.01", "20.005", "19.999", "0", "-1", "199.9", "20000"]
)


def _value(field: FilterField, operator: str) -> st.SearchStrategy[Value]:
    if field.kind == "date":
        return _moments | _minutes if operator == ":" else _moments | _minutes | _relative
    if field.kind == "count":
        return st.builds(Number, st.sampled_from([Decimal(n) for n in (0, 1, 2, 3, 9)]))
    if field.kind == "money":
        return st.builds(Number, st.builds(Decimal, _amounts))
    if field.choices:
        return st.builds(Text, st.sampled_from(field.choices))
    if operator == "~":
        return st.builds(Text, _parts() | _any_text.filter(bool))
    return st.builds(Text, _texts)


@st.composite
def terms(draw: st.DrawFn, *, inside: bool) -> Term:
    known = [one for one in FIELDS.values() if not inside or one.owner != "person"]
    field = draw(st.sampled_from(known))
    operator = draw(st.sampled_from([one for one in field.operators if one not in ("=", "!=")]))
    key = draw(st.sampled_from(KEYS)) if field.name == "metadata" else None
    return Term(field.name, operator, draw(_value(field, operator)), key)  # type: ignore[arg-type]


@st.composite
def _has(draw: st.DrawFn, *, inside: bool) -> Has:
    names = [one.name for one in FIELDS.values() if not inside or one.owner != "person"]
    if not inside:
        names = [*names, "subscription"]
        names.remove("subscriptions")
    name = draw(st.sampled_from(names))
    key = draw(st.none() | st.sampled_from(KEYS)) if name == "metadata" else None
    return Has(name, key)


def _joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, parts)


# Values that many subscriptions have, so that conditions beside each other find someone.
_USUAL: dict[str, list[Value]] = {
    "status": [Text("active"), Text("trialing"), Text("canceled")],
    "product": [Text("Pro"), Text("active"), Text("prod_team"), Text("Straße")],
    "price": [Text("Monthly"), Text("yearly")],
    "interval": [Text("month"), Text("year"), Text("week")],
    "amount": [Number(Decimal(20)), Number(Decimal("199.90"))],
    "started": [Moment(1_767_225_600, 86_400), Relative(0, "")],
    "period_end": [Moment(1_767_225_600, 86_400), Relative(0, "")],
}


@st.composite
def _usual(draw: st.DrawFn) -> Term | Has:
    name = draw(st.sampled_from([*_USUAL, "status", "product", "product", "interval"]))
    value = draw(st.sampled_from(_USUAL[name]))
    if isinstance(value, Text):
        return Term(name, ":", value)
    if draw(st.integers(0, 4)) == 0:
        return Has(name)
    return Term(name, draw(st.sampled_from([">", ">=", "<", "<="])), value)


def side_by_side() -> st.SearchStrategy[Filter]:
    """Conjunctions of conditions on subscriptions, mostly, as people write them."""
    usual: st.SearchStrategy[Filter] = _usual()
    person: st.SearchStrategy[Filter] = terms(inside=False) | st.just(Has("subscription"))
    inner = st.lists(usual, min_size=2, max_size=3).map(tuple)
    bracket = st.builds(Or, inner) | st.builds(And, inner) | st.builds(Not, usual)
    mixed = st.lists(usual | person | bracket, min_size=2, max_size=3).map(tuple)
    group = st.builds(SameSubscription, st.recursive(usual, _joined, max_leaves=4))
    part = usual | usual | bracket | group | st.builds(Not, bracket) | person
    part |= st.builds(Or, mixed) | st.builds(And, mixed) | st.builds(Not, st.builds(And, mixed))
    return st.builds(And, st.lists(part, min_size=2, max_size=4).map(tuple))


def rules() -> st.SearchStrategy[Filter]:
    """Any filter that can be written."""
    within: st.SearchStrategy[Filter] = terms(inside=True) | _has(inside=True)
    group = st.builds(SameSubscription, st.recursive(within, _joined, max_leaves=4))
    leaf: st.SearchStrategy[Filter] = (
        terms(inside=False) | _has(inside=False) | st.builds(In, st.sampled_from(SEGMENTS)) | group
    )
    return st.recursive(leaf, _joined, max_leaves=5)
