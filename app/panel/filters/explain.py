"""Explains in a sentence why a text does not fit the grammar.

The parser reports where it stopped and what it expected there. The words before that position
explain the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.panel.filters.errors import Mistake, quoted
from app.panel.filters.fields import FIELDS, suggestion

if TYPE_CHECKING:
    from lark.exceptions import UnexpectedInput

EXAMPLE = 'such as status:"active"'
_INSTEAD = {"&&": "AND", "&": "AND", "||": "OR", "|": "OR", "+": "AND", ",": "AND"}
_FIELD_BEFORE = re.compile(
    r"""(metadata\[[^\]]*\]|[^\s:=<>~!()"'\[\]]+)\s*([:=<>~!]*)\s*\Z""", re.IGNORECASE
)
_LAST_WORD = re.compile(r"(\(|-|[^\s()]+)\s*\Z")
_QUOTED = re.compile(r"""\"(?:\\.|[^"\\])*\"|'(?:\\.|[^'\\])*'""")
_WORD = re.compile(r"""[^\s()"'\[\]]+|.""", re.DOTALL)


def explain(text: str, error: UnexpectedInput) -> Mistake:
    """The mistake behind an error of the parser."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    at, allowed = len(text), set[str]()
    if isinstance(error, UnexpectedToken):
        allowed = {str(name) for name in error.expected}
        if error.token.type != "$END":
            at = error.token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        allowed = {str(name) for name in error.allowed or ()}
        at = error.pos_in_stream or 0
    if "OPERATOR" in allowed:
        return _no_operator(text, at)
    if "QUOTED" in allowed:
        return _no_value(text, at)
    return _no_condition(text, at)


def _no_operator(text: str, at: int) -> Mistake:
    found = _FIELD_BEFORE.search(text[:at])
    if not found:
        return _no_condition(text, at)
    start, end = found.span(1)
    word = found[1]
    if word in _INSTEAD:
        words = f"{quoted(word)} at {start + 1} is not a filter word. Write {_INSTEAD[word]}."
        return Mistake(start, end, words)
    if word.lower() in FIELDS or word.lower().startswith("metadata"):
        example = "" if "[" in word else f", such as {_example(word.lower())}"
        words = f"{quoted(word)} at {start + 1} needs an operator and a value{example}."
        return Mistake(start, end, words)
    if word.lower() in ("has", "in"):
        example = "has:email" if word.lower() == "has" else 'in:"active"'
        words = f"{quoted(word)} at {start + 1} needs a colon and a name, such as {example}."
        return Mistake(start, end, words)
    if word.lower() in ("and", "or", "not"):
        return _missing(text, start, f"before {word}", start, end)
    if text[at : at + 1] in ("[", "]"):
        return _bracket(text, at)
    hint = suggestion(word)
    words = f"{quoted(word)} at {start + 1} is not a condition"
    if hint:
        return Mistake(start, end, words + hint)
    return Mistake(
        start, end, f'{words}. Write a field, an operator and a value, such as name~"Ada".'
    )


def _example(name: str) -> str:
    field = FIELDS.get(name)
    if field is None or name == "metadata":
        return 'metadata["tier"]:"free"'
    if field.choices:
        return f'{name}:"{field.choices[0]}"'
    if field.kind == "date":
        return f"{name}>-90d"
    return f"{name}>1" if field.kind in ("count", "money") else f'{name}~"ada"'


def _no_value(text: str, at: int) -> Mistake:
    found = _FIELD_BEFORE.search(text[:at])
    if not found:
        return _no_condition(text, at)
    start, end = found.start(1), found.end(2)
    name = found[1].lower()
    if name not in FIELDS and name not in ("has", "in") and "[" not in name and "." not in name:
        words = f"Unknown field {quoted(found[1])} at {start + 1}"
        return Mistake(start, found.end(1), words + (suggestion(name) or "."))
    return Mistake(start, end, f"{quoted(text[start:end])} at {start + 1} needs a value.")


def _no_condition(text: str, at: int) -> Mistake:
    rest = text[at:]
    if not rest.strip():
        found = _LAST_WORD.search(text)
        word = found[1] if found else text.strip()
        word_at = found.start(1) if found else 0
        return Mistake(
            len(text.rstrip()),
            len(text.rstrip()),
            f"A condition is missing after {quoted(word)} at {word_at + 1}, {EXAMPLE}.",
        )
    if found := _QUOTED.match(rest):
        return Mistake(
            at,
            at + found.end(),
            f"The text {quoted(found.group())} at {at + 1} has no field. Write a field and an "
            "operator before it, such as name~.",
        )
    if rest[0] in "[]":
        return _bracket(text, at)
    found = _WORD.match(rest)
    word = found.group() if found else rest[0]
    if rest[0] == "!":
        return Mistake(
            at, at + 1, f"! at {at + 1} has no field before it. For “not”, write - or NOT."
        )
    if rest[0] in ":=<>~":
        return Mistake(at, at + 1, f"A field is missing before {quoted(rest[0])} at {at + 1}.")
    if rest[0] == ")":
        before = text[:at].rstrip()
        if before.endswith("("):
            start = len(before) - 1
            words = f"There is nothing between the parentheses at {start + 1}."
            return Mistake(start, at + 1, words)
        return _missing(text, at, "before the parenthesis", at, at + 1)
    if word.lower() in ("and", "or"):
        return _missing(text, at, f"before {word}", at, at + len(word))
    return Mistake(at, at + len(word), f"{quoted(word)} at {at + 1} is in the wrong place.")


def _missing(text: str, at: int, where: str, start: int, end: int) -> Mistake:
    return Mistake(start, end, f"A condition is missing {where} at {at + 1}, {EXAMPLE}.")


def _bracket(text: str, at: int) -> Mistake:
    return Mistake(
        at,
        at + 1,
        f"The bracket at {at + 1} is out of place. Only metadata takes a key in"
        ' brackets, such as metadata["tier"].',
    )
