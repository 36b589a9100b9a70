"""``panelist restore``: puts a backup or a salvaged database into use."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.shared.arguments import add_force, add_json, add_quiet
from app.commands.shared.console import print_json
from app.commands.shared.exit_codes import DONE

if TYPE_CHECKING:
    from app.recovery.restore import Restored


EXAMPLES = {
    "restore": ("restore monday.db", "restore monday.db --replace"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "file", metavar="FILE", help="A file from panelist backup or panelist salvage"
    )
    add_force(parser, "Replace the database in use, and keep its file")
    add_json(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Put the file into use, with the opt-outs and erasures that are known here."""
    from app.recovery.restore import restore
    from app.settings import load

    done = restore(load(), Path(options.file), replacing=options.replace)
    if options.json:
        kept = str(done.kept) if done.kept else None
        print_json({"type": "restore", **asdict(done), "kept": kept})
        return DONE
    for line in _lines(done, options.file):
        print(line)
    return DONE


def _lines(done: Restored, file: str) -> list[str]:
    said = [f"{file} was restored and is in use now. The file itself was not changed."]
    if done.kept:
        said.append(f"The previous database is kept in {done.kept}.")
    if done.unread:
        said.append(
            "It could not be read, so nothing was carried over from it. If"
            f" {file} was not salvaged from it, opt-outs and erasures since then are not known:"
            f" panelist salvage {done.kept} finds them."
        )
    carried = done.carried
    if carried.other_key:
        said.append(
            "The previous database recognises addresses by another key. Its opt-outs were"
            " not carried over."
        )
    if carried.opt_outs or carried.erasures:
        said.append(
            f"{carried.opt_outs:,} opt-outs and {carried.erasures:,} erasures were newer than the"
            " backup and were carried over."
        )
    return [*said, *done.questions, "The next sync catches up with Stripe."]
