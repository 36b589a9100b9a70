"""``panelist invites``: lists the log."""

from __future__ import annotations

import argparse

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
        store, connection, study_id=study, states=options.state or (), text=options.search
    )
    with writing(options.output) as out:
        source = of_invites(store, ids)
        lines = counted(source.lines(False), source.number, options.output)
        if form := chosen_form(options.output, as_json=options.json, as_csv=options.csv):
            write(out, source.columns, lines, form, exact=options.exact)
            return DONE
        for line in lines:
            out.write(_words(line) + "\n")
    return DONE


def _words(line: Line) -> str:
    at = line["sent_at"] or line["queued_at"]
    more = plain(line["reason"] or line["answer"] or "", 60)
    if line["way"] == "link" and line["state"] in OUTSTANDING:
        more = plain(line["link"], 2_000)
    said = (
        f"{line['id']:>7} {when(at):<12} {state_words(line['state']):<12}"
        f" {plain(line['address'] or NO_ADDRESS, 34):<34} {plain(line['study'], 30)}  {more}"
    )
    return said.rstrip()
