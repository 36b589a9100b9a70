"""An open channel: what every module of this folder provides to the sender."""

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
    """The settings for this channel are missing. The text says what to do."""


@dataclass(frozen=True)
class ChannelSetup:
    """What opening a channel needs."""

    store: Store
    settings: Settings
    credentials: Credentials


class Limit(NamedTuple):
    """At most this many invites in this many seconds. ``setting``: the variable that says so, ""
    if it is fixed."""

    most: int
    seconds: int
    setting: str = ""


class Rest(NamedTuple):
    """For how many seconds a channel sends nothing, and why."""

    seconds: int
    why: str


@dataclass(frozen=True)
class PutResult:
    """The result of one turn of a channel. ``claimed``: how many invites it claimed, 0 if none is
    due. ``problem``: why the batch must pause until a person has looked. ``rest``: the channel
    continues by itself, but later."""

    claimed: int
    problem: str | None = None
    rest: Rest | None = None


class OpenChannel(Protocol):
    """A channel in use by one sender."""

    @property
    def limits(self) -> Sequence[Limit]:
        """Its rate limits. Invites sent before a restart count too."""
        ...

    @property
    def server(self) -> str | None:
        """The mail server as ``user@host:port``, or None for a channel without one."""
        ...

    def put(self, work: BatchWork) -> PutResult:
        """Claim the next invites of a batch, send them and record each result. Raises
        DatabaseProblem: an invite that may have left is then uncertain."""
        ...

    def idle(self) -> None:
        """Prepare for a pause of several seconds: end what a server would end by itself."""
        ...

    def hurry(self) -> None:
        """Leave what can be left at once, and bound the rest to seconds. Called by a signal in the
        thread that sends; may raise what :meth:`put` handles."""
        ...

    def close(self) -> None:
        """Release everything. The sender does not use the channel for now."""
        ...
