"""The colours: Panelist's own themes, and the meanings of colours in every other theme.

A style names a meaning, such as ``$awaiting`` or ``$muted`` (docs/looks.md), and never a colour.
Panelist's themes in ``assets/themes.toml`` give each meaning a colour. For a theme of Textual,
:func:`meanings` finds one that can be read on all of its grounds.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial

from textual.app import App
from textual.color import Color
from textual.theme import Theme

from app.paths import asset

THEMES = tuple(
    Theme(**colours) for colours in tomllib.loads(asset("themes.toml").read_text())["theme"]
)
DARK, LIGHT, TERMINAL = (theme.name for theme in THEMES)

BLACK, WHITE = Color(0, 0, 0), Color(255, 255, 255)
TEXT = 4.5  # contrast of text with its ground (WCAG 2.2, 1.4.3)
SHAPE = 3.0  # contrast of a line or a bar with its ground (WCAG 2.2, 1.4.11)
SOURCES = {  # a meaning -> the colour of other themes that comes closest
    "muted": "foreground-muted",
    "awaiting": "primary",
    "started": "secondary",
    "completed": "success",
    "resting": "accent",
    "never": "error",
    "warn": "warning",
}
FOLLOWING = {  # a variable of Textual's -> the meaning that it takes in every theme
    "text-muted": "muted",
    "text-disabled": "muted",
    "border": "primary",
    "border-blurred": "line",
    "scrollbar": "line",
    "scrollbar-hover": "line",
    "scrollbar-active": "primary",
    "scrollbar-background": "background",
    "scrollbar-background-hover": "background",
    "scrollbar-background-active": "background",
    "scrollbar-corner-color": "background",
    "block-cursor-foreground": "foreground",
    "block-cursor-background": "cursor",
    "block-cursor-blurred-foreground": "foreground",
    "block-cursor-blurred-background": "surface",
    "input-selection-background": "cursor",
    "input-selection-foreground": "foreground",
    "button-foreground": "foreground",
    "button-color-foreground": "on-accent",
    "link-color": "started",
    "link-color-hover": "started",
    "link-background-hover": "cursor",
    "footer-key-foreground": "primary",
}


class ThemedApp(App[None]):
    """An app with Panelist's themes, in which every theme has all meanings."""

    _known: Mapping[str, str] | None = None  # Textual's variables, and these with all meanings
    _completed: dict[str, str]

    def __init__(self, ansi_color: bool | None = None) -> None:
        # Textual turns NO_COLOR into greyscale. Only an ANSI theme has no colours at all.
        colourless = "NO_COLOR" in os.environ
        super().__init__(ansi_color=True if colourless else ansi_color)
        for theme in THEMES:
            self.register_theme(theme)
        few = colourless or self.console.color_system in (None, "standard")
        self.theme = TERMINAL if few else DARK

    def get_css_variables(self) -> dict[str, str]:
        known = super().get_css_variables()
        if known != self._known:  # Textual asks four times before the first frame
            self._known = known
            self._completed = known | meanings(known, ansi=self.current_theme.ansi)
        self.theme_variables = self._completed
        return self._completed


def meanings(variables: Mapping[str, str], *, ansi: bool = False) -> dict[str, str]:
    """All meanings of a theme with these ``variables``: those that it has, and for the others its
    nearest colours, as far towards its text as they must be moved to be read."""
    if ansi:
        return _of_terminal(variables)
    ground = Color.parse(variables["background"])
    text = ground + Color.parse(variables["foreground"])
    surface, panel = (ground + Color.parse(variables[name]) for name in ("surface", "panel"))
    cursor = Color.parse(variables.get("cursor", ground.blend(text, 0.15, alpha=1).hex))
    grounds = [ground, surface, panel, cursor]
    text = readable(text, grounds, max((BLACK, WHITE), key=partial(contrast, ground)), TEXT)
    accent = readable(Color.parse(variables["primary"]), grounds, text, TEXT)
    found = {
        "cursor": cursor,
        "line": readable(ground.blend(text, 0.4, alpha=1), grounds[:3], text, SHAPE),
        "glow": readable(ground.blend(accent, 0.5, alpha=1), grounds[:1], text, SHAPE),
        "on-accent": max((ground, text), key=partial(contrast, accent)),
    }
    for meaning, source in SOURCES.items():
        found[meaning] = readable(ground + Color.parse(variables[source]), grounds, text, TEXT)
    found["live"] = found["never"]
    found["on-live"] = max((ground, text), key=partial(contrast, found["live"]))
    known = {name: colour.hex for name, colour in found.items()} | {
        name: variables[name] for name in found if name in variables
    }
    known |= {"primary": accent.hex, "foreground": text.hex}
    known |= {"background": ground.hex, "surface": surface.hex}
    return known | {name: known[meaning] for name, meaning in FOLLOWING.items()}


def _of_terminal(variables: Mapping[str, str]) -> dict[str, str]:
    """Where the terminal's owner chose the colours, nothing is known of their contrast. So shapes
    and words carry all meanings there."""
    names = {*SOURCES, "cursor", "line", "glow", "live", "on-live", "on-accent"}
    found = {name: variables.get(name, "ansi_default") for name in names}
    return found | dict.fromkeys(("text-muted", "text-disabled"), "ansi_default")


def readable(colour: Color, grounds: Sequence[Color], text: Color, least: float) -> Color:
    """This colour, moved towards ``text`` until its contrast with all ``grounds`` is enough."""
    for step in range(10):
        moved = colour.blend(text, step / 10, alpha=1)
        if min(contrast(moved, ground) for ground in grounds) >= least:
            return moved
    return text


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    """WCAG 2.2, definition of relative luminance."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    ]
    return sum(part * share for part, share in zip(parts, (0.2126, 0.7152, 0.0722), strict=True))
