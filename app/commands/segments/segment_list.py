"""``panelist segments``: lists every segment with its count and its rule."""

from __future__ import annotations

import argparse

from app.commands.shared.columns import Column, ColumnWriter
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE
from app.panel.export.json_values import write_json
from app.panel.export.writer import json_form, writing
from app.panel.knowledge import Knowledge, knowledge
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.views import SegmentView

COLUMNS = (
    Column("Participants", 12, right=True, style="bold"),
    Column("Segment", 40),
    Column("Rule", 80),
)
PROMISED = ("key", "name", "kind", "rule", "count", "with_email", "doubt")


def list_segments(options: argparse.Namespace) -> int:
    """List the segments, without counts that are not known yet."""
    _, store, connection = open_context(options.account)
    views = segments_with_doubts(store, connection)
    unknown = knowledge(store, connection) is not Knowledge.KNOWN
    with writing(options.output, replace=options.replace) as out:
        if form := json_form(options.output, options.json):
            lines = [_json(view, counted=not (unknown and view.doubt)) for view in views]
            write_json(out, lines, form)
            return DONE
        writer = ColumnWriter(out, COLUMNS)
        for view in views:
            count = "–" if unknown and view.doubt else f"{view.count:,}"
            doubt = f" ({view.doubt})" if view.doubt else ""
            writer.line(count, view.name, f"{view.rule}{doubt}")
    return DONE


def _json(view: SegmentView, *, counted: bool) -> dict[str, object]:
    line = {name: getattr(view, name) for name in PROMISED}
    return line if counted else {**line, "count": None, "with_email": None}
