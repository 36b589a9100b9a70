"""Lists of contacts that people bring: addresses, Stripe ids or tokens, one a line or in a CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.mail.addresses import hasher, read

CHUNK = 1_000
# The preferred heading first.
HEADINGS = (
    *("token", "email", "e-mail", "email_address", "e-mail_address", "mail", "address"),
    *("stripe_id", "customer", "customer_id", "id"),
)


@dataclass(frozen=True)
class ListMatches:
    """``invites``: row ids. ``ambiguous``: lines that match several invites. ``unknown``: lines
    that match none."""

    invites: tuple[int, ...]
    ambiguous: tuple[str, ...]
    unknown: tuple[str, ...]


def values(text: str) -> Iterator[str]:
    """The value of each line. If the first line is a heading with known columns, the value is the
    first of them that is not empty, in order of preference. Otherwise it is the first column.
    Raises StudyProblem if the text is not a list."""
    text = text.removeprefix("\ufeff").replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = text.split("\n", 1)[0]
    sign = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    lines = csv.reader(io.StringIO(text), delimiter=sign)
    known = [0]
    number, began = 0, 1
    try:
        for number, line in enumerate(lines):
            cells = [cell.strip().removeprefix("'") for cell in line]
            if number == 0:
                names = [cell.casefold().replace(" ", "_") for cell in cells]
                if found := [names.index(name) for name in HEADINGS if name in names]:
                    known = found
                    began = lines.line_num + 1
                    continue
            named = next((cells[at] for at in known if at < len(cells) and cells[at]), "")
            if "\n" in named:
                raise csv.Error
            if named:
                yield named
            began = lines.line_num + 1
    except csv.Error:
        raise StudyProblem(
            f"Line {began:,} of the list cannot be read: a quote in it has no end, or it is too"
            " long. Nothing was changed."
        ) from None


def match(store: Store, connection_id: int, text: str, study_id: int | None) -> ListMatches:
    """The invites that a list means, among those of one study or of all. An address or a Stripe id
    means the newest invite of a study. It is ambiguous if several studies match. Raises
    StudyProblem and DatabaseProblem."""
    wanted = list(dict.fromkeys(values(text)))
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


def mailboxes(store: Store, connection_id: int, text: str) -> tuple[list[str], list[str]]:
    """The mailboxes that a list of addresses, Stripe ids or tokens means, as they are stored, and
    the lines that match nothing. Raises StudyProblem and DatabaseProblem."""
    wanted = list(dict.fromkeys(values(text)))
    hashes, found, unknown = hasher(store), dict[str, None](), list[str]()
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        asked = (connection_id, store.values(some))
        boxes: dict[str, str] = dict(
            store.rows(
                "SELECT token, mailbox FROM invite"
                f" WHERE +connection_id = ? AND {store.among('token')}",
                asked,
            )
        )
        emails: dict[str, str | None] = dict(
            store.rows(
                "SELECT stripe_id, email FROM participant"
                f" WHERE connection_id = ? AND {store.among('stripe_id')}",
                asked,
            )
        )
        for one in some:
            box = read(emails.get(one) or one)
            stored = hashes.stored(box) if isinstance(box, str) else boxes.get(one)
            if stored is None:
                unknown.append(one)
            else:
                found[stored] = None
    return list(found), unknown
