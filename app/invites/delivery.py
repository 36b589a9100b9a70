"""How the invites of a plan or a batch leave: by which channel, and through which mail server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Delivery:
    """``channel``: the channel's key. ``server``: the mail server as ``user@host:port``, None for
    channels without one."""

    channel: str
    server: str | None = None

    @property
    def words(self) -> str:
        """For a person, after "by"."""
        return f"the mail server {self.server}" if self.server else self.channel
