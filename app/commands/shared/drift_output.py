"""Prints what changed since a plan or a reminder was shown, with names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.commands.shared.console import print_json
from app.invites.plan.drift_words import NamedChange
from app.text import plain

Shown = tuple[Sequence[NamedChange], int]  # the first by name, and how many there are


def print_drift(
    terms: Sequence[str], added: Shown, dropped: Shown, *, as_json: bool, **facts: Any
) -> None:
    """Print who would be added, who fell out and what else changed: lines for a person, or one JSON
    value with these ``facts``."""
    if as_json:
        print_json(drift_json(terms, added, dropped, **facts))
        return
    for term in terms:
        print(f"  changed: {plain(term, 300)}")
    for some, number in (added, dropped):
        for one in some:
            print(f"  {_line(one)}")
        if number > len(some):
            print(f"  … and {number - len(some):,} more")


def drift_json(
    terms: Sequence[str], added: Shown, dropped: Shown, **facts: Any
) -> dict[str, object]:
    """The same for a program."""
    lists = {
        "added": [_json(one) for one in added[0]],
        "dropped": [_json(one) for one in dropped[0]],
    }
    return {"type": "drift", **facts, "changed": list(terms), **lists}


def _line(one: NamedChange) -> str:
    who = f"{plain(one.name, 80)} <{plain(one.email, 200)}>" if one.name else plain(one.email, 200)
    return f"{one.sign} {who or one.stripe_id}{f': {one.why}' if one.why else ''}"


def _json(one: NamedChange) -> dict[str, object]:
    found: dict[str, object] = {
        "stripe_id": one.stripe_id,
        "name": one.name,
        "email": one.email,
    }
    return {**found, "reason": one.why} if one.why else found
