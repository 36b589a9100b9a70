"""What the ledger proves: that nobody was handed over twice for one study.

The ledger alone is read for it, entry by entry; the invites are then compared with what it tells of
them. A mail that a server refused after all, or of which a person says that it did not arrive, may
be handed over again, and so may be whoever has answered and is asked anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.db.store import Store
from app.invites import ledger

HANDED_OVER = ("uncertain", "handed_over")  # entering these, a mailbox may get a mail
MAY_HAVE_IT = ("uncertain", "sent", "handed_over", "started")


@dataclass
class Proof:
    """``broken_at``: the first entry of the ledger that is not as it was written. ``twice``:
    numbers of entries by which a mailbox was written to that may have had it. ``odd``: numbers of
    entries that do not follow from those before. ``differing``: invites whose row says something
    else than the ledger. ``uncertain``: invites of which a person must say what became."""

    entries: int = 0
    invites: int = 0
    handed_over: int = 0
    broken_at: int | None = None
    twice: list[int] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nobody was handed over twice, and all of it can be trusted."""
        return self.broken_at is None and not (self.twice or self.odd or self.differing)


def prove(store: Store, connection_id: int) -> Proof:
    """Read the whole ledger of an account. Raises DatabaseProblem."""
    proof = Proof(broken_at=ledger.broken_at(store, connection_id))
    states: dict[int, str] = {}
    places: dict[int, tuple[int, str]] = {}
    together: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for number, what, study, invite, mailbox, before, after in _entries(store, connection_id):
        proof.entries += 1
        if what != "invite":
            continue
        place = (study, mailbox)
        if invite not in states:
            proof.invites += 1
            places[invite] = place
            together[place].add(invite)
        if states.get(invite) != before or places[invite] != place:
            proof.odd.append(number)
        if after in HANDED_OVER:
            proof.handed_over += 1
            if any(states.get(other) in MAY_HAVE_IT for other in together[place]):
                proof.twice.append(number)
        states[invite] = after
    _compare(store, connection_id, states, proof)
    return proof


def _compare(store: Store, connection_id: int, states: dict[int, str], proof: Proof) -> None:
    left, last = dict(states), 0
    while rows := store.rows(
        "SELECT id, state FROM invite WHERE connection_id = ? AND id > ? ORDER BY id LIMIT 10000",
        (connection_id, last),
    ):
        last = rows[-1][0]
        for invite, state in rows:
            if left.pop(invite, None) != state:
                proof.differing.append(invite)
            if state == "uncertain":
                proof.uncertain.append(invite)
    proof.differing += left


def _entries(
    store: Store, connection_id: int
) -> Iterator[tuple[int, str, int, int, str, str, str]]:
    last = 0
    while rows := store.rows(
        "SELECT number, what, study, invite, mailbox, before, after FROM ledger"
        " WHERE connection_id = ? AND number > ? ORDER BY number LIMIT 10000",
        (connection_id, last),
    ):
        yield from rows
        last = rows[-1][0]
