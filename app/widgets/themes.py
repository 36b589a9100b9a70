"""Panelist's own colours, dark and light. Textual's themes can be chosen beside them."""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        name="panelist-dark",
        primary="#7aa2f7",
        secondary="#565f89",
        accent="#e0af68",
        warning="#e0af68",
        error="#f7768e",
        success="#9ece6a",
        foreground="#d5d9e8",
        background="#16171d",
        surface="#1c1e26",
        panel="#242733",
        dark=True,
    ),
    Theme(
        name="panelist-light",
        primary="#2f5bb7",
        secondary="#6b7394",
        accent="#8f5e15",
        warning="#8f5e15",
        error="#b3243d",
        success="#33691e",
        foreground="#23252f",
        background="#f6f6f4",
        surface="#ffffff",
        panel="#e4e6ec",
        dark=False,
    ),
)
