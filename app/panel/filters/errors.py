"""What is wrong with a filter, where, and how a person is shown the place."""

from __future__ import annotations

import unicodedata

from app.text import REPLACEMENT, plain

SHOWN = 72  # cells of the expression, so that it fits an 80-column terminal
QUOTED = 40  # characters of what somebody wrote that a sentence repeats


class FilterError(ValueError):
    """A filter that cannot be used.

    ``text`` is what was written; the mistake is ``text[start:end]`` (``start`` may be its end,
    where something is missing). ``sentence`` is for a person, and counts characters from 1.
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
    """A :class:`FilterError` of a part that does not know the whole text."""

    def __init__(self, start: int, end: int, sentence: str) -> None:
        super().__init__(sentence)
        self.start, self.end, self.sentence = start, end, sentence


def quoted(text: str) -> str:
    """What somebody wrote, as a sentence repeats it."""
    return f"“{plain(text, QUOTED)}”"


def pointed(error: FilterError) -> str:
    """Two lines for a terminal: the part of the expression around the mistake, and carets under
    it. Every character of a line stays one, so that what a terminal obeys cannot move the place."""
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
    if len(safe) != 1 or unicodedata.category(safe) == "Cf":  # a joiner would join two of them
        return REPLACEMENT
    return safe


def _cells(characters: list[str]) -> int:
    return sum(_width(one) for one in characters)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
