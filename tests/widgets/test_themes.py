"""Every colour can be read: in each theme, on each ground, and in a terminal of 256 colours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

import app
from app.paths import asset
from app.widgets.themes import SHAPE, TEXT, THEMES, contrast, meanings

EVERY = [*THEMES[:2], *(theme for theme in BUILTIN_THEMES.values() if not theme.ansi)]
WORDS = (
    "foreground", "muted", "primary", "awaiting", "started", "completed", "resting", "never", "warn"
)  # fmt: skip
NAVY = range(17, 22)


def colours(theme: Theme) -> dict[str, Color]:
    """Every colour of a theme by its meaning."""
    variables = theme.to_color_system().generate() | theme.variables
    known = variables | meanings(variables)
    names = (*WORDS, "background", "surface", "panel", "cursor", "line", "glow", "live")
    return {name: Color.parse(known[name]) for name in (*names, "on-live", "on-accent")}


def reduced(colour: Color) -> Color:
    """The colour that a terminal with 256 colours shows."""
    return Color.from_rich_color(colour.rich_color.downgrade(ColorSystem.EIGHT_BIT))


def number(colour: Color) -> int | None:
    return colour.rich_color.downgrade(ColorSystem.EIGHT_BIT).number


def named(theme: Theme) -> str:
    return theme.name


def unreadable(found: dict[str, Color]) -> Iterable[str]:
    """Each pair of colours that is too close."""
    pairs = [
        *((word, ground, TEXT) for word in WORDS for ground in ("background", "surface", "panel")),
        *(("foreground", "cursor", TEXT), ("muted", "cursor", TEXT)),
        *((mark, "cursor", SHAPE) for mark in WORDS),
        *(("line", ground, SHAPE) for ground in ("background", "surface")),
        *(("glow", "background", SHAPE), ("on-accent", "primary", TEXT), ("on-live", "live", TEXT)),
    ]
    for one, ground, least in pairs:
        measured = contrast(found[one], found[ground])
        if measured < least - 0.005:
            yield f"{one} on {ground}: {measured:.2f}"


@pytest.mark.parametrize("theme", EVERY, ids=named)
def test_every_word_and_line_is_seen(theme: Theme) -> None:
    assert list(unreadable(colours(theme))) == []


@pytest.mark.parametrize("theme", THEMES[:2], ids=named)
def test_so_they_are_in_256_colours(theme: Theme) -> None:
    found = {name: reduced(colour) for name, colour in colours(theme).items()}
    assert list(unreadable(found)) == []


@pytest.mark.parametrize("theme", THEMES[:2], ids=named)
def test_no_ground_becomes_navy_and_no_two_meanings_the_same(theme: Theme) -> None:
    found = colours(theme)
    grounds = {number(found[name]) for name in ("background", "surface", "panel", "cursor")}
    assert grounds.isdisjoint(NAVY)
    assert len({number(found[name]) for name in ("primary", "warn", "never")}) == 3


def test_contrast_is_that_of_wcag() -> None:
    """The pairs of WCAG's own definition: the two ends, and the grey that just passes on white."""
    white, black = Color.parse("#ffffff"), Color.parse("#000000")
    assert contrast(white, black) == pytest.approx(21)
    assert contrast(white, white) == 1
    assert contrast(Color.parse("#767676"), white) == pytest.approx(4.54, abs=0.005)


def test_styles_name_meanings_and_no_colour_of_their_own() -> None:
    """No colour stands in the code, and nothing is dimmed, which halves the contrast unseen."""
    other = re.compile(
        r"""["'](bold )?dim\b|\$(success|error|warning|accent|secondary)\b|#[0-9a-f]{6}"""
    )
    root = Path(app.__file__).parent
    files = [*(root / "screens").rglob("*.py"), *(root / "widgets").rglob("*.py")]
    sheet = asset("panelist.tcss").read_text()
    texts = {file.name: file.read_text() for file in files} | {"panelist.tcss": sheet}
    assert [name for name, text in texts.items() if other.search(text)] == []


def test_rich_and_textual_agree_on_256_colours() -> None:
    """The test above asks rich, which Textual uses for a terminal without true colour."""
    assert RichColor.parse("#00005f").downgrade(ColorSystem.EIGHT_BIT).number == NAVY[0]
