"""What the witness knows and a database lost, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.db.store import Store
from app.invites.witness.lost_records import LostRecords
from app.text import when


class LostRow(NamedTuple):
    """A participant who was sent something. ``what``: "invite" or "reminder". ``study``: its title,
    or None if the database does not have it. ``uncertain``: whether it is not known if it
    arrived."""

    what: str
    at: int
    stripe_id: str
    name: str | None
    address: str | None
    study: str | None
    uncertain: bool


def lost_rows(store: Store, lost: LostRecords) -> list[LostRow]:
    """Those participants, the newest first. Raises DatabaseProblem."""
    titles: dict[int, str] = dict(store.rows("SELECT id, title FROM study"))
    keys = store.values(sorted({one.participants[0] for one in lost.sends}))
    people = {
        key: (stripe_id, name, email)
        for key, stripe_id, name, email in store.rows(
            f"SELECT id, stripe_id, name, email FROM participant WHERE {store.among('id')}", (keys,)
        )
    }
    return [
        LostRow(
            one.what,
            one.at,
            *people[one.participants[0]],
            titles.get(one.study or 0),
            one.uncertain,
        )
        for one in sorted(lost.sends, key=lambda one: -one.at)
    ]


def lost_words(lost: LostRecords) -> Iterator[str]:
    """What was sent and said since, a sentence each."""
    if not lost:
        yield "This computer has no record of anything sent or recorded since then."
        return
    if lost.mailboxes:
        yield (
            f"This computer has a record of {_counted(lost.mailboxes, 'address', 'addresses')} "
            f"that got an email this database does not know about."
        )
    if lost.strangers:
        yield (
            f"{_counted(len(lost.strangers), 'send was', 'sends were')} to addresses of no"
            " participant here. They count when a sync adds the participant."
        )
    if lost.opt_outs:
        kinds = ("opt-out, bounce or erasure", "opt-outs, bounces and erasures")
        yield f"{_counted(len(lost.opt_outs), *kinds)} happened since then."


def taken_words(lost: LostRecords) -> str:
    """What was taken over, or "" if nothing was."""
    parts = []
    if lost.sends:
        parts.append(f"{_counted(len(lost.sends), 'send is', 'sends are')} recorded.")
    if doubted := sum(one.uncertain for one in lost.sends):
        parts.append(f"{doubted:,} of them may not have arrived and stay uncertain.")
    if lost.strangers:
        parts.append(
            f"{_counted(len(lost.strangers), 'more is', 'more are')} recorded when a sync"
            " adds the participant."
        )
    if lost.opt_outs:
        said = _counted(len(lost.opt_outs), "opt-out is", "opt-outs are")
        parts.append(f"{said} recorded again.")
    if any(kind == "erased" for _, kind, _ in lost.opt_outs):
        parts.append("Erased participants are erased again in four hours.")
    return " ".join(parts)


def last_known(store: Store, connection_id: int) -> str:
    """The last that the database itself sent, to compare with a Sent folder. Raises
    DatabaseProblem."""
    (at,) = store.row("SELECT max(sent_at) FROM invite WHERE connection_id = ?", (connection_id,))
    more = (
        " Another computer that sent from it may know more. If so, answer there." * store.postgres
    )
    if at is None:
        return f"According to this database, no invite was sent.{more}"
    return (
        f"According to this database, the last invite was sent at {when(at)}. If your mail server "
        f"sent later ones that are not listed here, restore the newer database.{more}"
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
