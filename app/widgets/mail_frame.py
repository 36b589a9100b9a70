"""A mail in a frame, as a mail program shows it: its head, a line, and its text."""

from __future__ import annotations

from collections.abc import Sequence

from app.widgets.content import Content, words

LABEL = 9  # cells for the names of the head
LEAST = 24  # cells of a frame in which a mail can still be read


def mail_frame(
    head: Sequence[tuple[str, Content]], body: Sequence[Content], width: int, height: int = 0
) -> list[Content]:
    """The lines of a framed mail, ``width`` cells wide. ``head``: labels and their values.
    ``height``: rows to fill, or to cut the text to, if it is not 0."""
    width = max(LEAST, width)
    room = width - 4
    lines = [_edge("╭", "╮", width)]
    for label, value in head:
        named = words((f"{label:<{LABEL}}", "$muted"), value)
        lines.append(_row(named.truncate(room, ellipsis=True), room))
    lines.append(_edge("├", "┤", width))
    text = [part for line in body for part in (line.wrap(room) or [words()])]
    if height:
        free = max(1, height - len(lines) - 1)
        if len(text) > free:
            text = [*text[: free - 1], words(("…", "$muted"))]
        text += [words()] * (free - len(text))
    lines += [_row(line, room) for line in text]
    return [*lines, _edge("╰", "╯", width)]


def _edge(left: str, right: str, width: int) -> Content:
    return words((f"{left}{'─' * (width - 2)}{right}", "$line"))


def _row(line: Content, room: int) -> Content:
    pad = " " * max(0, room - line.cell_length)
    return words(("│ ", "$line"), line, pad, (" │", "$line"))
