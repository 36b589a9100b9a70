"""Checks whether a question about a segment can be answered."""

from __future__ import annotations

from app.commands.shared.context import Context, find_segment, say_doubt
from app.commands.shared.exit_codes import WrongUse
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.timeline import begun
from app.text import when


def find_key(context: Context, text: str, *, past: bool = False) -> tuple[str, str]:
    """The key of the segment with this key or name, and what is not known about its members, or "".
    With ``past`` also the key of one that existed. Raises WrongUse. Raises Problem if its members
    today are asked for and not known."""
    if past and _existed(context, text):
        known = {view.key: view for view in segments_with_doubts(context.store, context.connection)}
        view = known.get(text)
        if view is None:
            return text, ""
    else:
        view = find_segment(context, text)
    say_doubt(context, view, past=past)
    return view.key, view.doubt


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
        raise WrongUse(f"There is no history of that time: {began}.")
