"""``panelist segments diff``: compares two segments, or shows what changed in one since a day.

Any number of participants needs constant memory, as in
:mod:`app.commands.segments.segment_members`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from app.commands.segments.segment_checks import check_key, check_moment
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE
from app.commands.shared.progress import counted
from app.panel.export.writer import Line, writing
from app.panel.lists.order import Ids
from app.panel.lists.rows import PersonRow, rows
from app.panel.lists.selection import Selection
from app.panel.segments.overlap import overlap
from app.panel.segments.timeline import Move, changes, joined, left
from app.text import plain, when

CHUNK = 500


def show_overlap(options: argparse.Namespace) -> int:
    """Compare two segments."""
    context = open_context(options.account)
    doubts = {key: check_key(context, key) for key in (options.key, options.other)}
    here = context.connection
    found = overlap(context.store, Selection(here, options.key), Selection(here, options.other))
    summary = {
        "type": "summary",
        "first": options.key,
        "second": options.other,
        "both": len(found.both),
        "only_first": len(found.only_first),
        "only_second": len(found.only_second),
        "doubts": {key: doubt for key, doubt in doubts.items() if doubt},
    }
    first, second = plain(options.key), plain(options.other)
    words = (
        f"{len(found.both):,} in both, {len(found.only_first):,} only in {first},"
        f" {len(found.only_second):,} only in {second}"
    )
    parts = (("only_first", found.only_first, "<"), ("only_second", found.only_second, ">"))
    with writing(options.output) as out:
        out.write(f"{json.dumps(summary) if options.json else words}\n")
        for kind, ids, sign in parts:
            for some in _chunks(ids, options.output):
                for row in rows(context.store, here, some):
                    line = {"type": kind, **_named(row)}
                    out.write(f"{json.dumps(line) if options.json else _words(sign, row)}\n")
    return DONE


def show_changes(options: argparse.Namespace) -> int:
    """Show who joined and who left since a day."""
    context, key = open_context(options.account), options.key
    doubt = check_key(context, key, past=True)
    check_moment(context, options.since)
    here = context.connection
    found = changes(context.store, here, key, options.since)
    summary = {
        "type": "summary",
        "segment": key,
        "since": options.since,
        "joined": len(found.joined),
        "left": len(found.left),
        "stayed": len(found.stayed),
        "doubts": {key: doubt} if doubt else {},
    }
    words = (
        f"{len(found.joined):,} joined, {len(found.left):,} left, {len(found.stayed):,} stayed"
        f" in {plain(key)} since {when(options.since)}"
    )
    with writing(options.output) as out:
        out.write(f"{json.dumps(summary) if options.json else words}\n")
        for kind, ids, sign, told in (
            ("joined", found.joined, "+", joined),
            ("left", found.left, "-", left),
        ):
            for some in _chunks(ids, options.output):
                moves = {move.id: move for move in told(context.store, here, key, some)}
                for row in rows(context.store, here, some):
                    move = moves.get(row.id)
                    line = {"type": kind, **_named(row), **_why(move)}
                    text = f"{_words(sign, row)} {_why_words(move)}"
                    out.write(f"{json.dumps(line) if options.json else text}\n")
    return DONE


def _named(row: PersonRow) -> Line:
    return {"stripe_id": row.stripe_id, "email": row.email, "name": row.name}


def _words(sign: str, row: PersonRow) -> str:
    return f"{sign} {plain(row.stripe_id):<20} {plain(row.name, 28):<28} {plain(row.email, 32):<32}"


def _why(move: Move | None) -> Line:
    """A move as a program reads it, or null if a sync found it."""
    by = move.by if move else None
    return {
        "at": move.at if move else None,
        "event": by.event if by else None,
        "event_type": by.type if by else None,
    }


def _why_words(move: Move | None) -> str:
    if move is None:
        return ""
    by = plain(f"{move.by.type} {move.by.event}") if move.by.event else "first seen in a sync"
    return f"{when(move.at)} ({by})"


def _chunks(ids: Ids, output: str | None) -> Iterator[Ids]:
    """A few hundred ids at a time, with progress."""
    for start in counted(iter(range(0, len(ids), CHUNK)), len(ids), output, CHUNK):
        yield ids[start : start + CHUNK]
