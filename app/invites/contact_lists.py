"""Whom the lists mean that people bring: invites or mailboxes, by address, Stripe id or token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from app.db.store import Store
from app.invites.mail.addresses import hasher, read

CHUNK = 1_000


@dataclass(frozen=True)
class ListMatches:
    """``invites``: row ids. ``ambiguous``: lines that match several invites. ``unknown``: lines
    that match none."""

    invites: tuple[int, ...]
    ambiguous: tuple[str, ...]
    unknown: tuple[str, ...]


def match(
    store: Store, connection_id: int, names: Iterable[str], study_id: int | None
) -> ListMatches:
    """The invites that the names of a list mean, among those of one study or of all. An address or
    a Stripe id means the newest invite of a study. It is ambiguous if several studies match. Raises
    DatabaseProblem."""
    wanted = list(dict.fromkeys(names))
    hashes = hasher(store)
    invites: dict[int, None] = {}
    ambiguous: list[str] = []
    unknown: list[str] = []
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        boxes = {one: hashes.stored(box) for one in some if isinstance(box := read(one), str)}
        named: defaultdict[str, dict[int, int]] = defaultdict(dict)  # study -> the newest invite
        for column, account, names in (
            ("i.token", "+i.connection_id", some),  # the plus makes it use the index of tokens
            ("i.mailbox", "i.connection_id", list(boxes.values())),
            ("p.stripe_id", "p.connection_id", some),
        ):
            for invite, study, name in store.rows(
                f"SELECT i.id, i.study_id, {column} FROM invite i"
                " JOIN participant p ON p.id = i.participant_id"
                f" WHERE {account} = ? AND {store.among(column)}"
                " AND (i.study_id = ? OR ?) ORDER BY i.id",
                (connection_id, store.values(names), study_id or 0, study_id is None),
            ):
                named[name][study] = max(invite, named[name].get(study, 0))
        for one in some:
            found = {**named.get(one, {}), **named.get(boxes.get(one, ""), {})}
            if len(found) == 1:
                invites.update(dict.fromkeys(found.values()))
            else:
                (ambiguous if found else unknown).append(one)
    return ListMatches(tuple(invites), tuple(ambiguous), tuple(unknown))


def mailboxes(store: Store, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The mailboxes that addresses, Stripe ids or tokens mean, as they are stored, and the names
    that match nothing. They may be of any account, as an opt-out holds for all. Raises
    DatabaseProblem."""
    wanted = list(dict.fromkeys(names))
    hashes, found, unknown = hasher(store), dict[str, None](), list[str]()
    accounts = store.values([key for (key,) in store.rows("SELECT id FROM connection")])
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        asked = store.values(some)
        boxes: dict[str, str] = dict(
            store.rows(f"SELECT token, mailbox FROM invite WHERE {store.among('token')}", (asked,))
        )
        emails: dict[str, list[str]] = defaultdict(list)
        for stripe_id, email in store.rows(
            "SELECT stripe_id, email FROM participant"
            f" WHERE {store.among('connection_id')} AND {store.among('stripe_id')}",
            (accounts, asked),
        ):
            emails[stripe_id].append(email or "")
        for one in some:
            mine = [box for email in emails.get(one, [one]) if isinstance(box := read(email), str)]
            stored = [hashes.stored(box) for box in mine]
            if not stored and one in boxes:
                stored = [boxes[one]]
            found.update(dict.fromkeys(stored))
            if not stored:
                unknown.append(one)
    return list(found), unknown
