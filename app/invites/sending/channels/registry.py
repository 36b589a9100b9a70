"""All channels as data. A new one needs a module in this folder, a line here, and a line in
:mod:`app.invites.sending.factory`, which opens them."""

from __future__ import annotations

from dataclasses import dataclass

from app.invites.errors import StudyProblem

UNDO = 120  # seconds


@dataclass(frozen=True)
class Channel:
    """``key``: published, as the value of ``--way`` and in databases. ``words``: for a person,
    after "by". ``result``: the state of an invite that left. ``is_local``: invites stay on this
    computer. ``by_hand``: a person sends each invite. ``undo_seconds``: how long a batch waits
    before its first invite leaves."""

    key: str
    words: str
    result: str = "handed_over"
    is_local: bool = False
    by_hand: bool = False
    undo_seconds: int = UNDO


_ALL = (
    Channel("smtp", "email", result="sent"),
    Channel("eml", ".eml files", is_local=True, undo_seconds=0),
    Channel("csv", "CSV", is_local=True, undo_seconds=0),
    Channel("link", "personal links", by_hand=True),
)
CHANNELS = {one.key: one for one in _ALL}


def channel_of(key: str) -> Channel:
    """The channel with this key. Raises StudyProblem if there is none."""
    found = CHANNELS.get(key)
    if found is None:
        raise StudyProblem(f"Invites leave by one of {', '.join(CHANNELS)}, not by {key!r}.")
    return found
