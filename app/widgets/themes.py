"""Panelist's own themes, read from ``assets/themes.toml``. Textual's themes stay available."""

from __future__ import annotations

import tomllib

from textual.theme import Theme

from app.paths import asset

THEMES = tuple(
    Theme(**colours) for colours in tomllib.loads(asset("themes.toml").read_text())["theme"]
)
