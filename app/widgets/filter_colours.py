"""The colours of a filter that is being typed: fields, operators, values and the words between."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rich.color import Color as RichColor
from rich.highlighter import Highlighter
from rich.style import Style
from rich.text import Text
from textual.color import Color

PARTS = re.compile(
    r"""
    (?P<primary>\b(?:AND|OR|NOT)(?=[\s()]|$) | (?<![^\s(])-(?=[\w(]))
  | (?P<started>(?:metadata\[[^\]]*\]?|\w+)(?=\s*[:=<>~!]) | \bsubscription(?=\s*\())
  | (?P<muted>[:=<>~!()]+)
  | (?P<completed>"(?:\\.|[^"\\])*"? | '(?:\\.|[^'\\])*'? | (?<=[:=<>~])[^\s()"']+)
    """,
    re.VERBOSE | re.IGNORECASE,
)


class FilterColours(Highlighter):
    """Colours a filter by the meanings of the theme. Words that are no filter keep theirs."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._styles = {name: _style(variables.get(name, "")) for name in PARTS.groupindex}

    def highlight(self, text: Text) -> None:
        if not re.search("[:=<>~!]", text.plain):
            return
        for found in PARTS.finditer(text.plain):
            if found.lastgroup is not None:
                text.stylize(self._styles[found.lastgroup], found.start(), found.end())


def _style(colour: str) -> Style:
    """A colour of a theme, which may be one of the terminal's, as a style."""
    try:
        parsed = Color.parse(colour)
    except ValueError:
        return Style()
    if parsed.ansi is not None:
        return Style(color=RichColor.from_ansi(parsed.ansi)) if parsed.ansi >= 0 else Style()
    return Style(color=parsed.rich_color)
