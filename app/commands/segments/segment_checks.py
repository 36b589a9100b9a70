"""Checks whether a question about a segment can be answered."""

from __future__ import annotations

from app.commands.shared.context import Context, say_doubt
from app.commands.shared.exit_codes import WrongUse
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.timeline import begun
from app.text import plain, when


def check_key(context: Context, key: str, *, past: bool = False) -> str:
    """Raise WrongUse unless this segment exists or, with ``past``, existed. Raise Problem if its
    members today are asked for and not known. Say what is not known about them, and return it, or
    ""."""
    for view in segments_with_doubts(context.store, context.connection):
        if view.key == key:
            say_doubt(context, view, past=past)
            return view.doubt
    gone = past and context.store.rows(
        "SELECT 1 FROM past_member b CROSS JOIN participant p"
        " WHERE p.id = b.participant_id AND p.connection_id = ? AND b.segment_key = ? LIMIT 1",
        (context.connection, key),
    )
    if not gone:
        raise WrongUse(
            f"Unknown segment {plain(key)!r}. To list segments, run panelist segments --json."
        )
    return ""


def check_moment(context: Context, at: int) -> None:
    """Raise WrongUse for a time before the first sync, because nothing is known about it."""
    first = begun(context.store, context.connection)
    if first is None or at < first:
        began = f"the first sync began at {when(first)}" if first else "no sync has finished yet"
        raise WrongUse(f"Nothing is known about that time: {began}.")
