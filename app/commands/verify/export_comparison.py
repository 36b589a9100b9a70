"""``panelist verify --against``: compares the panel with an export from Stripe's Dashboard."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE, FAILED
from app.panel.audit.dashboard_export import DashboardExport, ExportDifference
from app.panel.export.json_values import JsonReport
from app.text import plain

_KINDS = {
    "missing_here": "missing here",
    "deleted_here": "deleted here, not deleted in the export",
    "not_in_export": "here, not in the export",
}


def compare_with_export(options: argparse.Namespace) -> int:
    """Print every difference. Returns 0 if there is none."""
    _, store, connection = open_context()
    export = DashboardExport(store, connection, options.against)
    report = JsonReport(sys.stdout, "findings", options.json)
    for one in export.differences():
        if options.json:
            report.add({"type": "difference", **asdict(one)})
        else:
            print(f"{plain(one.id, 255)}: {_words(one)}", flush=True)
    found = export.found
    if options.json:
        report.end({"type": "finished", "equal": not found.differences, **asdict(found)})
    else:
        said = _number(found.differences, "difference") if found.differences else "equal"
        rows = _number(found.rows, "customer")
        print(f"Compared {rows} of the export with the panel: {said}.")
        if found.newer:
            print(f"Created after the export: {_number(found.newer, 'participant')}.")
    return FAILED if found.differences else DONE


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _words(one: ExportDifference) -> str:
    if one.kind == "field":
        return f"{plain(one.field)} here “{plain(one.here)}”, in the export “{plain(one.there)}”"
    return _KINDS[one.kind]
