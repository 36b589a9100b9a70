"""Every membership of a participant, past and current: since when, until when, and why."""

from __future__ import annotations

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
    now = (
        f"SELECT g.key, {history.since(store)}, NULL, j.event, j.type, NULL, NULL"
        " FROM participant p JOIN member m ON m.participant_id = p.id"
        " JOIN segment g ON g.id = m.segment_id JOIN connection k ON k.id = p.connection_id"
        " LEFT JOIN cause j ON j.id = m.cause WHERE p.connection_id = ? AND p.stripe_id = ?"
    )
    past = (
        "SELECT b.segment_key, b.since, b.until, j.event, j.type, l.event, l.type"
        " FROM participant p JOIN past_member b ON b.participant_id = p.id"
        " LEFT JOIN cause j ON j.id = b.joined_by LEFT JOIN cause l ON l.id = b.left_by"
        " WHERE p.connection_id = ? AND p.stripe_id = ?"
    )
    rows = [row for sql in (past, now) for row in store.rows(sql, (connection_id, stripe_id))]
    return sorted(
        (
            Membership(
                segment,
                since,
                until,
                Reason(event, kind),
                Reason(left, left_kind) if until is not None else None,
            )
            for segment, since, until, event, kind, left, left_kind in rows
        ),
        key=lambda place: (place.since, place.until or float("inf"), place.segment),
    )
