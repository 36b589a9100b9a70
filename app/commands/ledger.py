"""``panelist ledger``: who planned, sent, marked, opted out and corrected what, and when."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from app.commands.shared.arguments import (
    add_account,
    add_list_action,
    add_list_json,
    add_output,
)
from app.commands.shared.context import find_study, open_context
from app.commands.shared.exit_codes import DONE
from app.commands.shared.progress import counted
from app.invites.states import NO_ADDRESS

if TYPE_CHECKING:
    from app.commands.shared.columns import Column
    from app.invites.ledger_log import LedgerRow


EXAMPLES = {
    "ledger": ("ledger --study 'Pricing page'", "ledger --person ada@example.com --json"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Lists the entries of the ledger, newest first. Entries are never changed. To check"
        " that, run panelist verify."
    )
    add_list_action(parser)
    parser.add_argument("--study", metavar="STUDY", help="Only entries of this study")
    parser.add_argument(
        "--person",
        metavar="WHO",
        help="Only entries about this Stripe ID or address, in all studies",
    )
    add_output(parser)
    add_account(parser)
    add_list_json(parser, csv=True)


def run(options: argparse.Namespace) -> int:
    """List the ledger."""
    from app.commands.shared.columns import ColumnWriter
    from app.invites.exports import of_ledger
    from app.invites.ledger_log import LedgerRow, entry_numbers
    from app.panel.export.writer import chosen_form, write, writing

    context = open_context(options.account)
    _, store, connection = context
    study = find_study(context, options.study).id if options.study else None
    numbers = entry_numbers(store, connection, study_id=study, person=options.person)
    with writing(options.output, replace=options.replace) as out:
        source = of_ledger(store, connection, numbers)
        lines = counted(source.lines(False), source.number, options.output)
        if form := chosen_form(options.output, as_json=options.json, as_csv=options.csv):
            write(out, source.columns, lines, form, exact=options.exact)
            return DONE
        writer = ColumnWriter(out, _columns())
        for line in lines:
            writer.line(*_cells(LedgerRow(**line)))
    return DONE


def _columns() -> tuple[Column, ...]:
    from app.commands.shared.columns import Column

    return (
        Column("No.", 7, right=True, whole=True, style="dim"),
        Column("When", 17),
        Column("Who", 20),
        Column("What happened", 100, whole=True),
    )


def _cells(row: LedgerRow) -> tuple[object, ...]:
    from app.text import plain, when

    about = [plain(row.study_title, 40)] if row.study_title else []
    if row.invite is not None:
        about.append(
            f"invite {row.invite} to {plain(row.address or row.stripe_id or NO_ADDRESS, 60)}"
        )
    elif row.mailbox:
        about.append(f"mailbox {plain(row.mailbox, 8)}")
    detail = [plain(row.detail, 120)] if row.detail else []
    said = " · ".join([plain(row.event, 80), *about, *detail])
    return row.number, when(row.at), row.origin, said
