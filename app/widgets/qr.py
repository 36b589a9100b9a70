"""An address as a QR code of half blocks: each cell shows two modules."""

from __future__ import annotations

from functools import lru_cache

from app.widgets.content import Content, words

QUIET = 2  # modules of margin, enough for a phone that reads a screen


@lru_cache(maxsize=4)
def qr_lines(text: str) -> list[Content]:
    """The lines of the code, dark on light in any theme."""
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
