"""The film on top of the README: a few screens, one after another, as one SVG without a script.

Each frame is what a terminal would show. Frames share their styles. A style sheet shows one after
another, and only the first one to people who asked their system for less motion.
"""

from __future__ import annotations

import re
from html import escape

from tests.pictures.drawing import Cell, Picture

SECONDS = 3  # each frame
WIDTH, HEIGHT, BASE, AROUND = 8.4, 18, 13.5, 12  # pixels: a cell, its base line, the margin
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def film(pictures: list[Picture]) -> str:
    """Pictures of one size as one SVG."""
    styles: dict[str, str] = {}
    frames = [
        f'<g class="f" style="animation-delay:{number * SECONDS}s">{_frame(one, styles)}</g>'
        for number, one in enumerate(pictures)
    ]
    columns, rows = pictures[0].size
    width, height = round(columns * WIDTH + 2 * AROUND), rows * HEIGHT + 2 * AROUND
    length, share = len(pictures) * SECONDS, 100 / len(pictures)
    rules = "".join(f".{name}{{{rule}}}" for rule, name in styles.items())
    ground = pictures[0].ground
    said = escape(", ".join(one.scene.name for one in pictures))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="Panelist in a terminal: {said}">\n<style>'
        f"text{{font:14px {FONT};white-space:pre}}"
        f".f{{visibility:hidden;animation:f {length}s step-end infinite}}"
        f"@keyframes f{{0%{{visibility:visible}}{share:.3f}%,to{{visibility:hidden}}}}"
        "@media(prefers-reduced-motion:reduce){.f{animation:none}.f:first-of-type{visibility:visible}}"
        f"{rules}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="{ground}"/>\n'
        + "\n".join(frames)
        + "\n</svg>\n"
    )


def _frame(picture: Picture, styles: dict[str, str]) -> str:
    grounds, texts = [], []
    for row, cells in enumerate(picture.cells):
        top = row * HEIGHT + AROUND
        for begin, end, color in _grounds(cells):
            if color != picture.ground:
                name = styles.setdefault(f"fill:{color}", f"s{len(styles)}")
                line = f"M{_x(begin)} {top}H{_x(end)}V{top + HEIGHT}H{_x(begin)}z"
                grounds.append(f'<path class="{name}" d="{line}"/>')
        column = 0
        for cell in cells:
            if cell.text.strip():
                name = styles.setdefault(_rule(cell), f"s{len(styles)}")
                lead = len(cell.text) - len(cell.text.lstrip())
                text = cell.text.strip()
                left, length = column + lead, cell.width - (len(cell.text) - len(text))
                texts.append(
                    f'<text class="{name}" x="{_x(left)}" y="{top + BASE:g}"'
                    f' textLength="{length * WIDTH:.5g}">{escape(text, quote=False)}</text>'
                )
            column += cell.width
    return "".join(grounds + texts)


def _x(column: int) -> str:
    return f"{column * WIDTH + AROUND:.5g}"


def _grounds(cells: list[Cell]) -> list[tuple[int, int, str]]:
    """Where each colour of the background begins and ends."""
    made: list[tuple[int, int, str]] = []
    column = 0
    for cell in cells:
        if made and made[-1][2] == cell.ground:
            made[-1] = made[-1][0], column + cell.width, cell.ground
        else:
            made.append((column, column + cell.width, cell.ground))
        column += cell.width
    return made


def _rule(cell: Cell) -> str:
    rule = f"fill:{cell.color}"
    rule += ";font-weight:bold" if "bold" in cell.words else ""
    rule += ";font-style:italic" if "italic" in cell.words else ""
    rule += ";text-decoration:underline" if "underline" in cell.words else ""
    return re.sub(r"\s+", " ", rule)
