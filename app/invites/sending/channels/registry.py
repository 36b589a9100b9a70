"""All channels as data. A new one is a module in this folder and a record here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.invites.errors import StudyProblem

if TYPE_CHECKING:
    from app.invites.sending.channels.channel import ChannelSetup, OpenChannel

UNDO = 120  # seconds


@dataclass(frozen=True)
class Channel:
    """``key``: published, as the value of ``--way`` and in databases. ``words``: for a person,
    after "by". ``open``: makes it ready without connecting to anything, and raises ChannelNotSetUp
    and SettingsError; None if a person sends each invite. ``result``: the state of an invite that
    left. ``is_local``: invites stay on this computer. ``undo_seconds``: how long a batch waits
    before its first invite leaves."""

    key: str
    words: str
    open: Callable[[ChannelSetup], OpenChannel] | None = None
    result: str = "handed_over"
    is_local: bool = False
    undo_seconds: int = UNDO

    @property
    def by_hand(self) -> bool:
        """Whether a person sends each invite."""
        return self.open is None


# A channel's imports run when it is opened.
def _open_smtp(setup: ChannelSetup) -> OpenChannel:
    from app.invites.sending.channels import smtp_channel

    return smtp_channel.open_channel(setup)


def _open_eml(setup: ChannelSetup) -> OpenChannel:
    from app.invites.sending.channels.file_channels import EmlChannel, mailbox

    return EmlChannel(mailbox(setup.settings.home))


def _open_csv(setup: ChannelSetup) -> OpenChannel:
    from app.invites.sending.channels.file_channels import CsvChannel, mailbox

    return CsvChannel(mailbox(setup.settings.home))


_ALL = (
    Channel("smtp", "email", _open_smtp, result="sent"),
    Channel("eml", ".eml files", _open_eml, is_local=True, undo_seconds=0),
    Channel("csv", "CSV", _open_csv, is_local=True, undo_seconds=0),
    Channel("link", "personal links"),
)
CHANNELS = {one.key: one for one in _ALL}


def channel_of(key: str) -> Channel:
    """The channel with this key. Raises StudyProblem if there is none."""
    found = CHANNELS.get(key)
    if found is None:
        raise StudyProblem(f"Invites are sent by one of {', '.join(CHANNELS)}, not by {key!r}.")
    return found
