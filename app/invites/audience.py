"""Which segments can be the audience of a study."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.store import Store
from app.invites.errors import StudyProblem
from app.panel.filters.subscription_use import segment_asks
from app.panel.knowledge import Knowledge, knowledge
from app.panel.segments.views import segments as all_segments
from app.text import plain


def check_segments(
    store: Store, connection_id: int, segments: Sequence[str], excluded: Sequence[str]
) -> None:
    """Raise StudyProblem unless these segments can be an audience."""
    named = {one.key: one for one in all_segments(store, connection_id)}
    for key in (*segments, *excluded):
        if key not in named:
            raise StudyProblem(
                f"Unknown segment {plain(key)!r}. Nothing was changed. To list segments,"
                " run panelist segments.",
                "segments",
            )
        if named[key].filling:
            raise StudyProblem(
                f"The segment “{plain(named[key].name, 80)}” is still filling. Nothing was"
                " changed. Wait until it is complete.",
                "segments",
            )
    known = knowledge(store, connection_id)
    for key in (*segments, *excluded):
        if known is not Knowledge.KNOWN and segment_asks(store, connection_id, key):
            name = plain(named[key].name, 80)
            raise StudyProblem(
                f"{known.sentence} The members of the segment “{name}” depend on them.", "segments"
            )
    for key in segments:
        if key in excluded:
            raise StudyProblem(
                f"The segment “{plain(named[key].name, 80)}” is both included and"
                " excluded. Nothing was changed. Remove it from one of them.",
                "segments",
            )
