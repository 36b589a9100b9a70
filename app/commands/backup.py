"""``panelist backup``: writes the database to one file, while Panelist runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.shared.arguments import add_json, add_quiet
from app.commands.shared.console import print_json
from app.commands.shared.exit_codes import DONE, WrongUse

EXAMPLES = {
    "backup": ("backup", "backup monday.db"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="The new file (default: a file named after the time, in the folder backups)",
    )
    parser.add_argument("-o", "--output", metavar="NEW", help="The same as FILE")
    add_json(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Write a backup and check it."""
    from app.commands.shared.progress import Progress
    from app.db.engines.store_factory import open_store
    from app.recovery.backup import back_up, default_file
    from app.settings import load

    if options.file and options.output:
        raise WrongUse("Two files were given. Nothing was written. Give only one.")
    named = options.file or options.output
    settings = load()
    store = open_store(settings)
    file = Path(named) if named else default_file(settings.home)
    progress = Progress()
    back_up(store, file, progress.show_rows)
    progress.clear()
    size = file.stat().st_size
    if options.json:
        print_json({"type": "backup", "file": str(file), "bytes": size})
        return DONE
    print(f"The database was backed up to {file} ({size / 1e6:,.1f} MB).")
    print(
        "It contains participants, segments, studies, invites, opt-outs and the ledger. It"
        " does not contain credentials, webhook secrets, settings or invites saved as"
        " files."
    )
    print("It contains personal data. Erasing a participant later does not change it.")
    return DONE
