"""What the screens need of the sync: its shape, so that nothing here imports it early.

``app.sync.connect`` and ``app.sync.engine`` have these shapes; ``app.tui`` loads them after
the first paint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.db.store import Store
from app.settings import Settings


class Permission(Protocol):
    """One right of a key. ``cost`` says in a sentence what is missing without it."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def granted(self) -> bool: ...
    @property
    def cost(self) -> str: ...


class KeyReport(Protocol):
    """What a key opens. The account's name is foreign text."""

    @property
    def account(self) -> str: ...
    @property
    def account_name(self) -> str | None: ...
    @property
    def livemode(self) -> bool: ...
    @property
    def permissions(self) -> Sequence[Permission]: ...
    @property
    def warnings(self) -> Sequence[str]: ...


class Activity(Protocol):
    """What the engine does at this moment, as a sentence."""

    @property
    def doing(self) -> str: ...
    @property
    def problem(self) -> bool: ...
    @property
    def next_poll_at(self) -> float | None: ...
    @property
    def requests(self) -> int: ...


class Engine(Protocol):
    """The sync of one connection, in a thread of its own."""

    def start(self) -> None: ...
    def ask_now(self) -> None: ...
    def stop(self, timeout: float = 1.0) -> bool: ...
    @property
    def activity(self) -> Activity: ...
    @property
    def running(self) -> bool: ...


class EngineMaker(Protocol):
    def __call__(
        self,
        store: Store,
        settings: Settings,
        key: str,
        connection_id: int,
        on_change: Callable[[Any], None] | None = None,
    ) -> Engine: ...


@dataclass(frozen=True)
class Sync:
    """The sync's four doors. ``problems`` are the exceptions whose text is for a person."""

    check: Callable[[Settings, str], KeyReport]
    connect: Callable[[Store, Any], int]
    engine: EngineMaker
    problems: tuple[type[Exception], ...]


def load_sync() -> Sync:
    """Import the sync, which costs more than the first frame may."""
    from app.db.errors import DatabaseProblem
    from app.db.lease import Busy
    from app.sync.connect import KeyProblem, check_key, connect
    from app.sync.engine import Engine

    return Sync(check_key, connect, Engine, (KeyProblem, DatabaseProblem, Busy))
