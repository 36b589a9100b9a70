"""What an empty place shows, in its middle: a drawing, one sentence, and the keys that help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.geometry import Size

from app.widgets.content import Content, words
from app.widgets.state_widget import StateWidget

DRAWING = ("·  ·  ○  ·  ·", "·  ○  ◆  ○  ·", "·  ·  ○  ·  ·")


@dataclass(frozen=True)
class EmptyText:
    """``sentence`` says what is empty, ``more`` what would be here. ``keys``: (key, what it
    does)."""

    sentence: str
    more: str = ""
    keys: tuple[tuple[str, str], ...] = ()


class EmptyState(StateWidget[EmptyText]):
    """Fills its place with an :class:`EmptyText`, centred both ways."""

    DEFAULT_CSS = "EmptyState { height: 1fr; }"

    def draw(self, state: EmptyText, width: int) -> list[Content]:
        lines = empty_lines(state, width)
        above = max(0, (self.size.height - len(lines)) // 2)
        return [*[words()] * above, *lines]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return container.height

    def on_resize(self) -> None:
        """The lines depend on the height, too."""
        self._cache = None
        self.refresh()


def empty_lines(state: EmptyText, width: int, *, drawing: bool = True) -> list[Content]:
    """The lines of an empty place, each centred in ``width`` cells."""
    lines = [words((row, "$primary" if "◆" in row else "$muted")) for row in DRAWING * drawing]
    lines += [words()] * drawing
    lines += words((state.sentence, "bold")).wrap(width)
    lines += words((state.more, "$muted")).wrap(width) if state.more else []
    lines += [words()] if state.keys else []
    return [*(_centred(line, width) for line in lines), *_key_rows(state.keys, width)]


def _key_rows(keys: Sequence[tuple[str, str]], width: int) -> list[Content]:
    """The keys, one below the other."""
    if not keys:
        return []
    most = max(len(key) for key, _ in keys)
    rows = [words((f"{key:>{most}}  ", "bold $primary"), does) for key, does in keys]
    margin = " " * max(0, (width - max(row.cell_length for row in rows)) // 2)
    return [words(margin, row) for row in rows]


def _centred(line: Content, width: int) -> Content:
    return words(" " * max(0, (width - line.cell_length) // 2), line)
