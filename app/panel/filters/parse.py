"""Parses a text into a filter, or says in a sentence what is wrong and where.

An error in the grammar is explained by what the parser expected at that position. lark is imported
at the first filter, because its import takes longer than the rest of a command.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from app.panel.filters.errors import FilterError, Mistake, quoted
from app.panel.filters.explain import explain
from app.panel.filters.fields import FIELDS, FilterField, suggestion
from app.panel.filters.grammar import CONDITIONS, DEPTH, GRAMMAR
from app.panel.filters.scan import check
from app.panel.filters.scopes import TooManyGroups, scoped
from app.panel.filters.tree import (
    And,
    Filter,
    Has,
    In,
    Not,
    Operator,
    Or,
    Relative,
    SameSubscription,
    Term,
    leaves,
)
from app.panel.filters.values import check_bare, unquoted, value
from app.text import fold

if TYPE_CHECKING:
    from lark import Lark, Token

NEGATED = "!="
_SIGNS = {
    **{"==": "=", "=>": ">=", "=<": "<=", "<>": "!=", ":>": ">", ":<": "<", ":>=": ">="},
    **{":<=": "<=", "=~": "~", "~=": "~", ":~": "~", "!": "!=", "::": ":", ":=": ":", "!:": "!="},
}


@dataclass(frozen=True)
class _Part:
    """A part of a filter: its depth, where it starts, and the mistake that it would be inside
    ``subscription(…)``."""

    rule: Filter
    depth: int
    start: int
    outside: Mistake | None = None


def parse(text: str) -> Filter:
    """Parse a filter. Raises FilterError, whose sentence names the position, for any other text.

    ``compile`` checks the names of segments, because only the database knows them.
    """
    from lark.exceptions import UnexpectedInput

    try:
        check(text)
        try:
            rule = cast(_Part, _parser().parse(text)).rule
        except UnexpectedInput as error:
            raise explain(text, error) from None
        count = sum(1 for _ in leaves(rule))
        if count > CONDITIONS:
            raise Mistake(
                0,
                len(text),
                f"A filter has at most {CONDITIONS} conditions, and the one at 1 has {count}.",
            )
        try:
            scoped(rule)
        except TooManyGroups:
            raise Mistake(
                0,
                len(text),
                "The filter at 1 has too many alternatives. Split it into segments and"
                " combine them with in:.",
            ) from None
    except Mistake as mistake:
        raise FilterError(text, mistake.start, mistake.end, mistake.sentence) from None
    return rule


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    # The builder runs during parsing, so deep nesting needs no recursion in Python.
    return Lark(GRAMMAR, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


class _Builder:
    """The methods that lark calls for each rule of the grammar. All threads share one, so it has no
    state."""

    def any(self, parts: list[_Part]) -> _Part:
        return _deeper(Or(tuple(part.rule for part in parts)), parts)

    def every(self, parts: list[_Part]) -> _Part:
        return _deeper(And(tuple(part.rule for part in parts)), parts)

    def no(self, parts: list[_Part]) -> _Part:
        return _deeper(Not(parts[0].rule), parts)

    def inside(self, parts: list[_Part]) -> _Part:
        return _deeper(parts[0].rule, parts)

    def same(self, parts: list[_Part]) -> _Part:
        if parts[0].outside:
            raise parts[0].outside
        at = parts[0].start
        inner = Mistake(
            at, at + 1, f"The text at {at + 1} uses subscription(…) inside subscription(…)."
        )
        return _Part(SameSubscription(parts[0].rule), parts[0].depth + 1, at, inner)

    def term(self, tokens: list[Token]) -> _Part:
        name, sign, given = tokens
        rule = _condition(name, sign, given)
        return _Part(rule, 0, _at(name), _about_the_person(rule, name))


def _about_the_person(rule: Filter, name: Token) -> Mistake | None:
    """Why a condition cannot be inside ``subscription(…)``; None if it can."""
    leaf = next(leaves(rule))
    field = leaf.field if isinstance(leaf, Has | Term) else "in"
    if field in FIELDS and FIELDS[field].owner != "person":
        return None
    hint = ". For when the subscription started, use started." if field == "created" else "."
    return Mistake(
        _at(name),
        _end(name),
        f"{quoted(name)} at {_at(name) + 1} is about the participant, so it cannot be inside "
        f"subscription(…){hint}",
    )


def _at(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


def _deeper(rule: Filter, parts: list[_Part]) -> _Part:
    depth = max(part.depth for part in parts) + 1
    at = parts[0].start
    if depth > 2 * DEPTH:
        raise Mistake(at, at + 1, f"The text at {at + 1} is nested too deeply.")
    outside = next((part.outside for part in parts if part.outside), None)
    return _Part(rule, depth, at, outside)


def _condition(name: Token, sign: Token, given: Token) -> Filter:
    field, key = _field(name)
    _check_sign(sign)
    text = _value_text(name, sign, given)
    if field in ("has", "in"):
        rule: Filter = _has(given, text) if field == "has" else In(text, (_at(given), _end(given)))
        if sign not in (":", "=", NEGATED):
            raise _not_possible(f"{field}:", sign, (":", "!="))
        return Not(rule) if sign == NEGATED else rule
    known = FIELDS[field]
    shown = known.name if key is None else quoted(name)
    if sign not in known.operators:
        raise _not_possible(shown, sign, tuple(one for one in known.operators if one != "="))
    if given.type == "BARE" and text.lower() == "null":
        return _null(known, key, sign, given)
    start, end = _at(given), _end(given)
    if sign == "~" and not text:
        raise Mistake(start, end, f"~ needs a text, and the one at {start + 1} is empty.")
    found = value(known, text, start, end)
    if isinstance(found, Relative) and sign in (":", "=", NEGATED):
        raise Mistake(
            start,
            end,
            f"{known.name} is rarely exactly {quoted(text)} at {start + 1}. Use > or <.",
        )
    operator = cast(Operator, ":" if sign in ("=", NEGATED) else str(sign))
    term = Term(known.name, operator, found, key)
    return Not(term) if sign == NEGATED else term


def _null(field: FilterField, key: str | None, sign: Token, given: Token) -> Filter:
    """As in Stripe's search, ``email:null`` finds participants without an email."""
    if sign not in (":", "=", NEGATED):
        raise Mistake(_at(given), _end(given), f"Nothing is {sign} null (at {_at(given) + 1}).")
    has = Has(field.name, key)
    return has if sign == NEGATED else Not(has)


