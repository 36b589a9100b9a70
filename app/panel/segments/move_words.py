"""Why a participant joined or left a segment, in plain words: "canceled Pro after 14
months", "trial became Pro".

One cause often moves a participant in several segments at once. Which ones they left and which they
joined says what happened, and the subscription that ended or started then says of what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.history import DELETED
from app.db.segment_rules import LIVE
from app.db.store import Store
from app.panel.person import segment_names
from app.panel.segments.memberships import Membership, Reason, places_of
from app.panel.segments.reason_words import short_reason
from app.text import plain

NEAR = 86_400  # seconds between an event and the time that the subscription has for it
NAME = 40  # characters of a plan's name
PRODUCT = "product:"


@dataclass(frozen=True)
class SegmentMove:
    """A participant (a row id) who joined or left the segment ``key``, in seconds since 1970."""

    id: int
    key: str
    at: int
    joined: bool


@dataclass(frozen=True)
class MoveReason:
    """Why, in words, and the id of Stripe's event if there is one."""

    words: str
    event: str | None


@dataclass(frozen=True)
class _Held:
    """A subscription. ``plan`` is the names of its products."""

    status: str
    start: int
    ended_at: int | None
    plan: str


def move_reasons(
    store: Store, connection_id: int, moves: Sequence[SegmentMove]
) -> list[MoveReason]:
    """The reason for each move, for a few hundred at a time. Raises DatabaseProblem."""
    ids = {one.id for one in moves}
    had, held = places_of(store, ids), _held(store, connection_id, ids)
    keys = {place.segment for places in had.values() for place in places}
    products = [key for key in keys if key.startswith(PRODUCT)]
    names = segment_names(store, connection_id, products)
    return [_moved(one, had.get(one.id, []), held.get(one.id, []), names) for one in moves]


def _held(store: Store, connection_id: int, ids: set[int]) -> dict[int, list[_Held]]:
    found: dict[int, dict[str, _Held]] = defaultdict(dict)
    for person, key, status, start, ended_at, name in store.rows(
        # CROSS: SQLite would otherwise begin with every subscription of the account.
        "SELECT p.id, s.stripe_id, s.status, coalesce(s.start, s.created),"
        " coalesce(s.ended_at, s.canceled_at), coalesce(d.name, '') FROM participant p"
        " CROSS JOIN subscription s LEFT JOIN subscription_item i ON i.subscription_id = s.id"
        " LEFT JOIN product d ON d.connection_id = s.connection_id AND d.stripe_id = i.product"
        f" WHERE {store.among('p.id')} AND s.connection_id = ? AND s.customer = p.stripe_id"
        " AND NOT s.deleted ORDER BY p.id, s.stripe_id, i.stripe_id",
        (store.values(ids), connection_id),
    ):
        known = found[person].get(key)
        plan = " and ".join(filter(None, (known.plan if known else "", plain(name, NAME))))
        found[person][key] = _Held(status, start, ended_at, plan)
    return {person: list(one.values()) for person, one in found.items()}


def _moved(
    move: SegmentMove, had: Sequence[Membership], held: Sequence[_Held], names: Mapping[str, str]
) -> MoveReason:
    reason = _reason(move, had)
    return MoveReason(_words(move, reason, had, held, names), reason.event)


def _words(
    move: SegmentMove,
    reason: Reason,
    had: Sequence[Membership],
    held: Sequence[_Held],
    names: Mapping[str, str],
) -> str:
    if reason.type == DELETED:
        return "deleted in Stripe"
    if reason.event is None:
        return short_reason(reason)
    came = {one.segment for one in had if one.since == move.at and one.joined_by == reason}
    went = {one.segment for one in had if one.until == move.at and one.left_by == reason}
    return (
        _stopped(move, came, went, held)
        or _started(move, came, went, had, held)
        or _products(came, went, names)
        or short_reason(reason)
    )


def _reason(move: SegmentMove, had: Sequence[Membership]) -> Reason:
    for one in had:
        if one.segment != move.key:
            continue
        if move.joined and one.since == move.at:
            return one.joined_by
        if not move.joined and one.until == move.at and one.left_by is not None:
            return one.left_by
    return Reason(None, None)


def _stopped(move: SegmentMove, came: set[str], went: set[str], held: Sequence[_Held]) -> str:
    """What ended, or can end soon."""
    over = [one for one in held if one.ended_at and abs(one.ended_at - move.at) <= NEAR]
    plan = _plan(over) or _plan(held)
    if "past_due" in came:
        return f"payment for {plan} failed"
    if "unpaid" in came:
        return f"{plan} is unpaid"
    if "paused" in came:
        return f"paused {plan}"
    if "canceled" not in came and not (over and not came):
        return ""
    if "trialing" in went:
        return f"trial of {plan} ended"
    if "past_due" in went:
        return f"{plan} ended after failed payments"
    after = f" after {span(over[-1].start, move.at)}" if over else ""
    return f"canceled {plan}{after}"


def _started(
    move: SegmentMove,
    came: set[str],
    went: set[str],
    had: Sequence[Membership],
    held: Sequence[_Held],
) -> str:
    """What began, or went on."""
    live = [one for one in held if one.status in LIVE] or [
        one for one in held if abs(one.start - move.at) <= NEAR
    ]
    plan = _plan(live) or _plan(held)
    if "trialing" in came:
        return f"started a trial of {plan}"
    if "active" not in came:
        return "became a customer" if "all" in came else ""
    for before, words in (
        ("trialing", f"trial became {plan}"),
        ("past_due", f"paid for {plan}"),
        ("unpaid", f"paid for {plan}"),
        ("paused", f"resumed {plan}"),
    ):
        if before in went:
            return words
    if "canceled" in went:
        since = max(one.since for one in had if one.segment == "canceled" and one.until == move.at)
        return f"came back to {plan} after {span(since, move.at)}"
    return f"started {plan}"


def _products(came: set[str], went: set[str], names: Mapping[str, str]) -> str:
    """Which products were exchanged."""
    new, old = (
        " and ".join(plain(names[key], NAME) for key in sorted(keys) if key in names)
        for keys in (came, went)
    )
    if new and old:
        return f"changed from {old} to {new}"
    return f"added {new}" if new else f"dropped {old}" if old else ""


def _plan(held: Sequence[_Held]) -> str:
    """The plan of the newest of these subscriptions."""
    newest = max(held, key=lambda one: one.start, default=None)
    return "" if newest is None else newest.plan or "a subscription"


def span(begin: int, end: int) -> str:
    """A duration in its largest unit: "14 months", "2 years", "9 days"."""
    first, last = datetime.fromtimestamp(min(begin, end)), datetime.fromtimestamp(end)
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    days = (last.date() - first.date()).days
    for number, unit in ((months // 12 if months >= 24 else 0, "year"), (months, "month")):
        if number:
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{days} day{'s' if days > 1 else ''}" if days else "less than a day"
