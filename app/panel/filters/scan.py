"""Checks the length, characters, quotes and parentheses of a filter before it is parsed.

This is one pass without the grammar. A text that passes has closed quotes and balanced
parentheses, so the errors of the parser are about words only.
"""

from __future__ import annotations

import unicodedata

from app.panel.filters.errors import Mistake
from app.panel.filters.grammar import DEPTH, LENGTH

SPACES = "\t\n\r"


def check(text: str) -> None:
    """Raise Mistake for the first problem that is visible without parsing."""
    if len(text) > LENGTH:
        raise Mistake(
            LENGTH,
            len(text),
            f"A filter has at most {LENGTH:,} characters, and this one has {len(text):,}."
            f" Remove the text from {LENGTH + 1:,} on.",
        )
    if not text.strip():
        raise Mistake(0, len(text), 'A condition is missing at 1, such as status:"active".')
    _check_characters(text)


def _check_characters(text: str) -> None:
    quote, opened_at = "", 0
    escaped = False
    parentheses: list[int] = []
    for at, character in enumerate(text):
        _check_one(character, at, in_quotes=bool(quote))
        if quote:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote, opened_at = character, at
        elif character == "(":
            parentheses.append(at)
            if len(parentheses) > DEPTH:
                raise Mistake(
                    at,
                    at + 1,
                    f"The parenthesis at {at + 1} is inside {DEPTH} others, which is the limit.",
                )
        elif character == ")":
            if not parentheses:
                raise Mistake(
                    at, at + 1, f"The parenthesis at {at + 1} has no opening parenthesis."
                )
            parentheses.pop()
    if quote:
        raise Mistake(opened_at, len(text), f"The quote at {opened_at + 1} is not closed.")
    if parentheses:
        at = parentheses[-1]
        raise Mistake(at, at + 1, f"The parenthesis at {at + 1} is not closed.")


def _check_one(character: str, at: int, *, in_quotes: bool) -> None:
    if " " <= character <= "~" or (character in SPACES and not in_quotes):
        return
    category = unicodedata.category(character)
    if category == "Cc":
        name = {"\n": "a line break", "\t": "a tab"}.get(
            character, f"a control character (U+{ord(character):04X})"
        )
        instead = {"\n": "\\n", "\t": "\\t"}.get(character, f"\\u{ord(character):04x}")
        hint = f". Write {instead} instead" if in_quotes and character != "\0" else ""
        raise Mistake(at, at + 1, f"The filter has {name} at {at + 1}, which is not allowed{hint}.")
    if category == "Cs":
        raise Mistake(at, at + 1, f"The byte at {at + 1} is not UTF-8 text.")
