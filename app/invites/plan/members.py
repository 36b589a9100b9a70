"""The members of a plan's segments, each once, with the facts that a plan needs.

A million members must fit in memory, so they are parallel arrays with 16 bytes for a mailbox.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.db.store import Store
from app.invites.mail.addresses import SIZE, AddressFault, Hasher, read, written
from app.invites.plan.outcomes import Outcome
from app.invites.plan.sampling import lot
from app.panel.audit.stored import RowIds
from app.panel.lists.order import Ids
from app.panel.lists.selection import CHUNK, ResolvedSelection, Selection, find, row_ids

NEVER = 2**62  # stands for an unknown creation time
UNSETTLED = 0  # the outcome of members that no reason excludes yet
_NO_MAILBOX = bytes(SIZE)

Checkpoint = Callable[[], None]


class Members:
    """Row ids in ascending order. For each: the outcome (0 while it is open), its detail, the
    digest of the mailbox, the creation time of the customer, and the lot for a sample."""

    def __init__(self, ids: Ids) -> None:
        size = len(ids)
        self.ids = ids
        self.outcomes = bytearray(size)
        self.details = array("q", bytes(8 * size))
        self.mailboxes = bytearray(SIZE * size)
        self.created = array("q", bytes(8 * size))
        self.lots = array("Q", bytes(8 * size))

    def mailbox(self, place: int) -> bytes:
        """The digest of a member's mailbox."""
        return bytes(self.mailboxes[SIZE * place : SIZE * (place + 1)])

    def place(self, row_id: int) -> int | None:
        """The place of a participant, or None if they are not a member."""
        place = bisect_left(self.ids, row_id)
        return place if place < len(self.ids) and self.ids[place] == row_id else None

    def known_created(self, place: int) -> int | None:
        """When a member became a customer, or None if unknown."""
        return None if self.created[place] == NEVER else self.created[place]

    def settle(self, place: int, outcome: Outcome, detail: int = 0) -> None:
        """Set a member's outcome."""
        self.outcomes[place] = outcome
        self.details[place] = detail

    def open(self) -> Iterator[int]:
        """The places of members who have no outcome yet."""
        place = self.outcomes.find(UNSETTLED)
        while place >= 0:
            yield place
            place = self.outcomes.find(UNSETTLED, place + 1)


def union(store: Store, connection_id: int, keys: Iterable[str], checkpoint: Checkpoint) -> Ids:
    """The row ids of the members of any of these segments, each once, ascending."""
    ids, seen = array("q"), RowIds()
    for key in keys:
        for chunk in _members(store, connection_id, key, checkpoint):
            ids.extend(one for one in chunk if seen.add(one))
    return array("q", sorted(ids))


def describe(
    store: Store,
    connection_id: int,
    members: Members,
    hasher: Hasher,
    seed: str,
    checkpoint: Checkpoint,
) -> None:
    """Read the facts that a plan needs, and settle members without a usable mailbox."""
    for start in range(0, len(members.ids), CHUNK):
        checkpoint()
        some = members.ids[start : start + CHUNK]
        places = dict(zip(some, range(start, start + len(some)), strict=True))
        for key, stripe_id, email, created, deleted in people(store, connection_id, some):
            place = places[key]
            members.created[place] = NEVER if created is None else created
            members.lots[place] = lot(seed, stripe_id)
            mailbox = read(email) if email else AddressFault.FORM
            if isinstance(mailbox, str):
                members.mailboxes[SIZE * place : SIZE * (place + 1)] = hasher.digest(mailbox)
            if deleted:
                members.settle(place, Outcome.DELETED)
            elif not email or not email.strip():
                members.settle(place, Outcome.NO_EMAIL)
            elif isinstance(mailbox, AddressFault):
                members.settle(place, Outcome.UNUSABLE, mailbox)


def people(
    store: Store, connection_id: int, ids: Sequence[int]
) -> Iterator[tuple[int, str, str | None, int | None, bool]]:
    """(row id, Stripe id, email, created, deleted) of these participants."""
    columns = ("id", "stripe_id", "email", "created", "deleted")
    gathered = ", ".join(store.gathered(column) for column in columns)
    if not ids:
        return iter(())
    row = store.row(
        f"SELECT {gathered} FROM (SELECT p.id, p.stripe_id, p.email, p.created, p.deleted"
        f" FROM participant p WHERE {store.among('p.id')} AND +p.connection_id = ?) x",
        (store.values(ids), connection_id),
    )
    return zip(*(store.unpacked(column) for column in row), strict=True)


