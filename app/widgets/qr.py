"""An address as a QR code of half blocks, two modules a cell."""

from __future__ import annotations

from functools import lru_cache

from app.widgets.content import Content, words

QUIET = 2  # modules of margin; phones need no more on a screen


@lru_cache(maxsize=4)
def qr_lines(text: str) -> list[Content]:
    """The lines of the picture, dark on light in any theme."""
    import segno

    code = segno.make(text, error="l", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [
        words(("".join(map(_cell, upper, lower)), "black on white"))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]


def _cell(upper: int, lower: int) -> str:
    return {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}[bool(upper), bool(lower)]
