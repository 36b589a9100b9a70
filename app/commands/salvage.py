"""``panelist salvage``: saves what can be read of a damaged database in a new file."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.shared.arguments import add_json, add_quiet
from app.commands.shared.console import print_json
from app.commands.shared.exit_codes import DONE, WrongUse

if TYPE_CHECKING:
    from app.recovery.salvage import SalvageReport

_FIRST = ("opt_out", "invite", "study", "ledger", "plan", "planned")  # not at Stripe


EXAMPLES = {
    "salvage": ("salvage", "salvage damaged.db --to recovered.db"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="The damaged file (default: the database)"
    )
    parser.add_argument(
        "-o",
        "--output",
        "--to",
        dest="to",
        metavar="NEW",
        help="The new file (default: FILE.salvaged)",
    )
    add_json(parser)
    add_quiet(parser)


def run(options: argparse.Namespace) -> int:
    """Read every page, and write a new database."""
    from app import paths
    from app.recovery.salvage import rescue
    from app.settings import load

    home = load().home
    file = Path(options.file) if options.file else paths.database(home)
    if not file.is_file():
        raise WrongUse(f"File not found: {file}. Nothing was changed.")
    into = Path(options.to) if options.to else file.with_name(f"{file.name}.salvaged")
    report = rescue(file, into)
    if options.json:
        print_json({"type": "salvage", "whole": report.whole, **asdict(report)})
        return DONE
    _print(report, into)
    return DONE


def _print(report: SalvageReport, into: Path) -> None:
    order = [*_FIRST, *(name for name in report.tables if name not in _FIRST)]
    print(f"{'':<18}{'saved':>10}{'completed':>11}{'unreadable':>12}")
    for name in order:
        one = report.tables[name]
        if one.saved or one.completed or one.unreadable:
            print(f"{name:<18}{one.saved:>10,}{one.completed:>11,}{one.unreadable:>12,}")
    for line in _lines(report):
        print(line)
    print(f"The recovered database is {into}. The damaged file was not changed.")
    print(f"To use it, run panelist restore {into} --replace")


def _lines(report: SalvageReport) -> list[str]:
    """What a person must know, a sentence each."""
    if report.whole:
        return ["Every row was recovered."]
    said = []
    if report.lost_pages:
        said.append(
            f"{report.lost_pages:,} of {report.pages:,} pages could not be read. More rows"
            " may be missing than those counted as unreadable."
        )
    if any(one.completed for one in report.tables.values()):
        said.append(
            "Completed rows were rebuilt in part from an index or the ledger. Run panelist"
            " verify before you send."
        )
    if report.log_damaged:
        said.append("The write-ahead log is damaged, so the last changes may be missing.")
    if report.key_lost:
        said.append(
            "The key that recognises addresses was lost, so no opt-out and no earlier"
            " invite is recognised. Do not send from this database. Restore a backup, which"
            " has the key."
        )
    said.append("The next sync copies Stripe's data again.")
    return said
