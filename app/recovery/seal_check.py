"""Counts the rows of a salvaged database that are not what the ledger recorded of them.

A damaged page may still read as one: with another value in a row, or with a row that never was. The
ledger has a hash of each of its entries, seals of studies, plans and batches, the state and mailbox
of each invite, and each opt-out. It has none of participants, segments and memberships.
"""

from __future__ import annotations

from app.db.store import Store
from app.invites import ledger
from app.invites.ledger_proof import prove


def mismatched(store: Store) -> int:
    """How many rows of all accounts do not match. Raises DatabaseProblem."""
    accounts = [account for (account,) in store.rows("SELECT id FROM connection")]
    return sum(_mismatched(store, account) for account in accounts) + _unknown_opt_outs(store)


def _mismatched(store: Store, connection_id: int) -> int:
    proof = prove(store, connection_id)
    invites = {*proof.differing, *proof.redirected}
    return len(ledger.mismatched(store, connection_id)) + len(invites) + len(set(proof.changed))


def _unknown_opt_outs(store: Store) -> int:
    """Opt-outs that no ledger mentions. Every ledger begins with those that were there before."""
    if not store.rows("SELECT 1 FROM ledger LIMIT 1"):
        return 0
    (number,) = store.row(
        "SELECT count(*) FROM opt_out WHERE mailbox NOT IN (SELECT mailbox FROM ledger"
        " WHERE mailbox IS NOT NULL UNION SELECT before FROM ledger"
        " WHERE what = 'rekeyed' AND before IS NOT NULL)"
    )
    return int(number)
