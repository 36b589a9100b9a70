"""Words that are links: ``[your words]({{link}})`` in a template.

In plain text the address stands behind the words in angle brackets, which end it for certain
(RFC 3986, appendix C). In HTML the words are the link. There are no images and nothing is fetched,
so no one is tracked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import NamedTuple

HOW = "write a link as [your words]({{link}}) or [your words](https://…)"

_LINK = re.compile(
    r"\[(?P<words>[^\[\]\n]+)\]\((?P<address>\{\{\s*link\s*\}\}|https://[^\s()<>\"]+)\)"
    r"|(?P<bare>\{\{\s*link\s*\}\})"
)


class Piece(NamedTuple):
    """A piece of a template, or of its text. ``address``: where the words lead, or "" if they are
    no link."""

    words: str
    address: str = ""

    @property
    def has_words(self) -> bool:
        """Whether it is a link that shows other words than its address."""
        return bool(self.address) and self.words != self.address


def pieces(template: str) -> Iterator[Piece]:
    """The pieces of a template, in order. Its fields stay."""
    at = 0
    for found in _LINK.finditer(template):
        yield Piece(template[at : found.start()])
        bare = found["bare"]
        yield Piece(bare, bare) if bare else Piece(found["words"], found["address"])
        at = found.end()
    yield Piece(template[at:])


def wrong_place(template: str) -> int | None:
    """Where something looks like the link of words and is none, or None."""
    rest = _LINK.sub(lambda found: " " * len(found[0]), template)
    at = rest.find("](")
    return None if at < 0 else max(rest.rfind("[", 0, at), rest.rfind("\n", 0, at) + 1)


def filled(some: Iterable[Piece], fill: Callable[[str], str]) -> list[Piece]:
    """The pieces with their fields filled in. What is filled in is not read as a link."""
    return [Piece(fill(one.words), fill(one.address)) for one in some]


def as_text(some: Iterable[Piece]) -> str:
    """The plain text."""
    return "".join(
        f"{one.words} <{one.address}>" if one.has_words else one.words for one in some
    ).rstrip()


def as_html(some: Iterable[Piece]) -> str:
    """The same as HTML. A blank line begins a paragraph."""
    text = "".join(
        f'<a href="{escape(one.address)}">{escape(one.words)}</a>'
        if one.address
        else escape(one.words)
        for one in some
    )
    paragraphs = (part.strip("\n") for part in re.split(r"\n{2,}", text.rstrip()))
    body = "\n".join(f"<p>{part}</p>" for part in paragraphs if part)
    body = re.sub(r"(?<!</p>)\n", "<br>\n", body)
    return f"<!DOCTYPE html>\n<html>\n<body>\n{body}\n</body>\n</html>\n"
