"""Rewrites the filter of a custom segment of version 6 and before, so that it keeps its members.

Then each condition on a subscription was about a subscription of its own, and each condition on an
item about an item of its own. Now those side by side are about the same one. So where two stand
side by side, ``status:"active"`` becomes ``subscription(status:"active")``, and inside
``subscription(…)`` the condition ``product:"Pro"`` becomes ``--product:"Pro"``: two negations ask
for some item of the subscription.

This reads the language as it was then, which no later change of the parser may alter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SUBSCRIPTION = {"status", "started", "trial_end", "cancel_at", "canceled_at", "ended_at"}
_ITEM = {"period_end", "product", "price", "interval", "amount"}

_QUOTED = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_METADATA = rf"""metadata(?:\.[^\s:=<>~!()"'\[\]]+|\[\s*(?:{_QUOTED}|[^\s"'\[\]()]+)\s*\])"""
_FIELD = r"""[^\s:=<>~!()"'\[\]\-][^\s:=<>~!()"'\[\]]*"""
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<open>\() | (?P<close>\)) | (?P<minus>-)
  | (?P<word>and|or|not)(?=[\s()]|$)
  | (?P<group>subscription\s*\()
  | (?P<name>{_METADATA}|{_FIELD})\s*(?P<sign>[:=<>~!]+)\s*
    (?P<value>{_QUOTED}|{_METADATA}|[^\s()"':=<>~!][^\s()"']*)
    """,
    re.VERBOSE | re.IGNORECASE,
)


class _UnknownText(Exception):
    """Not a filter of that language."""


@dataclass(frozen=True)
class _Condition:
    """``[start, end)`` in the text. ``field`` is in lower case."""

    start: int
    end: int
    field: str
    negated: bool


_Exposed = list[_Condition]  # conditions that conditions beside them could join


def explicit(text: str) -> str:
    """The filter in the explicit form. A text that was no filter then stays as it is."""
    try:
        reader = _Reader(text)
        reader.alternatives(inside=False)
        reader.end()
    except _UnknownText:
        return text
    for one, before, after in sorted(reader.wrapped, key=lambda each: -each[0].start):
        gap = "" if text[: one.start][-1:] in ("", " ", "(") else " "
        condition = f"{before}{text[one.start : one.end]}{after}"
        text = text[: one.start] + gap + condition + text[one.end :]
    return text


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        self.wrapped: list[tuple[_Condition, str, str]] = []
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                raise _UnknownText
            at = found.end()
            if found.lastgroup != "space":
                self._tokens.append(found)
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise _UnknownText

    def alternatives(self, *, inside: bool) -> _Exposed:
        exposed = self._conjunction(inside=inside)
        while self._next_is("or"):
            self._at += 1
            exposed = exposed + self._conjunction(inside=inside)
        return exposed

    def _conjunction(self, *, inside: bool) -> _Exposed:
        parts = [self._single(inside=inside)]
        while not self._ends() and not self._next_is("or"):
            if self._next_is("and"):
                self._at += 1
            parts.append(self._single(inside=inside))
        if sum(1 for part in parts if part) > 1:
            before, after = ("--", "") if inside else ("subscription(", ")")
            self.wrapped += [
                (one, before, after)
                for part in parts
                for one in part
                if (one, before, after) not in self.wrapped
            ]
        return [one for part in parts for one in part]

    def _single(self, *, inside: bool) -> _Exposed:
        if self._ends():
            raise _UnknownText
        token = self._tokens[self._at]
        self._at += 1
        if token["minus"] or (token["word"] or "").lower() == "not":
            self._single(inside=inside)
            return []
        if token["open"] or token["group"]:
            found = self.alternatives(inside=inside or bool(token["group"]))
            if self._at >= len(self._tokens) or not self._tokens[self._at]["close"]:
                raise _UnknownText
            self._at += 1
            return found if token["open"] else []
        if not token["name"]:
            raise _UnknownText
        one = _condition(token)
        asked = _ITEM if inside else _SUBSCRIPTION | _ITEM
        return [] if one.negated or one.field not in asked else [one]

    def _ends(self) -> bool:
        return self._at >= len(self._tokens) or bool(self._tokens[self._at]["close"])

    def _next_is(self, word: str) -> bool:
        return not self._ends() and (self._tokens[self._at]["word"] or "").lower() == word


def _condition(token: re.Match[str]) -> _Condition:
    field, value = token["name"].lower(), token["value"]
    negated = (token["sign"] == "!=") != (field != "has" and value.lower() == "null")
    if field == "has":
        field = value.strip("\"'").lower()
    return _Condition(token.start(), token.end(), field, negated)
