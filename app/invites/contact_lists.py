"""Whom the lists mean that people bring: invites or mailboxes, by address, Stripe id or token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from app.db.store import Store
from app.invites.lists.list_addresses import addresses_in
from app.invites.lists.list_columns import read_list
from app.invites.mail.addresses import hasher, read
from app.text import plain

CHUNK = 1_000
SHOWN = 10  # addresses that a sentence names


@dataclass(frozen=True)
class ListMatches:
    """``invites``: row ids. ``ambiguous``: lines that match several invites. ``unknown``: lines
    that match none."""

    invites: tuple[int, ...]
    ambiguous: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class OptOutList:
    """What an opt-out list means. ``boxes``: mailboxes as they are stored. ``said``: sentences for
    a person: what was read, and which addresses are unusual."""

    boxes: list[str]
    unknown: list[str]
    said: list[str]


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


def participants_named(
    store: Store, connection_id: int, names: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The Stripe ids of an account's participants that Stripe ids, addresses or tokens mean, and
    the names that mean none. An address may mean several. Raises DatabaseProblem."""
    wanted = list(dict.fromkeys(names))
    found, unknown = dict[str, None](), list[str]()
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        boxes = {one: box for one in some if isinstance(box := read(one), str)}
        means: defaultdict[str, list[str]] = defaultdict(list)
        for column, values in (
            ("p.stripe_id", some),
            ("lower(p.email)", list(boxes.values())),
            ("i.token", some),
        ):
            invites = " JOIN invite i ON i.participant_id = p.id" if column == "i.token" else ""
            for name, stripe_id in store.rows(
                f"SELECT {column}, p.stripe_id FROM participant p{invites}"
                f" WHERE p.connection_id = ? AND {store.among(column)} ORDER BY p.id",
                (connection_id, store.values(values)),
            ):
                means[name].append(stripe_id)
        for one in some:
            mine = means.get(one) or means.get(boxes.get(one, ""), [])
            found.update(dict.fromkeys(mine))
            if not mine:
                unknown.append(one)
    return list(found), unknown


def opt_out_list(store: Store, text: str, where: str | None = None) -> OptOutList:
    """Read an opt-out list. Every address counts, wherever it stands, unless ``where`` chooses
    rows. Raises StudyProblem and DatabaseProblem."""
    listed = read_list(text, where)
    names = listed.values
    known = {read(one) for one in names}
    everywhere = addresses_in(text) if where is None else []
    elsewhere = [one for one in everywhere if read(one) not in known]
    if not elsewhere:
        listed.check()
    boxes, unknown = mailboxes(store, [*names, *elsewhere])
    said = [listed.words if where else listed.words_with(elsewhere)]
    if unusual := strangers(store, [*names, *elsewhere]):
        are = (
            "1 is not a participant"
            if len(unusual) == 1
            else f"{len(unusual):,} are not participants"
        )
        said.append(f"{are}: {_named(unusual)}.")
    said += [
        f"{plain(address, 80)} is the sender or the reply address of the study"
        f" “{plain(title, 50)}”."
        for address, title in senders(store, [*names, *elsewhere])
    ]
    return OptOutList(boxes, unknown, said)


def strangers(store: Store, names: Iterable[str]) -> list[str]:
    """The addresses of a list that no participant of any account has and that were never invited.
    Raises DatabaseProblem."""
    boxes = {one: box for one in names if isinstance(box := read(one), str)}
    hashes = hasher(store)
    stored = {hashes.stored(box): box for box in boxes.values()}
    asked = store.values(list(stored))
    invited = store.rows(f"SELECT mailbox FROM invite WHERE {store.among('mailbox')}", (asked,))
    known = {stored[mailbox] for (mailbox,) in invited}
    email = "lower(trim(email))"
    wanted = store.values([*boxes.values(), *(one.strip().lower() for one in boxes)])
    for (found,) in store.rows(
        f"SELECT {email} FROM participant WHERE {store.among(email)}", (wanted,)
    ):
        known.add(str(read(found)))
    return [one for one, box in boxes.items() if box not in known]


def senders(store: Store, names: Iterable[str]) -> list[tuple[str, str]]:
    """The addresses of a list from which a study writes or to which it asks replies, each with the
    title of one such study. Raises DatabaseProblem."""
    studies: dict[str, str] = {}
    for title, sender, reply_to in store.rows(
        "SELECT title, sender_address, reply_to FROM study ORDER BY id"
    ):
        for address in (sender, reply_to):
            if address and isinstance(box := read(address), str):
                studies.setdefault(box, title)
    return [(one, studies[box]) for one in names if (box := str(read(one))) in studies]


def _named(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(plain(one, 80) for one in names[:SHOWN]) + more