def _field(name: Token) -> tuple[str, str | None]:
    """The field's name in lower case, and the key of metadata."""
    if name.type == "METADATA":
        return "metadata", _key(name)
    low = fold(name)
    if low == "metadata":
        raise Mistake(
            _at(name),
            _end(name),
            f'metadata at {_at(name) + 1} needs a key, such as metadata["tier"].',
        )
    if low == "subscription":
        raise Mistake(
            _at(name),
            _end(name),
            f"subscription at {_at(name) + 1} is followed by parentheses, such as"
            ' subscription(status:"active"). Or did you mean has:subscription?',
        )
    if low not in FIELDS and low not in ("has", "in"):
        words = f"Unknown field {quoted(name)} at {_at(name) + 1}"
        raise Mistake(_at(name), _end(name), words + (suggestion(name) or "."))
    return low, None


def _key(name: Token) -> str:
    rest = name[len("metadata") :]
    if rest[0] == ".":
        return rest[1:]
    inner = rest[1:-1].strip()
    if inner[0] in "\"'":
        return unquoted(inner, _at(name) + name.index(inner[0]))
    return inner


def _check_sign(sign: Token) -> None:
    if sign in (":", "=", NEGATED, "~", ">", ">=", "<", "<="):
        return
    instead = _SIGNS.get(sign)
    hint = f". Did you mean {instead}?" if instead else ". Use : = != ~ > >= < or <=."
    raise Mistake(
        _at(sign), _end(sign), f"Unknown operator {quoted(sign)} at {_at(sign) + 1}{hint}"
    )


def _value_text(name: Token, sign: Token, given: Token) -> str:
    start = _at(given)
    if given.type == "QUOTED":
        return unquoted(given, start)
    if given.type == "METADATA":
        if name.lower() != "has" and "[" in given:
            raise _without_value(name, sign, given)
        return str(given)
    check_bare(given, start)
    if given.lower() in ("and", "or", "not"):
        raise _without_value(name, sign, given)
    if start > _end(sign):  # email: status:"active"
        word = str(given)
        for at, character in enumerate(word):
            if character in ":=<>~!":
                if word[:at].lower().lstrip("-") in {*FIELDS, "has", "in"}:
                    raise _without_value(name, sign, given)
                break
    return str(given)


def _without_value(name: Token, sign: Token, given: Token) -> Mistake:
    return Mistake(
        _at(name),
        _end(sign),
        f"{quoted(name + sign)} at {_at(name) + 1} needs a value before {quoted(given)}. If"
        " that is the value, put it in quotes.",
    )


def _not_possible(name: str, sign: Token, possible: tuple[str, ...]) -> Mistake:
    operators = (
        " ".join(possible[:-1]) + f" or {possible[-1]}" if len(possible) > 1 else possible[0]
    )
    return Mistake(
        _at(sign),
        _end(sign),
        f"{name} cannot be used with {sign} at {_at(sign) + 1}. Use {operators}.",
    )


def _has(given: Token, text: str) -> Has:
    if given.type == "METADATA":
        return Has("metadata", _key(given))
    low = fold(text)
    if low in FIELDS or low == "subscription":
        return Has("subscription" if low == "subscriptions" else low)
    known = (*FIELDS, "subscription")
    words = f"Unknown field {quoted(text)} at {_at(given) + 1}"
    raise Mistake(_at(given), _end(given), words + (suggestion(text, known) or "."))