def stripe_ids(store: Store, ids: Sequence[int]) -> dict[int, str]:
    """The Stripe id of each of these participants."""
    found: dict[int, str] = {}
    for start in range(0, len(ids), CHUNK):
        keys, names = store.row(
            f"SELECT {store.gathered('id')}, {store.gathered('stripe_id')}"
            f" FROM participant WHERE {store.among('id')}",
            (store.values(ids[start : start + CHUNK]),),
        )
        found.update(zip(store.unpacked(keys), store.unpacked(names), strict=True))
    return found


def leave_out(
    store: Store,
    connection_id: int,
    members: Members,
    hasher: Hasher,
    keys: Iterable[str],
    checkpoint: Checkpoint,
) -> None:
    """Settle members of these segments, and everyone who shares a mailbox with one. An invite goes
    to a mailbox, so it would reach the excluded member."""
    mine = {int.from_bytes(members.mailbox(place)[:8]) for place in range(len(members.ids))}
    shut: set[bytes] = set()
    for key in keys:
        for chunk in _members(store, connection_id, key, checkpoint):
            others = []
            for one in chunk:
                place = members.place(one)
                if place is None:
                    others.append(one)
                elif members.outcomes[place] != Outcome.DELETED:
                    members.settle(place, Outcome.EXCLUDED)
                    shut.add(members.mailbox(place))
            for _, _, email, _, _ in people(store, connection_id, others):
                mailbox = read(email) if email else None
                if isinstance(mailbox, str):
                    digest = hasher.digest(mailbox)
                    if int.from_bytes(digest[:8]) in mine:
                        shut.add(digest)
    shut.discard(_NO_MAILBOX)
    for place in members.open():
        if members.mailbox(place) in shut:
            members.settle(place, Outcome.EXCLUDED, 1)


def same_mailbox(store: Store, members: Members) -> dict[int, int]:
    """Settle all but one of the members who share a mailbox. The oldest customer stays. Returns,
    for the place of each of the others, the place of the one who stays."""
    seen: set[int] = set()
    doubtful: set[int] = set()
    for place in members.open():
        short = int.from_bytes(members.mailbox(place)[:8])
        (doubtful if short in seen else seen).add(short)
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    if doubtful:
        for place in members.open():
            if int.from_bytes(members.mailbox(place)[:8]) in doubtful:
                groups[members.mailbox(place)].append(place)
    shared = [group for group in groups.values() if len(group) > 1]
    names = stripe_ids(store, [members.ids[place] for group in shared for place in group])
    stands: dict[int, int] = {}
    for group in shared:
        first = min(group, key=lambda at: (members.created[at], names[members.ids[at]]))
        stands.update((place, first) for place in group if place != first)
    for place, first in stands.items():
        members.settle(place, Outcome.SAME_MAILBOX, members.ids[first])
    return stands


def _members(
    store: Store, connection_id: int, key: str, checkpoint: Checkpoint
) -> Iterator[list[int]]:
    found = find(store, Selection(connection_id, key))
    return row_ids(
        store, ResolvedSelection(found.chosen, found.segment_id, found.members, checkpoint)
    )


def sample_member(
    store: Store, connection_id: int, keys: Sequence[str], nth: int
) -> tuple[str | None, str] | None:
    """The name and address of a member, for showing a template. It comes from the first of these
    segments that has one: the ``nth``, starting over after a few. Raises DatabaseProblem."""
    for key in keys:
        rows = store.rows(
            "SELECT p.name, p.email FROM member m JOIN segment g ON g.id = m.segment_id"
            " JOIN participant p ON p.id = m.participant_id"
            " WHERE g.connection_id = ? AND g.key = ? LIMIT 50",
            (connection_id, key),
        )
        found = [(name, to) for name, email in rows if isinstance(to := written(email or ""), str)]
        if found:
            return found[nth % len(found)]
    return None
