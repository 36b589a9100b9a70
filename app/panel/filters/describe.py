"""Describes a filter in words, for the list of segments."""

from __future__ import annotations

from app.panel.filters.fields import FIELDS
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
    """Describe a filter, such as "some subscription is active and created after 90 days ago".

    The text is one line that is safe to show, of at most ``limit`` characters.
    """
    return plain(_words(rule, inside=False), limit)


def _words(rule: Filter, *, inside: bool) -> str:
    if isinstance(rule, Or):
        return " or ".join(_words(part, inside=inside) for part in rule.parts)
    if isinstance(rule, And):
        return " and ".join(_grouped(part, inside=inside) for part in rule.parts)
    if isinstance(rule, SameSubscription):
        return f"one subscription ({_words(rule.part, inside=True)})"
    if isinstance(rule, Not):
        return _negated(rule.part, inside=inside)
    return _leaf(rule, "is", "contains", inside=inside)


def _grouped(part: Filter, *, inside: bool) -> str:
    words = _words(part, inside=inside)
    return f"({words})" if isinstance(part, Or) else words


def _negated(part: Filter, *, inside: bool) -> str:
    if isinstance(part, SameSubscription):
        return f"no subscription ({_words(part.part, inside=True)})"
    if isinstance(part, Term | Has | In):
        about_some = not inside and isinstance(part, Term) and FIELDS[part.field].owner != "person"
        if about_some:
            return "no" + _leaf(part, "is", "contains", inside=False).removeprefix("some")
        return _leaf(part, "is not", "does not contain", inside=inside)
    return f"not ({_words(part, inside=inside)})"


def _leaf(leaf: Term | Has | In, being: str, containing: str, *, inside: bool) -> str:
    if isinstance(leaf, In):
        where = "in" if being == "is" else "not in"
        return f"{where} the segment “{leaf.segment}”"
    if isinstance(leaf, Has):
        return f"{'has' if being == 'is' else 'has no'} {_name(leaf)}"
    verb = containing if leaf.operator == "~" else being
    words = f"{_name(leaf)} {verb} {_value(leaf)}"
    if leaf.field in _HAPPENED:
        words = f"{verb.removeprefix('is').lstrip()} {_name(leaf)} {_value(leaf)}".lstrip()
    elif leaf.field == "status":
        words = f"{verb} {_value(leaf)}"
    if inside or FIELDS[leaf.field].owner == "person":
        return words
    of = "" if leaf.field in ("status", *_HAPPENED) else "’s"
    return f"some subscription{of} {words}"


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
