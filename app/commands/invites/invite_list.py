"""``panelist invites``: lists the log."""

from __future__ import annotations

import argparse

from app.commands.shared.columns import STATES, Column, ColumnWriter
from app.commands.shared.context import find_study, open_context
from app.commands.shared.exit_codes import DONE, WrongUse
from app.commands.shared.progress import counted
from app.db.schema.study_tables import OUTSTANDING
from app.invites.exports import of_invites
from app.invites.housekeeping import tidy
from app.invites.invite_log import invite_ids
from app.invites.lifecycle import MOVES
from app.invites.states import NO_ADDRESS, state_words
from app.panel.export.writer import Line, chosen_form, write, writing
from app.text import plain, when


def list_invites(options: argparse.Namespace) -> int:
    """List the log, the newest first."""
    context = open_context(options.account)
    settings, store, connection = context
    tidy(store, settings.folders)
    for state in options.state or ():
        if state not in MOVES:
            raise WrongUse(f"Unknown state {plain(state)}. Use {', '.join(MOVES)}.")
    study = find_study(context, options.study).id if options.study else None
    ids = invite_ids(
        store, connection, study_id=study, states=options.state or (), text=options.search or ""
    )
    with writing(options.output, replace=options.replace) as out:
        source = of_invites(store, ids)
        lines = counted(source.lines(False), source.number, options.output)
        if form := chosen_form(options.output, as_json=options.json, as_csv=options.csv):
            write(out, source.columns, lines, form, exact=options.exact)
            return DONE
        writer = ColumnWriter(out, COLUMNS)
        for line in lines:
            writer.line(*_cells(line))
    return DONE


COLUMNS = (
    Column("No.", 7, right=True, whole=True, style="dim"),
    Column("Sent", 17),
    Column("State", 12, styles=STATES),
    Column("Email", 34, style="bold"),
    Column("Study", 30),
    Column("Reason or link", 60, whole=True),
)


def _cells(line: Line) -> tuple[object, ...]:
    is_link = line["way"] == "link" and line["state"] in OUTSTANDING
    more = line["link"] if is_link else plain(line["reason"] or line["answer"] or "", 60)
    at = when(line["sent_at"] or line["queued_at"])
    address = line["address"] or NO_ADDRESS
    return line["id"], at, state_words(line["state"]), address, line["study"], more
