"""Says what changed beside the members of a plan: the mail, the rules, the audience. Each is shown
as it was and as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from app.invites.mail.template import Template
from app.invites.rules import Rules
from app.text import plain

ARROW = " → "
LONGEST = 60  # characters of a value
# What a person is told of a field of the template.
FIELDS = {
    "title": "the study's title",
    "link": "the interview link",
    "sender_name": "the sender's name",
    "sender_address": "the sender's address",
    "reply_to": "the address for replies",
    "subject": "the subject",
    "text": "the text of the email",
    "postal": "the postal address",
    "opt_out": "the sentence on how to opt out",
}


def changed_fields(before: Template, after: Template) -> list[str]:
    """What differs between two templates, with its old and its new value. Of a text, the first line
    that differs."""
    return [
        f"{words}{_change(getattr(before, name), getattr(after, name))}"
        for name, words in FIELDS.items()
        if getattr(before, name) != getattr(after, name)
    ]


def changed_rules(before: Rules, after: Rules) -> list[str]:
    """What differs between two sets of rules."""
    rules = (
        ("the cool-down", _days(before.cool_down_days), _days(after.cool_down_days)),
        ("the invite limit", _cap(before), _cap(after)),
        ("the time to reply", _days(before.expire_days), _days(after.expire_days)),
    )
    return [f"{words}: {old}{ARROW}{new}" for words, old, new in rules if old != new]


def changed_segments(words: str, before: Iterable[str], after: Iterable[str]) -> list[str]:
    """What differs between two lists of segments, by their keys."""
    old, new = set(before), set(after)
    signs = [*(f"+ {key}" for key in sorted(new - old)), *(f"− {key}" for key in sorted(old - new))]
    return [f"{words}: {plain(', '.join(signs), 300)}"] if signs else []


def _change(before: str, after: str) -> str:
    lines = list(zip_longest(before.splitlines(), after.splitlines(), fillvalue=""))
    for number, (old, new) in enumerate(lines, 1):
        if old != new:
            place = f", line {number}" if len(lines) > 1 else ""
            return f"{place}: {ARROW.join(_shown(old, new))}"
    return ", only in line breaks"


def _shown(*values: str) -> Iterator[str]:
    """The values, from shortly before the place where they begin to differ."""
    same = next((at for at, signs in enumerate(zip_longest(*values)) if len({*signs}) > 1), 0)
    start = 0 if max(map(len, values)) <= LONGEST else max(0, same - LONGEST // 3)
    for value in values:
        dots = "…" if start else ""
        yield f"“{dots}{plain(value[start:], LONGEST)}”" if value else "nothing"


def _days(number: int | None) -> str:
    if number is None:
        return "none"
    return "1 day" if number == 1 else f"{number:,} days"


def _cap(rules: Rules) -> str:
    if rules.cap is None:
        return "none"
    return f"{rules.cap:,} in {_days(rules.cap_days)}"
