"""A channel that is open: what every module of this folder gives to the sender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from app.problems import Problem

if TYPE_CHECKING:
    from app.credentials.store import Credentials
    from app.db.store import Store
    from app.invites.sending.batch_work import BatchWork
    from app.settings import Settings


class ChannelNotSetUp(Problem):
    """The settings don't say how to use this channel; the text says what to do."""


@dataclass(frozen=True)
class ChannelSetup:
    """What a channel is opened with."""

    store: Store
    settings: Settings
    credentials: Credentials


class Limit(NamedTuple):
    """At most so many invites in so many seconds."""

    most: int
    seconds: int


@dataclass(frozen=True)
class PutResult:
    """What one turn of a channel did. ``claimed``: how many invites it took up; 0 where none is
    due. ``problem``: why the batch must pause until a person looks."""

    claimed: int
    problem: str | None = None


class OpenChannel(Protocol):
    """A channel in use by one sender."""

    @property
    def limits(self) -> Sequence[Limit]:
        """Its pace. What was sent before a restart counts, too."""
        ...

    def put(self, work: BatchWork) -> PutResult:
        """Claim the next invites of a batch, put them out and record what became of each. Raises
        DatabaseProblem; an invite that may have left is uncertain then."""
        ...

    def close(self) -> None:
        """Nothing more is put now."""
        ...
