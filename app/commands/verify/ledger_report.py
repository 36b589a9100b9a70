"""``panelist verify``: proves from the ledger that no one was invited twice."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from app.commands.shared.console import print_json
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE, FAILED
from app.db.store import Store
from app.invites.invite_log import invite_rows
from app.invites.ledger_log import STRANGER, Owner, mailbox_owners
from app.invites.ledger_proof import Proof, prove
from app.invites.restore_guard import RestoreGuard
from app.invites.states import NO_ADDRESS
from app.paths import Folders
from app.text import plain, when


def prove_ledger(options: argparse.Namespace) -> int:
    """Read the whole ledger. Returns 0 if the proof holds and the database may send."""
    settings, store, connection = open_context()
    proof = prove(store, connection)
    older = _older(store, connection, settings.folders)
    code = DONE if proof.holds and older is None else FAILED
    if options.json:
        print_json({"type": "proof", "holds": proof.holds, **asdict(proof), "guard": older})
        return code
    print(
        f"{proof.entries:,} ledger entries, {proof.invites:,} invites, {proof.handed_over:,}"
        f" sent or handed over, {proof.reminded:,} reminders."
    )
    known = mailbox_owners(store, connection, set(proof.added))
    for line in _findings(proof, known):
        print(line)
    for row in invite_rows(store, proof.uncertain):
        print(
            f"Uncertain: invite {row.id}, {plain(row.address or NO_ADDRESS)},"
            f" {when(row.sent_at)}. Record what happened with panelist invites resolve"
            f" {row.id} arrived (or did-not)."
        )
    for row in invite_rows(store, proof.reminders):
        print(f"The reminder of invite {row.id} may have arrived. It is not sent again.")
    if older is not None:
        print(older)
    print(
        "No one was sent the same invite twice."
        if code == DONE
        else "The ledger cannot be verified."
    )
    return code


def _findings(proof: Proof, known: Mapping[str, Owner]) -> Iterator[str]:
    """What is wrong, a sentence each. ``known``: who has which mailbox."""
    if proof.broken_at is not None:
        yield f"Entry {proof.broken_at:,} was changed or is missing."
    if proof.key_replaced:
        yield "The key that recognises addresses was replaced, so no opt-out is recognised."
    if proof.keys_added:
        yield "The former keys that recognise addresses were changed outside Panelist."
    for number in proof.twice:
        yield f"Entry {number:,} emailed an address that may already have had the invite."
    for number in proof.unwanted:
        yield f"Entry {number:,} emailed an address that is marked do not contact."
    for number in proof.odd:
        yield f"Entry {number:,} does not follow from those before it."
    for number in proof.forgotten:
        yield f"The opt-out of entry {number:,} is no longer stored."
    for number in proof.altered:
        yield f"The opt-out of entry {number:,} was changed outside Panelist."
    for mailbox in proof.added:
        owner = known.get(mailbox)
        who = plain((owner.address or owner.stripe_id) if owner else STRANGER, 80)
        yield f"No entry records the opt-out of {who}. It was added outside Panelist."
    for name in proof.changed:
        yield f"{name.capitalize()} was changed outside Panelist."
    for name in proof.missing:
        yield f"{name.capitalize()} was deleted outside Panelist."
    for invite in proof.differing:
        yield f"Invite {invite:,} has a different state or sending time from the ledger."
    for invite in proof.postponed:
        yield f"Invite {invite:,} expires at a different time than its study set."
    for invite in proof.redirected:
        yield f"Invite {invite:,} has a different address or study from when it was queued."


def _older(store: Store, connection_id: int, folders: Folders) -> str | None:
    """Why this database would not send: it is an old copy, or from another computer."""
    why = RestoreGuard(store, connection_id, folders).suspicion()
    return f"{why} For details, run panelist invites trust." if why else None
