"""Lists that people bring: addresses, Stripe ids or tokens, one a line or in a CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from app.db.store import Store
from app.invites.mailbox import hasher, read

CHUNK = 1_000
HEADINGS = ("token", "email", "address", "stripe_id", "customer", "id")  # the best known first


@dataclass(frozen=True)
class Matched:
    """``invites``: row ids. ``ambiguous``: lines that several invites are meant by; ``unknown``:
    lines that none is meant by."""

    invites: tuple[int, ...]
    ambiguous: tuple[str, ...]
    unknown: tuple[str, ...]


def values(text: str) -> Iterator[str]:
    """What each line names. With a heading that says where it stands, that column; else the
    first."""
    first = text.split("\n", 1)[0]
    sign = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    lines = csv.reader(io.StringIO(text.replace("\0", "\N{REPLACEMENT CHARACTER}")), delimiter=sign)
    column = None
    for number, line in enumerate(lines):
        cells = [cell.strip().removeprefix("'") for cell in line]
        if number == 0:
            names = [cell.casefold().replace(" ", "_") for cell in cells]
            known = [names.index(name) for name in HEADINGS if name in names]
            if known:
                column = known[0]
                continue
        at = column or 0
        if at < len(cells) and cells[at]:
            yield cells[at]


def match(store: Store, connection_id: int, text: str, study_id: int | None) -> Matched:
    """Which invites a list means: those of a study, or of all. An address or a Stripe id means
    the newest invite of a study; in several studies it is ambiguous. Raises DatabaseProblem."""
    wanted = list(dict.fromkeys(values(text)))
    hashes = hasher(store, connection_id)
    invites: dict[int, None] = {}
    ambiguous: list[str] = []
    unknown: list[str] = []
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        boxes = {one: hashes.stored(box) for one in some if isinstance(box := read(one), str)}
        asked = {one: (one, boxes.get(one, "")) for one in some}
        rows = store.rows(
            "SELECT i.id, i.study_id, i.token, i.mailbox, p.stripe_id FROM invite i"
            " JOIN participant p ON p.id = i.participant_id WHERE i.connection_id = ?"
            f" AND ({store.among('i.token')} OR {store.among('i.mailbox')}"
            f" OR {store.among('p.stripe_id')}) AND (i.study_id = ? OR ?) ORDER BY i.id",
            (
                connection_id,
                *(store.values(some), store.values(list(boxes.values())), store.values(some)),
                *(study_id or 0, study_id is None),
            ),
        )
        named: defaultdict[str, dict[int, int]] = defaultdict(dict)  # study -> the newest invite
        for invite, study, token, box, person in rows:
            for name in (token, box, person):
                named[name][study] = invite
        for one, names in asked.items():
            found = {**named.get(names[0], {}), **(named.get(names[1], {}) if names[1] else {})}
            if len(found) == 1:
                invites.update(dict.fromkeys(found.values()))
            else:
                (ambiguous if found else unknown).append(one)
    return Matched(tuple(invites), tuple(ambiguous), tuple(unknown))


def mailboxes(store: Store, connection_id: int, text: str) -> tuple[list[str], list[str]]:
    """The mailboxes that a list of addresses or Stripe ids means, as they are stored; and the
    lines that are neither. Raises DatabaseProblem."""
    hashes, found, unknown = hasher(store, connection_id), dict[str, None](), []
    for one in dict.fromkeys(values(text)):
        box = read(one)
        if not isinstance(box, str):
            rows = store.rows(
                "SELECT email FROM participant WHERE connection_id = ? AND stripe_id = ?",
                (connection_id, one),
            )
            box = read(rows[0][0]) if rows and rows[0][0] else box
        if isinstance(box, str):
            found[hashes.stored(box)] = None
        else:
            unknown.append(one)
    return list(found), unknown
