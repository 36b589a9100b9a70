"""Builds the text of widgets: always through ``plain``, never as markup.

Panelist's widgets draw only what :func:`words` or :func:`para` built, so a customer's name
cannot carry escapes, bidi controls or Textual markup to the screen. No other module of
``app.screens`` or ``app.widgets`` may build a ``Content`` or a ``Text``;
``tests/screens/test_boundary.py`` checks this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.content import Content
from textual.style import Style

from app.text import masked, plain

__all__ = ["Content", "hang", "hidden", "labelled", "linked", "no_emails", "para", "words"]

LABEL = 14  # cells for the label of a line

Part = str | Content | tuple[str, str] | tuple[str, Style]

_EMAIL = re.compile(r"[^\s<>(),;:'\"]+@[^\s<>(),;:'\"]+")


def words(*parts: Part) -> Content:
    """One line from texts, (text, style) pairs and other lines. Every text is made safe."""
    made: list[Content | tuple[str, str | Style]] = []
    for part in parts:
        if isinstance(part, Content):
            made.append(part)
        elif isinstance(part, tuple):
            made.append((plain(part[0]), part[1]))
        else:
            made.append((plain(part), ""))
    return Content.assemble(*made)


def linked(text: Content, url: str) -> Content:
    """A line as a link that the terminal opens (OSC 8)."""
    return text.stylize(Style(link=plain(url, 5_000)))


def para(lines: Iterable[Content]) -> Content:
    """Several lines as one text."""
    return Content("\n").join(lines)


def hang(head: Content, body: Content, width: int) -> list[Content]:
    """``body`` wrapped beside ``head``, or below it when the head is too wide for that."""
    indent = head.cell_length
    if indent * 3 > width:
        head, body, indent = words(), words(head, body), 2
    first, *rest = body.wrap(max(8, width - indent)) or [words()]
    margin = words(" " * indent)
    return [words(head, first), *(words(margin, line) for line in rest)]


def labelled(label: str, value: Part) -> Content:
    """A line of facts: its label, and the value in a column with those of the lines around it."""
    return words((f"{label:<{LABEL}}", "$muted"), value)


def hidden(name: str | None, masking: bool) -> str:
    """A person's name or email, masked while masking is on."""
    return masked(name) if masking else plain(name)


def no_emails(text: str, masking: bool) -> str:
    """A sentence whose emails are masked while masking is on."""
    return _EMAIL.sub(lambda found: masked(found[0]), text) if masking else text


def chopped(address: str, width: int) -> list[Content]:
    """An address in pieces that fill whole lines, so that it can be selected and copied. Each is a
    link to all of it, where the terminal knows links (OSC 8)."""
    pieces = (address[at : at + width] for at in range(0, len(address), width))
    return [linked(words((piece, "$primary")), address) for piece in pieces]
