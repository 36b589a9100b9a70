"""Checks whether a question about a segment can be answered."""

from __future__ import annotations

from app.commands.shared.context import Context, find_segment, say_doubt
from app.commands.shared.exit_codes import WrongUse
from app.panel.segments.timeline import begun
from app.text import when


def find_key(context: Context, text: str, *, past: bool = False) -> str:
    """The key of the segment with this key or name. With ``past`` also the key of one that existed.
    Raises WrongUse. Raises Problem if its members today are not known."""
    if past and _existed(context, text):
        return text
    view = find_segment(context, text)
    if not past:
        say_doubt(context, view)
    return view.key


def _existed(context: Context, key: str) -> bool:
    return bool(
        context.store.rows(
            "SELECT 1 FROM past_member b CROSS JOIN participant p"
            " WHERE p.id = b.participant_id AND p.connection_id = ? AND b.segment_key = ? LIMIT 1",
            (context.connection, key),
        )
    )


def check_moment(context: Context, at: int) -> None:
    """Raise WrongUse for a time before the first sync, because nothing is known about it."""
    first = begun(context.store, context.connection)
    if first is None or at < first:
        began = f"the first sync began at {when(first)}" if first else "no sync has finished yet"
        raise WrongUse(f"Nothing is known about that time: {began}.")
