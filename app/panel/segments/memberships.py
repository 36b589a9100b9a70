"""Every membership of a participant, past and current: since when, until when, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.db import history
from app.db.store import Store
from app.text import plain, when


@dataclass(frozen=True)
class Reason:
    """Why a participant joined or left: a Stripe event and its type, or None for both if a full
    listing found it."""

    event: str | None
    type: str | None


@dataclass(frozen=True)
class Membership:
    """A participant's membership of the segment with this key. Times are seconds since 1970 on
    Stripe's clock. ``until`` is None for a current member."""

    segment: str
    since: int
    until: int | None
    joined_by: Reason
    left_by: Reason | None


def place_json(place: Membership) -> dict[str, object]:
    """A membership as ``panelist participants --history --json`` prints it. The reasons are Stripe
    event ids, or null for what a sync found."""
    return {
        "key": place.segment,
        "since": place.since,
        "until": place.until,
        "joined_by": place.joined_by.event,
        "left_by": place.left_by and place.left_by.event,
    }


def place_words(place: Membership) -> str:
    """A membership in one line: "active from 3 Feb 14:01 (subscription created) until …"."""
    line = f"{plain(place.segment)} from {when(place.since)} ({_reason(place.joined_by)})"
    if place.until is not None and place.left_by is not None:
        line += f" until {when(place.until)} ({_reason(place.left_by)})"
    return line


def _reason(reason: Reason) -> str:
    return plain(f"{reason.type} {reason.event}") if reason.event else "first seen in a sync"


def places(store: Store, connection_id: int, stripe_id: str) -> list[Membership]:
    """Every membership of one Stripe customer, oldest first."""
    found = _places(store, "p.connection_id = ? AND p.stripe_id = ?", (connection_id, stripe_id))
    return next(iter(found.values()), [])


def places_of(store: Store, ids: Iterable[int]) -> dict[int, list[Membership]]:
    """Every membership of the participants with these row ids, each oldest first. Takes a few
    hundred at a time."""
    return _places(store, store.among("p.id"), (store.values(ids),))


def _places(
    store: Store, which: str, parameters: Sequence[object]
) -> defaultdict[int, list[Membership]]:
    now = (
        f"SELECT p.id, g.key, {history.since(store)}, NULL, j.event, j.type, NULL, NULL"
        " FROM participant p JOIN member m ON m.participant_id = p.id"
        " JOIN segment g ON g.id = m.segment_id JOIN connection k ON k.id = p.connection_id"
        f" LEFT JOIN cause j ON j.id = m.cause WHERE {which}"
    )
    past = (
        "SELECT p.id, b.segment_key, b.since, b.until, j.event, j.type, l.event, l.type"
        " FROM participant p JOIN past_member b ON b.participant_id = p.id"
        " LEFT JOIN cause j ON j.id = b.joined_by LEFT JOIN cause l ON l.id = b.left_by"
        f" WHERE {which}"
    )
    found: defaultdict[int, list[Membership]] = defaultdict(list)
    for sql in (past, now):
        for person, segment, since, until, event, kind, left, left_kind in store.rows(
            sql, parameters
        ):
            left_by = Reason(left, left_kind) if until is not None else None
            found[person].append(Membership(segment, since, until, Reason(event, kind), left_by))
    for had in found.values():
        had.sort(key=lambda place: (place.since, place.until or float("inf"), place.segment))
    return found
