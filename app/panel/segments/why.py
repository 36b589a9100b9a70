"""Explains in one sentence why a participant is in a segment or not: the deciding fact, and its
date."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.db.segment_rules import BUILTIN, LIVE, SubscriptionMatch
from app.db.store import Store
from app.panel.person import HeldSubscription, segment_names, subscriptions
from app.panel.segments import why_filter
from app.panel.segments.memberships import Membership, places
from app.panel.subscription_facts import SubscriptionFacts
from app.text import plain


@dataclass(frozen=True)
class Why:
    """Whether the rules put the participant in the segment, and a sentence that says why."""

    member: bool
    sentence: str


@dataclass(frozen=True)
class _Case:
    """Everything that the answer depends on."""

    key: str
    created: int | None
    deleted: bool
    held: list[HeldSubscription]
    made: bool  # whether the segment exists
    filter: str | None  # of a custom segment
    product: tuple[str, bool, bool] | None  # (name, active, deleted), None for an unknown product
    had: list[Membership]  # memberships of the segment, oldest first
    beginning: set[int]  # possible times of the account's first sync

    def fitting(self, match: SubscriptionMatch | None) -> list[HeldSubscription]:
        """The subscriptions that one half of a rule matches."""
        return [
            one
            for one in self.held
            if match is not None and match.fits(one.status, one.collection_paused)
        ]


def why(store: Store, row_id: int, key: str, now: float | None = None) -> Why:
    """Why the participant with this row id is or is not in the segment with this key. ``now``
    (seconds since 1970, None for the current time) sets the year that dates leave out. Raises
    DatabaseProblem, and LookupError if the participant does not exist."""
    case, name = _case(store, row_id, key)
    facts = SubscriptionFacts(now)
    member, reason = _verdict(store, row_id, case, facts, now)
    history = _history(case, member, facts)
    verdict = "In" if member else "Not in"
    return Why(member, f"{verdict} {name}: {reason}{f'; {history}' if history else ''}.")


def deciding_fact(store: Store, row_id: int, key: str, now: float | None = None) -> str:
    """Only the reason of :func:`why`: "the subscription Pro became active on 3 Feb"."""
    case, _ = _case(store, row_id, key)
    return _verdict(store, row_id, case, SubscriptionFacts(now), now)[1]


def _verdict(
    store: Store, row_id: int, case: _Case, facts: SubscriptionFacts, now: float | None
) -> tuple[bool, str]:
    """Whether the rules put the participant in the segment, and the reason."""
    if case.filter is None or case.deleted:
        return _decided(case, facts)
    at = time.time() if now is None else now
    return why_filter.decided(store, row_id, case.filter, case.held, at)


def _case(store: Store, row_id: int, key: str) -> tuple[_Case, str]:
    rows = store.rows(
        "SELECT p.connection_id, p.stripe_id, p.created, p.deleted, k.connected_at FROM"
        " participant p JOIN connection k ON k.id = p.connection_id WHERE p.id = ?",
        (row_id,),
    )
    if not rows:
        raise LookupError(row_id)
    here, stripe_id, created, deleted, connected_at = rows[0]
    products = store.rows(
        "SELECT name, active, deleted FROM product WHERE connection_id = ? AND stripe_id = ?",
        (here, key.removeprefix("product:")),
    )
    made = store.rows("SELECT rule FROM segment WHERE connection_id = ? AND key = ?", (here, key))
    first = store.rows(
        "SELECT at FROM cause WHERE connection_id = ? AND generation IS NOT NULL"
        " ORDER BY generation LIMIT 1",
        (here,),
    )
    case = _Case(
        *(key, created, bool(deleted), subscriptions(store, here, stripe_id), bool(made)),
        filter=made[0][0] if made else None,
        product=(products[0][0], bool(products[0][1]), bool(products[0][2])) if products else None,
        had=[one for one in places(store, here, stripe_id) if one.segment == key],
        beginning={connected_at, *(at for (at,) in first)},
    )
    return case, plain(segment_names(store, here, [key])[key], 80)


def _decided(case: _Case, facts: SubscriptionFacts) -> tuple[bool, str]:
    """The verdict and its reason."""
    if case.deleted:
        return False, _deleted(case, facts)
    if case.key.startswith("product:"):
        return _of_product(case, facts)
    if not case.made:
        return False, "the segment does not exist, because subscriptions were not synced"
    return _of_builtin(case, facts)


def _deleted(case: _Case, facts: SubscriptionFacts) -> str:
    ends = [
        one.until
        for one in case.had
        if one.until is not None and one.left_by and one.left_by.type == "customer.deleted"
    ]
    return f"the customer was deleted in Stripe{f' on {facts.on(ends[-1])}' if ends else ''}"


def _one(held: Sequence[HeldSubscription], facts: SubscriptionFacts) -> str:
    """One of these subscriptions, if it is the only one, or several."""
    if len(held) == 1:
        return f"the subscription {facts.label(held[0])} {facts.became(held[0])}"
    return f"{len(held)} subscriptions, {facts.list(held)}"


def _none_is(case: _Case, facts: SubscriptionFacts, what: str) -> str:
    """Why no subscription matches."""
    if not case.held:
        return "there is no subscription"
    if len(case.held) == 1:
        one = case.held[0]
        return f"the only subscription {facts.label(one)} {facts.became(one)}"
    return f"none of {len(case.held)} subscriptions {what}: {facts.list(case.held)}"


def _of_builtin(case: _Case, facts: SubscriptionFacts) -> tuple[bool, str]:
    segment = BUILTIN[case.key]
    if not segment.by_subscription:
        since = "" if case.created is None else f" since {facts.on(case.created)}"
        return True, f"a customer{since} who was not deleted"
    mine, against = case.fitting(segment.some), case.fitting(segment.none)
    if against:
        return False, _one(against, facts)
    if segment.some is not None and not mine:
        return False, _none_is(case, facts, segment.wanted)
    reasons = [_one(mine, facts)] if mine else []
    return True, ", and ".join([*reasons, segment.rest] if segment.rest else reasons)


def _of_product(case: _Case, facts: SubscriptionFacts) -> tuple[bool, str]:
    key = case.key.removeprefix("product:")
    holding = [one for one in case.held if key in {item.product_id for item in one.items}]
    mine = [one for one in holding if one.status in LIVE]
    if case.product is not None and case.product[2]:
        return False, "the product was deleted in Stripe"
    if not case.made:
        return (
            False,
            "the product has no segment, because it is unknown or subscriptions were not synced",
        )
    archived = ", and the product is archived" if case.product and not case.product[1] else ""
    if mine:
        return True, _one(mine, facts) + archived
    if holding:
        them = facts.list(holding)
        if len(holding) == 1:
            them = f"the subscription {facts.label(holding[0])} {facts.became(holding[0])}"
        return False, f"no live subscription has this product, {them}{archived}"
    if not case.held:
        return False, f"there is no subscription{archived}"
    return False, f"no subscription has this product{archived}"


def _history(case: _Case, member: bool, facts: SubscriptionFacts) -> str:
    """Since when, or from when until when, the participant was a member."""
    if member:
        now = [one for one in case.had if one.until is None]
        return f"a member {_since(case, now[-1], facts)}" if now else ""
    past = [one for one in case.had if one.until is not None]
    if not past:
        return ""
    last = past[-1]
    assert last.until is not None
    began, ended = facts.on(last.since), facts.on(last.until)
    first = last.joined_by.event is None and last.since in case.beginning
    start = f"at least from the first sync on {began}" if first else f"from {began}"
    left = last.left_by.type if last.left_by else None
    times = f", the last of {len(past)} times" if len(past) > 1 else ""
    return f"was a member {start} to {ended}{_by(left)}{times}"


def _since(case: _Case, place: Membership, facts: SubscriptionFacts) -> str:
    day = facts.on(place.since)
    if place.joined_by.event is not None:
        return f"since {day}{_by(place.joined_by.type)}"
    if place.since in case.beginning:
        return f"at least since the first sync on {day}"
    return f"since {day} or earlier, as a sync found"


def _by(kind: str | None) -> str:
    return f" ({plain(kind, 60)})" if kind else ""
