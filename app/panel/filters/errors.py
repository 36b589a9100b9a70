"""Errors in a filter: what is wrong, where, and how to show it."""

from __future__ import annotations

import unicodedata

from app.text import REPLACEMENT, plain

SHOWN = 72  # cells of the expression, so that it fits an 80-column terminal
QUOTED = 40  # characters of the typed text that a sentence repeats


class FilterError(ValueError):
    """A filter that cannot be used.

    ``text`` is the typed text, and ``text[start:end]`` is the mistake. ``start`` may be the end of
    the text if something is missing. ``sentence`` is for a person and counts characters from 1.
    """

    def __init__(self, text: str, start: int, end: int, sentence: str) -> None:
        super().__init__(sentence)
        self.text = text
        self.start = start
        self.end = max(start, end)
        self.sentence = sentence

    def __reduce__(self) -> tuple[type[FilterError], tuple[str, int, int, str]]:
        return FilterError, (self.text, self.start, self.end, self.sentence)


class Mistake(Exception):
    """A :class:`FilterError` from code that does not know the whole text."""

    def __init__(self, start: int, end: int, sentence: str) -> None:
        super().__init__(sentence)
        self.start, self.end, self.sentence = start, end, sentence


def quoted(text: str) -> str:
    """A typed text, quoted and shortened for a sentence."""
    return f"“{plain(text, QUOTED)}”"


def pointed(error: FilterError) -> str:
    """Two lines for a terminal: the part of the filter around the mistake, and carets below it.

    Control characters are replaced one for one, so the carets stay in the right column.
    """
    shown = [_one(character) for character in error.text]
    first, last = error.start, max(error.end, error.start + 1)
    before, after = shown[:first], shown[first:]
    lead = ""
    while _cells(before) > SHOWN // 2:
        before, lead = before[1:], "…"
    room = SHOWN - _cells(before)
    kept: list[str] = []
    while len(kept) < len(after) and _cells([*kept, after[len(kept)]]) <= room:
        kept.append(after[len(kept)])
    tail = "…" if len(kept) < len(after) else ""
    carets = max(1, _cells(kept[: last - first]))
    line = lead + "".join(before + kept) + tail
    return f"{line}\n{' ' * (len(lead) + _cells(before))}{'^' * carets}"


def _one(character: str) -> str:
    safe = plain(character)
    if len(safe) != 1 or unicodedata.category(safe) == "Cf":  # a joiner would merge two characters
        return REPLACEMENT
    return safe


def _cells(characters: list[str]) -> int:
    return sum(_width(one) for one in characters)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
