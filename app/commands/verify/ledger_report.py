"""``panelist verify``: proves from the ledger that no one was invited twice."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from app.commands.console import print_json
from app.commands.context import open_context
from app.commands.exit_codes import DONE, FAILED
from app.db.store import Store
from app.invites.invite_log import invite_rows
from app.invites.ledger_proof import prove
from app.invites.restore_guard import RestoreGuard, RestoreSuspected
from app.text import plain, when


def prove_ledger(options: argparse.Namespace) -> int:
    """Read the whole ledger. Returns 0 if the proof holds."""
    settings, store, connection = open_context()
    proof = prove(store, connection)
    if options.json:
        older = _older(store, connection, settings.home)
        print_json({"type": "proof", "holds": proof.holds, **asdict(proof), "guard": older})
        return DONE if proof.holds else FAILED
    print(
        f"{proof.entries:,} entries of the ledger, {proof.invites:,} invites, {proof.handed_over:,}"
        f" times handed over, {proof.reminded:,} times reminded."
    )
    if proof.broken_at is not None:
        print(f"Entry {proof.broken_at:,} is not as it was written, or is missing.")
    for number in proof.twice:
        print(f"By entry {number:,} a mailbox was written to that may have had the invite.")
    for number in proof.unwanted:
        print(f"By entry {number:,} a mailbox was written to that was not to be written to.")
    for number in proof.odd:
        print(f"Entry {number:,} does not follow from those before it.")
    for invite in proof.differing:
        print(f"Invite {invite:,} is in another state than the ledger tells.")
    for row in invite_rows(store, proof.uncertain):
        print(
            f"Uncertain: invite {row.id}, {plain(row.address or 'erased')}, {when(row.sent_at)};"
            f" say panelist invites resolve {row.id} arrived, or did-not."
        )
    for row in invite_rows(store, proof.reminders):
        print(f"The reminder of invite {row.id} may have arrived or not; it is not sent again.")
    if said := _older(store, connection, settings.home):
        print(said)
    said = "Nobody was handed over twice." if proof.holds else "This proves nothing as it is."
    print(said)
    return DONE if proof.holds else FAILED


def _older(store: Store, connection_id: int, home: Path) -> str | None:
    """Why this database would not send: it is an old copy, or from another computer."""
    try:
        RestoreGuard(store, connection_id, home).check()
    except RestoreSuspected as why:
        return str(why)
    return None
