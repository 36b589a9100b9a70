"""The app that the screens' tests drive."""

from tests.screens.conftest import start, store

__all__ = ["start", "store"]
