"""Numbers in block digits: a pixel font of 3 by 5, for the one number on a screen that matters.

Textual's own ``Digits`` are too thin to stand beside bold text.
"""

from __future__ import annotations

from collections.abc import Sequence

FONT = {
    "0": ("###", "#.#", "#.#", "#.#", "###"),
    "1": ("##.", ".#.", ".#.", ".#.", "###"),
    "2": ("###", "..#", "###", "#..", "###"),
    "3": ("###", "..#", "###", "..#", "###"),
    "4": ("#.#", "#.#", "###", "..#", "..#"),
    "5": ("###", "#..", "###", "..#", "###"),
    "6": ("###", "#..", "###", "#.#", "###"),
    "7": ("###", "..#", "..#", "..#", "..#"),
    "8": ("###", "#.#", "###", "#.#", "###"),
    "9": ("###", "#.#", "###", "..#", "###"),
    ",": (".", ".", ".", "#", "#"),
    ":": (".", "#", ".", "#", "."),
}
HALVES = {"##": "█", "#.": "▀", ".#": "▄", "..": " "}  # an upper and a lower pixel -> one cell


def large_digits(text: str) -> list[str]:
    """Five rows of equal width, in which a pixel is two cells wide."""
    return ["".join({"#": "██", ".": "  "}[one] for one in row) for row in _pixels(text)]


def small_digits(text: str) -> list[str]:
    """Three rows of equal width, in which a cell is two pixels high."""
    rows = [*_pixels(text), "." * len(_pixels(text)[0])]
    return [
        "".join(HALVES[upper + lower] for upper, lower in zip(rows[at], rows[at + 1], strict=True))
        for at in (0, 2, 4)
    ]


def digits_in(text: str, width: int, sizes: Sequence[str] = ("large", "small")) -> list[str]:
    """The text in the largest of these sizes that fits into ``width`` cells, else as it is."""
    draws = {"large": large_digits, "small": small_digits}
    for size in sizes:
        rows = draws[size](text)
        if len(rows[0]) <= width:
            return rows
    return [text]


def _pixels(text: str) -> list[str]:
    return [".".join(FONT[sign][row] for sign in text) for row in range(5)]
