"""All channels. A new one is a module in this folder, and a line here.

What a channel needs is imported when it is opened: screens and ``--help`` read the rest.
"""

from __future__ import annotations

from app.invites.errors import StudyProblem
from app.invites.sending.channels.channel import Channel, ChannelSetup, OpenChannel


def _smtp(setup: ChannelSetup) -> OpenChannel:
    from app.invites.sending.channels import smtp_channel

    return smtp_channel.open_channel(setup)


def _eml(setup: ChannelSetup) -> OpenChannel:
    from app.invites.sending.channels.file_channels import EmlChannel, mailbox

    return EmlChannel(mailbox(setup.settings.home))


def _csv(setup: ChannelSetup) -> OpenChannel:
    from app.invites.sending.channels.file_channels import CsvChannel, mailbox

    return CsvChannel(mailbox(setup.settings.home))


_ALL = (
    Channel("smtp", "mail server", _smtp),
    Channel("eml", "files on this computer", _eml, is_local=True, undo_seconds=0),
    Channel("csv", "a table for a mail merge", _csv, is_local=True, undo_seconds=0),
    Channel("link", "links that are copied", None),
)
CHANNELS = {one.key: one for one in _ALL}


def channel_of(key: str) -> Channel:
    """The channel of this key. Raises StudyProblem when there is none."""
    found = CHANNELS.get(key)
    if found is None:
        raise StudyProblem(f"Invites leave by one of {', '.join(CHANNELS)}, not by {key!r}.")
    return found
