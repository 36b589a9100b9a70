"""``panelist segments create``, ``change`` and ``delete``: segments of one's own."""

from __future__ import annotations

import argparse
import json

from app.commands.common import find_account, not_connected, say
from app.db.store import Store, open_store
from app.db.subscription_indexes import left_out
from app.panel.filters.errors import FilterError, pointed
from app.panel.overview import overview
from app.panel.segments import custom as own
from app.panel.segments.custom import CustomSegmentProblem
from app.panel.segments.views import SegmentView, segments
from app.settings import load
from app.text import plain

WRONG_USE = 2


def segments_create(options: argparse.Namespace) -> int:
    """Make a segment of those whom a filter finds."""
    return _run(options)


def segments_change(options: argparse.Namespace) -> int:
    """Give an own segment another name or filter."""
    return _run(options)


def segments_delete(options: argparse.Namespace) -> int:
    """Delete an own segment; who was in it stays in the history."""
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    store = open_store(load())
    connection = overview(store, find_account(store, options.account)).connection
    if connection is None:
        return not_connected()
    if left_out(store):
        say("Subscriptions are still being fetched. Make segments when Status says they are here.")
        return 1
    try:
        key = _done(store, connection.id, options)
    except CustomSegmentProblem as why:
        say(plain(why, 1000))
        return WRONG_USE
    except FilterError as error:
        say(f"{plain(error.sentence, 1000)}\n{pointed(error)}")
        return WRONG_USE
    found = _view(store, connection.id, key)
    if options.json:
        print(json.dumps({"key": key, "count": found.count if found else None}))
    elif found is None:
        print(f"Deleted {plain(key)}.")
    else:
        print(f"{plain(found.name)} ({plain(key)}): {found.count:,} members – {plain(found.rule)}")
    return 0


def _done(store: Store, connection_id: int, options: argparse.Namespace) -> str:
    if options.action == "create":
        return own.make(store, connection_id, options.name, options.filter)
    key: str = options.key
    if options.action == "delete":
        own.delete(store, connection_id, key)
        return key
    old = _view(store, connection_id, key)
    if old is None or old.filter is None:
        raise CustomSegmentProblem(f"There is no segment of your own with the key {key!r}.")
    name, text = options.name or old.name, options.filter or old.filter
    own.change(store, connection_id, key, name, text)
    return key


def _view(store: Store, connection_id: int, key: str) -> SegmentView | None:
    return next((one for one in segments(store, connection_id) if one.key == key), None)
