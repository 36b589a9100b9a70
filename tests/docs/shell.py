"""The commands that the documentation shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(panelist [^`\n]*)`")


@dataclass
class ShownCommand:
    """One command of a line: its words, the variables before it, and what it reads."""

    words: list[str] = field(default_factory=list)
    reads: str | None = None  # the file after <

    @property
    def panelist(self) -> list[str] | None:
        """The arguments for Panelist; None where another program is run. A container's command
        is Panelist's, too."""
        if Path(self.words[0]).name == "panelist":
            return self.words[1:]
        if self.words[:2] in (["docker", "run"], ["docker", "exec"]):
            at = len(self.words) - self.words[::-1].index("panelist")
            return self.words[at:] or None
        return None


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [text for name, text in _FENCE.findall(page.read_text("utf-8")) if name == language]


def shown(page: Path) -> Iterator[ShownCommand]:
    """Every command in the ``sh`` blocks of a page, in order."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _commands(shlex.split(line, comments=True))


def _commands(words: list[str]) -> Iterator[ShownCommand]:
    command, rest = ShownCommand(), iter(words)
    for word in rest:
        if word == "&&":
            yield command
            command = ShownCommand()
        elif word == "<":
            command.reads = next(rest)
        else:
            command.words.append(word)
    if command.words:
        yield command


def mentioned(page: Path) -> list[list[str]]:
    """The arguments of every ``panelist …`` in running text, and in a unit file."""
    text = page.read_text("utf-8")
    units = re.findall(r"^ExecStart=\S*/(panelist .*)$", text, re.MULTILINE)
    prose = re.sub(r"^#.*$", "", _FENCE.sub("", text), flags=re.MULTILINE)
    return [shlex.split(found)[1:] for found in (*_SPAN.findall(prose), *units)]
