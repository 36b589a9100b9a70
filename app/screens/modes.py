"""The modes of the app as data: each has a name and a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen


@dataclass(frozen=True)
class Mode:
    """One mode. Its key is that of the action ``app.go_`` and its id."""

    name: str
    screen: Callable[[], Screen[Any]]

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
    Mode("Connect", _connect),
    Mode("Status", _status),
    Mode("Segments", _segments),
    Mode("Studies", _studies),
)
