"""``panelist move``: moves the database from SQLite to PostgreSQL, or back."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_json, add_quiet
from app.commands.shared.console import print_json
from app.commands.shared.exit_codes import DONE

EXAMPLES = {
    "move": ("move postgresql", "move sqlite"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "to",
        choices=("postgresql", "sqlite"),
        help="The new kind of database. PANELIST_DATABASE_URL is the PostgreSQL database in"
        " both cases",
    )
    add_json(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Copy every row, and put the old SQLite file aside."""
    from app.commands.shared.progress import Progress
    from app.recovery.house_move import to_postgres, to_sqlite
    from app.settings import load

    progress = Progress()
    move = to_postgres if options.to == "postgresql" else to_sqlite
    moved = move(load(), progress.show_rows)
    progress.clear()
    if options.json:
        kept = str(moved.kept) if moved.kept else None
        print_json({"type": "move", "to": moved.target, "rows": moved.rows, "kept": kept})
        return DONE
    print(
        f"{sum(moved.rows.values()):,} rows were moved to {moved.target}, with their IDs:"
        f" {moved.rows['participant']:,} participants, {moved.rows['invite']:,} invites and"
        f" {moved.rows['ledger']:,} entries of the ledger."
    )
    if moved.kept:
        print(f"The SQLite database was not changed. It is {moved.kept} now.")
        print("Panelist uses PostgreSQL as long as PANELIST_DATABASE_URL is set.")
    else:
        print("Unset PANELIST_DATABASE_URL to use the SQLite database.")
        print("PostgreSQL keeps its data and refuses every change from now on.")
    return DONE
