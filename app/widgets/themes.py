"""Panelist's own themes, from ``assets/themes.toml``. Textual's can be chosen next to them."""

from __future__ import annotations

import tomllib

from textual.theme import Theme

from app.paths import asset

THEMES = tuple(
    Theme(**colours) for colours in tomllib.loads(asset("themes.toml").read_text())["theme"]
)
