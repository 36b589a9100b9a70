"""``panelist export``: a list as the app has it, in a file or on standard output."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

from app.cli import FAILED
from app.commands.common import find_account, find_filter, is_segment, not_connected, say
from app.commands.progress import counted
from app.db.store import Store, open_store
from app.panel.export.people import COLUMNS, people
from app.panel.export.writer import form_of, write, writing
from app.panel.lists.order import Ids, Order, whole
from app.panel.lists.search import search
from app.panel.lists.selection import Selection
from app.panel.overview import overview
from app.settings import load
from app.text import plain

WRONG_USE = 2
NEWEST_FIRST = ("arrived", "since", "created")


def export(options: argparse.Namespace) -> int:
    """Take people out."""
    store = open_store(load())
    connection = overview(store, find_account(store, options.account)).connection
    if connection is None:
        return not_connected()
    if not is_segment(store, connection.id, options.segment):
        return WRONG_USE
    chosen = _chosen(store, connection.id, options)
    if isinstance(chosen, int):
        return chosen
    for end in (signal.SIGTERM, signal.SIGHUP):  # so that no part of a file is left
        if signal.getsignal(end) is not signal.SIG_IGN:  # nohup
            signal.signal(end, signal.default_int_handler)
    try:
        _export(store, chosen, options)
    except KeyboardInterrupt:
        no_file = (
            "What came before is not whole." if options.file == "-" else "No file was written."
        )
        say(f"Stopped. {no_file}")
        return FAILED
    return 0


def _chosen(store: Store, connection_id: int, options: argparse.Namespace) -> Selection | int:
    """Whom the options mean; or the exit code after saying why nobody."""
    conditions = []
    if options.filter is not None:
        found = find_filter(store, connection_id, options.filter)
        if isinstance(found, int):
            return found
        conditions.append(found)
    if options.search is not None:
        searched = search(store, options.search).condition
        conditions += [searched] if searched else []
    return Selection(connection_id, options.segment, tuple(conditions))


def _export(store: Store, chosen: Selection, options: argparse.Namespace) -> None:
    file = None if options.file == "-" else options.file
    form = form_of(options.file)
    if options.json or options.csv:
        form = "json" if options.json else "csv"
    with writing(file, replace=options.replace) as out:
        ids = _ids(store, chosen, options)
        lines = people(store, chosen.connection_id, ids, chosen.segment, masking=options.masked)
        number = write(out, COLUMNS, counted(lines, len(ids), file), form)
    if file is not None:
        hidden = ", masked" if options.masked else ""
        print(f"{number:,} people are in {plain(Path(os.path.realpath(file)))}{hidden}.")


def _ids(store: Store, chosen: Selection, options: argparse.Namespace) -> Ids:
    descending = (options.sort in NEWEST_FIRST) != options.reverse
    return whole(store, chosen, Order(options.sort, descending))
