"""``panelist verify``: prove from the ledger that nobody was handed over twice."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from app.cli import FAILED, NOT_CONNECTED
from app.db.store import open_store
from app.invites.log import invite_rows
from app.invites.proof import prove
from app.settings import load
from app.studying import here
from app.text import plain, when


def prove_ledger(options: argparse.Namespace) -> int:
    """Read the whole ledger; 0 when it proves it."""
    store = open_store(load())
    connection = here(store, None)
    if connection is None:
        return NOT_CONNECTED
    proof = prove(store, connection)
    if options.json:
        print(json.dumps({"type": "proof", "holds": proof.holds, **asdict(proof)}))
        return 0 if proof.holds else FAILED
    print(
        f"{proof.entries:,} entries of the ledger, {proof.invites:,} invites, {proof.handed_over:,}"
        " times handed over."
    )
    if proof.broken_at is not None:
        print(f"Entry {proof.broken_at:,} is not as it was written, or is missing.")
    for number in proof.twice:
        print(f"By entry {number:,} a mailbox was written to that may have had the invite.")
    for number in proof.odd:
        print(f"Entry {number:,} does not follow from those before it.")
    for invite in proof.differing:
        print(f"Invite {invite:,} is in another state than the ledger tells.")
    for row in invite_rows(store, proof.uncertain):
        print(
            f"Uncertain: invite {row.id}, {plain(row.address or 'erased')}, {when(row.sent_at)};"
            f" say panelist invites resolve {row.id} arrived, or did-not."
        )
    said = "Nobody was handed over twice." if proof.holds else "This proves nothing as it is."
    print(said)
    return 0 if proof.holds else FAILED
