"""``panelist segments show`` and ``diff``: who is in a segment, or was on a day, and what changed.

Any number of people in constant memory: their row ids at eight bytes each, and of a few hundred at
a time what is told of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.commands.common import find_account, not_connected, say
from app.commands.progress import counted
from app.db.store import Store, open_store
from app.panel.export.writer import Line, write, writing
from app.panel.lists.order import Ids, Order, whole
from app.panel.lists.rows import PersonRow, rows
from app.panel.lists.selection import Selection
from app.panel.overview import overview
from app.panel.segments.overlap import overlap
from app.panel.segments.timeline import Move, begun, changes, joined, left, members_on, places_on
from app.panel.segments.views import segments
from app.settings import load
from app.text import plain, when

WRONG_USE = 2
CHUNK = 500
COLUMNS = (
    *("stripe_id", "email", "name", "phone", "plan", "status", "since", "until", "created"),
    "deleted",
)


class _CannotAnswer(Exception):
    """What was asked has no answer; the text is for a person."""


@dataclass(frozen=True)
class _SegmentQuery:
    store: Store
    connection_id: int
    key: str


def segments_show(options: argparse.Namespace) -> int:
    """A segment's members, of today or of a past day."""
    return _run(options, _show)


segments_members = segments_show


def segments_diff(options: argparse.Namespace) -> int:
    """Two segments beside each other, or one since a day."""
    return _run(options, _since if options.since is not None else _beside)


def _run(
    options: argparse.Namespace, answer: Callable[[_SegmentQuery, argparse.Namespace], None]
) -> int:
    store = open_store(load())
    connection = overview(store, find_account(store, options.account)).connection
    if connection is None:
        return not_connected()
    try:
        answer(_SegmentQuery(store, connection.id, options.key), options)
    except _CannotAnswer as why:
        say(str(why))
        return WRONG_USE
    return 0


def _show(asked: _SegmentQuery, options: argparse.Namespace) -> None:
    at = options.on
    _check_key(asked, asked.key, past=at is not None)
    if at is None:
        at = 2**62
        ids = whole(asked.store, Selection(asked.connection_id, asked.key), Order(descending=False))
    else:
        _check_moment(asked, at)
        ids = members_on(asked.store, asked.connection_id, asked.key, at)
    with writing(options.output) as out:
        lines = counted(_members(asked, ids, at), len(ids), options.output)
        if options.csv or options.json:
            write(out, COLUMNS, lines, "csv" if options.csv else "json")
            return
        for line in lines:
            out.write(_member_words(line) + "\n")


def _members(asked: _SegmentQuery, ids: Ids, at: int) -> Iterator[Line]:
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        had = places_on(asked.store, asked.connection_id, asked.key, some, at)
        for row in rows(asked.store, asked.connection_id, some, asked.key):
            since, until = had.get(row.id, (row.since, None))
            values = {**row.__dict__, "since": since, "until": until}
            yield {column: values[column] for column in COLUMNS}


def _member_words(line: Line) -> str:
    ends = "" if line["until"] is None else f" until {when(line['until'])}"
    return (
        f"{plain(line['stripe_id']):<20} {plain(line['name'], 28):<28}"
        f" {plain(line['email'], 32):<32} {plain(line['status'], 18):<18}"
        f" {plain(line['plan'], 40):<24} since {when(line['since'])}{ends}"
    )


def _beside(asked: _SegmentQuery, options: argparse.Namespace) -> None:
    for key in (asked.key, options.other):
        _check_key(asked, key)
    here = asked.connection_id
    found = overlap(asked.store, Selection(here, asked.key), Selection(here, options.other))
    summary = {
        "type": "summary",
        "first": asked.key,
        "second": options.other,
        "both": len(found.both),
        "only_first": len(found.only_first),
        "only_second": len(found.only_second),
    }
    first, second = plain(asked.key), plain(options.other)
    words = (
        f"{len(found.both):,} in both, {len(found.only_first):,} only in {first},"
        f" {len(found.only_second):,} only in {second}"
    )
    parts = (("only_first", found.only_first, "<"), ("only_second", found.only_second, ">"))
    with writing(options.output) as out:
        out.write(f"{json.dumps(summary) if options.json else words}\n")
        for kind, ids, sign in parts:
            for some in _chunks(ids, options.output):
                for row in rows(asked.store, here, some):
                    line = {"type": kind, **_named(row)}
                    out.write(f"{json.dumps(line) if options.json else _words(sign, row)}\n")


def _since(asked: _SegmentQuery, options: argparse.Namespace) -> None:
    _check_key(asked, asked.key, past=True)
    _check_moment(asked, options.since)
    here = asked.connection_id
    found = changes(asked.store, here, asked.key, options.since)
    summary = {
        "type": "summary",
        "segment": asked.key,
        "since": options.since,
        "joined": len(found.joined),
        "left": len(found.left),
        "stayed": len(found.stayed),
    }
    words = (
        f"{len(found.joined):,} joined, {len(found.left):,} left, {len(found.stayed):,} stayed"
        f" in {plain(asked.key)} since {when(options.since)}"
    )
    with writing(options.output) as out:
        out.write(f"{json.dumps(summary) if options.json else words}\n")
        for kind, ids, sign, told in (
            ("joined", found.joined, "+", joined),
            ("left", found.left, "-", left),
        ):
            for some in _chunks(ids, options.output):
                moves = {move.id: move for move in told(asked.store, here, asked.key, some)}
                for row in rows(asked.store, here, some):
                    move = moves.get(row.id)
                    line = {"type": kind, **_named(row), **_why(move)}
                    text = f"{_words(sign, row)} {_why_words(move)}"
                    out.write(f"{json.dumps(line) if options.json else text}\n")


def _named(row: PersonRow) -> Line:
    return {"stripe_id": row.stripe_id, "email": row.email, "name": row.name}


def _words(sign: str, row: PersonRow) -> str:
    return f"{sign} {plain(row.stripe_id):<20} {plain(row.name, 28):<28} {plain(row.email, 32):<32}"


def _why(move: Move | None) -> Line:
    """A move as a program reads it; null for what a sync found."""
    by = move.by if move else None
    return {
        "at": move.at if move else None,
        "event": by.event if by else None,
        "event_type": by.type if by else None,
    }


def _why_words(move: Move | None) -> str:
    if move is None:
        return ""
    by = plain(f"{move.by.type} {move.by.event}") if move.by.event else "found by a sync"
    return f"{when(move.at)} ({by})"


def _chunks(ids: Ids, output: str | None) -> Iterator[Ids]:
    """A few hundred at a time, and how far it is."""
    for start in counted(iter(range(0, len(ids), CHUNK)), len(ids), output, CHUNK):
        yield ids[start : start + CHUNK]


def _check_key(asked: _SegmentQuery, key: str, *, past: bool = False) -> None:
    """A segment that is gone has members of the past."""
    if key in {one.key for one in segments(asked.store, asked.connection_id)}:
        return
    gone = past and asked.store.rows(
        "SELECT 1 FROM past_member b CROSS JOIN participant p"
        " WHERE p.id = b.participant_id AND p.connection_id = ? AND b.segment_key = ? LIMIT 1",
        (asked.connection_id, key),
    )
    if not gone:
        raise _CannotAnswer(
            f"There is no segment {plain(key)!r}; panelist segments --json lists them."
        )


def _check_moment(asked: _SegmentQuery, at: int) -> None:
    first = begun(asked.store, asked.connection_id)
    if first is None or at < first:
        began = f"the first sync began at {when(first)}" if first else "there was no sync yet"
        raise _CannotAnswer(f"Nothing is known of that time: {began}.")
