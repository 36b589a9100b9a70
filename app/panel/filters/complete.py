"""Completions for a filter that is being typed.

The text is not complete yet, so it is read token by token up to the cursor, without the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.db.store import Store
from app.db.stored_json import stored_metadata
from app.panel.filters.common_values import common_values
from app.panel.filters.errors import FilterError
from app.panel.filters.fields import FIELDS
from app.panel.filters.values import quote
from app.panel.segments.views import segments
from app.text import fold

OPERATOR_WORDS = {
    ":": "is",
    "!=": "is not",
    "~": "contains",
    ">": "more or later than",
    ">=": "at least, or from",
    "<": "less or earlier than",
    "<=": "at most, or until",
}
OFFERED = 50  # completions at once
SAMPLE = 2_000  # newest participants, whose metadata keys and currencies are offered

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<open>\() | (?P<close>\))
  | (?P<metadata>metadata\[\s*(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|[^\s"'\[\]()]*)\s*\]?)
  | (?P<quoted>"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)
  | (?P<sign>[:=<>~!]+)
  | (?P<word>[^\s()"':=<>~!]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BARE = re.compile(r"""[^\s()"']+""")
_REST = re.compile(r"""[^\s()"':=<>~!\[\]]*["']?\]?""")


@dataclass(frozen=True)
class Completion:
    """A completion: ``text`` replaces ``[start, end)``, and the cursor goes to its end. ``about``
    describes it to a person."""

    text: str
    start: int
    end: int
    kind: Literal["field", "operator", "value", "word"]
    about: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The names in this connection that a filter can use. They are unescaped text from Stripe."""

    products: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)  # people by field and value


def vocabulary(store: Store, connection_id: int) -> Vocabulary:
    """Read the vocabulary. It takes a few milliseconds for any number of participants, because
    metadata keys and currencies come from the newest ones only."""
    here = (connection_id,)
    views = segments(store, connection_id)
    recent = store.rows(
        # The plus makes SQLite read the newest rows from the end instead of sorting all rows.
        "SELECT p.metadata, p.currency FROM participant p WHERE +p.connection_id = ?"
        f" AND NOT p.deleted ORDER BY p.id DESC LIMIT {SAMPLE}",
        here,
    )
    keys = {key for text, _ in recent if text != "{}" for key in stored_metadata(text)}
    products = store.rows(
        "SELECT DISTINCT name FROM product WHERE connection_id = ? AND NOT deleted", here
    )
    prices = store.rows(
        "SELECT DISTINCT nickname FROM price WHERE connection_id = ? AND NOT deleted"
        " AND nickname <> ''",
        here,
    )
    return Vocabulary(
        products=_sorted(name for (name,) in products),
        prices=_sorted(name for (name,) in prices),
        currencies=_sorted({currency for _, currency in recent if currency}),
        segments=tuple(dict.fromkeys(view.name for view in views)),
        metadata=_sorted(keys),
        counts=common_values(store, connection_id),
    )


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts, key=lambda text: (text.casefold(), text)))


@dataclass
class _CursorContext:
    """What is expected at the cursor, and the part of it that is already typed."""

    expected: Literal["condition", "operator", "value", "joint"] = "condition"
    field: str = ""
    inside: bool = False  # within subscription(…)
    start: int = 0
    typed: str = ""


def complete(text: str, cursor: int, known: Vocabulary) -> list[Completion]:
    """The completions at the cursor, the most likely first, at most OFFERED. Never raises."""
    cursor = max(0, min(cursor, len(text)))
    context = _context_of(text[:cursor])
    rest = _REST.match(text, cursor)
    end = rest.end() if rest and context.typed else cursor
    if context.expected == "operator":
        known_field = FIELDS.get(context.field)
        signs = (":", "!=") if known_field is None else known_field.operators
        found = [
            Completion(sign, context.start, cursor, "operator", OPERATOR_WORDS[sign])
            for sign in signs
            if sign != "="
        ]
        return [one for one in found if one.text.startswith(context.typed)]
    if context.expected == "value":
        offered = _counted(context.field, _values(context.field, known), known.counts)
        kind: Literal["value", "field"] = "value"
        pairs = [(shown, shown, about) for shown, about in offered]
        if context.field not in ("has", "created") and not _is_plain(context.field):
            pairs = [(quote(shown), shown, about) for shown, about in offered]
        return _matching(context, end, kind, pairs)
    gap = "" if context.typed or text[:cursor][-1:].isspace() else " "
    words = [(f"{gap}AND ", "AND", "both"), (f"{gap}OR ", "OR", "either")]
    joints = _matching(context, end, "word", words) if context.expected == "joint" else []
    if context.expected == "joint" and not context.typed:
        return joints
    return joints + _matching(context, end, "field", _fields(context.inside, known))


def still_typed(error: FilterError, offered: Sequence[Completion], text: str) -> bool:
    """Whether the error is about the part that a person types now and that can be completed."""
    if not offered:
        return False
    return error.end >= offered[0].start or not text[error.start :].strip()


def _is_plain(field: str) -> bool:
    """Whether the values of this field need no quotes."""
    return field in FIELDS and FIELDS[field].kind in ("date", "count", "money")


def _fields(inside: bool, known: Vocabulary) -> list[tuple[str, str, str]]:
    found = [
        (field.name, field.name, field.about)
        for field in FIELDS.values()
        if field.name != "metadata" and not (inside and field.owner == "person")
    ]
    found.append(("has:", "has", "has a value"))
    if not inside:
        found += [
            ("in:", "in", "member of a segment"),
            (
                "subscription(",
                "subscription(",
                "conditions about the same subscription",
            ),
        ]
        found += [(f"metadata[{quote(key)}]", f"metadata.{key}", "") for key in known.metadata]
    return [*found, ("NOT ", "NOT", "participants who do not match what follows")]


def _values(field: str, known: Vocabulary) -> list[tuple[str, str]]:
    if field == "in":
        return [(name, "segment") for name in known.segments]
    if field == "has":
        return [("subscription", ""), *((one.name, one.about) for one in FIELDS.values())]
    named = {"product": known.products, "price": known.prices, "currency": known.currencies}
    if field in named:
        return [(name, field) for name in named[field]]
    about = FIELDS.get(field)
    if about and about.choices:
        return [(choice, "") for choice in about.choices]
    if about and about.kind == "date":
        return [(one, "") for one in ("-7d", "-30d", "-90d", "-1y", "now", "+7d", "+30d")]
    return []


def _counted(
    field: str, offered: list[tuple[str, str]], counts: Mapping[tuple[str, str], int]
) -> list[tuple[str, str]]:
    """Values with how many people have each, the commonest first."""
    known = {value: counts[field, value] for value, _ in offered if (field, value) in counts}
    order = sorted(offered, key=lambda one: -known.get(one[0], 0)) if known else offered
    return [
        (value, f"{known[value]:,} participants" if value in known else about)
        for value, about in order
    ]


def _matching(
    context: _CursorContext,
    end: int,
    kind: Literal["field", "value", "word"],
    offered: list[tuple[str, str, str]],
) -> list[Completion]:
    """The offers that start with the typed text, then those that contain it, in any case."""
    typed = fold(context.typed.strip("\"'"))
    if kind == "field":
        typed = typed.replace('["', ".").replace("['", ".").replace("[", ".")
    first = [one for one in offered if fold(one[1]).startswith(typed)]
    then = [one for one in offered if typed in fold(one[1]) and one not in first]
    found = [Completion(text, context.start, end, kind, about) for text, _, about in first + then]
    return [one for one in found if one.text != context.typed][:OFFERED]


def _context_of(before: str) -> _CursorContext:
    context, groups = _CursorContext(), [False]
    at, size, same = 0, len(before), False
    while at < size:
        match = _BARE.match(before, at) if context.expected == "value" else None
        match = match or _TOKEN.match(before, at)
        if match is None:
            return context
        token, kind, start, at = match.group(), match.lastgroup or "word", at, match.end()
        last = at == size and kind not in ("space", "open", "close")
        if kind == "quoted" and len(token) > 1 and token[-1] == token[0]:
            last = False
        if kind == "space":
            context.start = at
            continue
        if kind == "open":
            groups.append(groups[-1] or same)
            context = _CursorContext(inside=groups[-1], start=at)
            continue
        if kind == "close":
            groups = groups[:-1] or [False]
            context = _CursorContext("joint", inside=groups[-1], start=at)
            continue
        same = kind == "word" and fold(token) == "subscription"
        context = _after(context, token, kind, start, at, last)
    return context


def _after(
    context: _CursorContext, token: str, kind: str, start: int, at: int, last: bool
) -> _CursorContext:
    """The context after a token, or within it while it is being typed."""
    inside = context.inside
    if kind == "sign":
        if last and token == "!":
            return _CursorContext("operator", context.field, inside, start, token)
        return _CursorContext("value", context.field, inside, at)
    if context.expected == "value":
        if last:
            return _CursorContext("value", context.field, inside, start, token)
        return _CursorContext("joint", "", inside, at)
    if kind == "word" and context.expected == "condition" and token.startswith("-"):
        stripped = token.lstrip("-")
        start, token = start + len(token) - len(stripped), stripped
    low = fold(token)
    if low in ("and", "or", "not") and not last:
        return _CursorContext("condition", "", inside, at)
    name = "metadata" if kind == "metadata" or low.startswith("metadata.") else low
    whole = token.endswith("]") if name == "metadata" else low in FIELDS or low in ("has", "in")
    if last and not whole:
        return _CursorContext(context.expected, "", inside, start, token)
    return _CursorContext("operator", name, inside, at)
