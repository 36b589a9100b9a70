"""Describes a filter in words, for the list of segments."""

from __future__ import annotations

from app.panel.filters.fields import FIELDS
from app.panel.filters.scopes import scoped
from app.panel.filters.tree import (
    And,
    Filter,
    Has,
    In,
    Moment,
    Not,
    Number,
    Or,
    Relative,
    SameItem,
    SameSubscription,
    Term,
    Text,
)
from app.panel.filters.unparse import value_text
from app.text import plain

SHORT = 160  # characters of a rule in a list

_MORE = {":": "", ">": "more than ", ">=": "at least ", "<": "less than ", "<=": "at most "}
_WHEN = {":": "on", ">": "after", ">=": "at or after", "<": "before", "<=": "at or before"}
_HAPPENED = ("created", "started", "canceled_at", "ended_at")
_UNITS = {"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}


def describe(rule: Filter, limit: int = SHORT) -> str:
    """Describe a filter, such as "one subscription (is active and product is “Pro”) and created
    after 90 days ago". Conditions in one pair of parentheses are about the same subscription, or
    the same item of it.

    The text is one line that is safe to show, of at most ``limit`` characters.
    """
    return plain(_words(scoped(rule), "person"), limit)


def _words(rule: Filter, owner: str) -> str:
    """``owner``: whose conditions these are, "person", "subscription" or "item"."""
    if isinstance(rule, Or):
        return " or ".join(_words(part, owner) for part in rule.parts)
    if isinstance(rule, And):
        return " and ".join(_grouped(part, owner) for part in rule.parts)
    if isinstance(rule, SameSubscription | SameItem):
        return _one_of(rule, "some", "one", owner)
    if isinstance(rule, Not):
        return _negated(rule.part, owner)
    return _leaf(rule, "is", "contains")


def _grouped(part: Filter, owner: str) -> str:
    words = _words(part, owner)
    return f"({words})" if isinstance(part, Or) else words


def _one_of(rule: SameSubscription | SameItem, some: str, one: str, owner: str) -> str:
    """Describe a group. A group of one condition reads like that condition."""
    part = rule.part
    if isinstance(rule, SameItem):
        what = "item"
    elif isinstance(part, SameItem) and isinstance(part.part, Term | Has):
        what, part = "subscription", part.part  # "some subscription’s product is …"
    else:
        what = "subscription"
    if isinstance(part, Term | Has):
        words = _leaf(part, "is", "contains")
        if what == "item" and owner == "subscription":
            return words if some == "some" else f"no item’s {words}"
        of = "" if part.field in ("status", *_HAPPENED) or isinstance(part, Has) else "’s"
        return f"{some} {what}{of} {words}"
    return f"{one} {what} ({_words(part, what)})"


def _negated(part: Filter, owner: str) -> str:
    if isinstance(part, SameSubscription | SameItem):
        return _one_of(part, "no", "no", owner)
    if isinstance(part, Term | Has | In):
        return _leaf(part, "is not", "does not contain")
    return f"not ({_words(part, owner)})"


def _leaf(leaf: Term | Has | In, being: str, containing: str) -> str:
    if isinstance(leaf, In):
        where = "in" if being == "is" else "not in"
        return f"{where} the segment “{leaf.segment}”"
    if isinstance(leaf, Has):
        return f"{'has' if being == 'is' else 'has no'} {_name(leaf)}"
    verb = containing if leaf.operator == "~" else being
    if leaf.field in _HAPPENED:
        return f"{verb.removeprefix('is').lstrip()} {_name(leaf)} {_value(leaf)}".lstrip()
    if leaf.field == "status":
        return f"{verb} {_value(leaf)}"
    return f"{_name(leaf)} {verb} {_value(leaf)}"


def _name(leaf: Term | Has) -> str:
    if leaf.key is not None:
        return f"metadata “{leaf.key}”"
    names = {"subscriptions": "number of subscriptions", "cancel_at": "end date"}
    names |= {"canceled_at": "canceled", "ended_at": "ended"}
    return names.get(leaf.field, leaf.field.replace("_", " "))


def _value(term: Term) -> str:
    value = term.value
    if isinstance(value, Text):
        chosen = bool(FIELDS[term.field].choices)
        return value.text.replace("_", " ") if chosen else f"“{value.text}”"
    if isinstance(value, Number):
        return _MORE[term.operator] + f"{value.number:f}"
    return f"{_WHEN[term.operator]} {_moment(value)}"


def _moment(value: Moment | Relative) -> str:
    if isinstance(value, Moment):
        return value_text(value).replace("T", " ")
    if not value.amount:
        return "now"
    count = abs(value.amount)
    length = f"{count} {_UNITS[value.unit]}{'' if count == 1 else 's'}"
    return f"{length} ago" if value.amount < 0 else f"{length} from now"
