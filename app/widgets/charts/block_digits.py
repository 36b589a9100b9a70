"""Numbers in large digits made of blocks."""

from __future__ import annotations

from typing import Literal

ROWS = 5  # of a digit, in pixels; three columns wide
PIXELS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": ("## ", " # ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", "###", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
    ",": (" ", " ", " ", " ", "#"),
    ".": (" ", " ", " ", " ", "#"),
    ":": (" ", "#", " ", "#", " "),
    " ": (" ", " ", " ", " ", " "),
}
HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def block_digits(text: str, size: Literal["small", "large"]) -> list[str]:
    """The lines of a number such as "4,812": three lines, or five large ones. A character that is
    not of a number is left out."""
    glyphs = [PIXELS[one] for one in text if one in PIXELS]
    if size == "large":
        return [
            "  ".join(glyph[row].replace("#", "█").replace("█", "██").replace(" ", "  ")
                      for glyph in glyphs)
            for row in range(ROWS)
        ]  # fmt: skip
    lines = []
    for row in range(0, ROWS, 2):
        line = []
        for glyph in glyphs:
            below = glyph[row + 1] if row + 1 < ROWS else " " * len(glyph[0])
            pairs = zip(glyph[row], below, strict=True)
            line.append("".join(HALVES[top == "#", low == "#"] for top, low in pairs))
        lines.append(" ".join(line))
    return lines
