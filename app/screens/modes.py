"""The modes of the app as data: each has a key, a name and a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen


@dataclass(frozen=True)
class Mode:
    """One mode. ``about`` is its tooltip and its line in the palette."""

    key: str
    name: str
    screen: Callable[[], Screen[Any]]
    about: str

    @property
    def id(self) -> str:
        return self.name.lower()


# Each mode is imported when it is first shown, so that the first frame imports only one.


def _connect() -> Screen[Any]:
    from app.screens.connect.screen import ConnectScreen

    return ConnectScreen()


def _status() -> Screen[Any]:
    from app.screens.status.screen import StatusScreen

    return StatusScreen()


def _segments() -> Screen[Any]:
    from app.screens.segments.screen import SegmentsScreen

    return SegmentsScreen()


def _studies() -> Screen[Any]:
    from app.screens.studies.screen import StudiesScreen

    return StudiesScreen()


REGISTRY = (
    Mode("1", "Connect", _connect, "Connect a Stripe account"),
    Mode("2", "Status", _status, "Where the sync stands"),
    Mode("3", "Segments", _segments, "Segments and the people in them"),
    Mode("4", "Studies", _studies, "Studies, and whom they invite"),
)
