"""Mailboxes that get no more invites from any study of any account: opted out, erased or bounced.

They are known only by a keyed hash of the mailbox. It stays when the participant's data is erased,
and when the account is connected again. Each account's ledger has an entry for each of them, so
that its proof needs no other ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from app.db.store import Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.ledger import Entry

# The strongest first: if several are true, that one is shown. A plan stores positions in this tuple
# (app.invites.plan.outcomes), so only append.
KINDS = ("erased", "opted_out", "bounced")
CHUNK = 1_000
# The new state of an invite that was sent. An erasure can be undone, and a withdrawn participant
# may be invited to the same study again.
_ENDS = {"erased": "expired", "opted_out": "withdrawn", "bounced": "bounced"}


def record(
    store: Store,
    connection_id: int,
    mailboxes: Iterable[str],
    kind: str,
    by: str,
    reason: str | None = None,
) -> int:
    """Stop invites of all accounts to these mailboxes, given as :meth:`Hasher.stored` writes them.
    Returns how many were not stopped before. Their open invites end at once. ``connection_id``: the
    account in which it was said."""
    at = store.now()
    wanted = sorted(set(mailboxes))  # a fixed order, so that concurrent row locks cannot deadlock
    happened: list[Entry] = []
    ended: list[Entry] = []
    with store.transaction():
        for start in range(0, len(wanted), CHUNK):
            some = store.values(wanted[start : start + CHUNK])
            rows = store.rows(
                f"SELECT mailbox FROM opt_out WHERE {store.among('mailbox')} AND kind = ?",
                (some, kind),
            )
            fresh = sorted({*wanted[start : start + CHUNK]} - {box for (box,) in rows})
            store.insert(
                'opt_out (mailbox, kind, at, "by", reason)',
                [(box, kind, at, by, reason) for box in fresh],
                "ON CONFLICT DO NOTHING",
            )
            happened += [Entry(kind.replace("_", "-"), mailbox=box, detail=reason) for box in fresh]
            ended += end_invites(store, store.among("mailbox"), (some,), ends(kind), kind)
        tell_all(store, connection_id, by, happened, ended)
    return len(happened)


def opted_out_words(number: int, new: int) -> str:
    """How many mailboxes an opt-out meant, and for how many it is new, for a person."""
    if number == 1:
        return f"1 address gets no more invites, {'from now on' if new else 'as before'}."
    return f"{number:,} addresses get no more invites, {new:,} of them from now on."


def tell_all(
    store: Store,
    connection_id: int,
    by: str,
    shared: Iterable[Entry],
    of_studies: Iterable[Entry] = (),
) -> None:
    """Append entries at the end of the caller's transaction: ``shared`` ones to the ledger of every
    account that has one and of this account, the others to that of their study's account."""
    here: dict[int, int] = dict(store.rows("SELECT id, connection_id FROM study"))
    own: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in of_studies:
        own[here[entry.study or 0]].append(entry)
    every = {key for (key,) in store.rows("SELECT connection_id FROM ledger_head")}
    said = list(shared)
    for account in sorted(every | {connection_id, *own}):
        entries = [*said, *own[account]]
        if entries:
            ledger.append(store, account, by, entries)


def ends(kind: str) -> dict[str, str]:
    """The new state of an open invite, by its current one. Only a person resolves an uncertain
    invite."""
    waiting = dict.fromkeys(("queued", "sending"), "withdrawn")
    return waiting | dict.fromkeys(("sent", "handed_over", "started"), _ENDS[kind])


def lift_bounce(store: Store, connection_id: int, mailbox: str, by: str) -> bool:
    """Allow invites to a bounced mailbox again, without a change of its invites. Returns whether it
    was recorded as bounced. Of a person, it is :func:`app.invites.corrections.lift`."""
    with store.transaction():
        lifted = store.execute(
            "DELETE FROM opt_out WHERE mailbox = ? AND kind = 'bounced'", (mailbox,)
        )
        if lifted:
            tell_all(store, connection_id, by, [Entry("bounce-lifted", mailbox=mailbox)])
    return bool(lifted)
