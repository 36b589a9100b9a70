"""The app that the screens' tests drive."""

from tests.screens.conftest import quick_textual, start, store

__all__ = ["quick_textual", "start", "store"]
