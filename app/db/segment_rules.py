"""The built-in segments, each in one record, and the one query that says who is in which.

Whatever needs to know of a built-in segment reads its record in :data:`BUILTIN`: what is made and
counted, how it is listed and explained, and how people are ordered by it.

The query is a text and not a view, because the people asked for must be chosen inside it: each
subscription is then found once, by an index that holds all that is asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LIVE = ("active", "trialing", "past_due")
LIVE_WORDS = "active, trialing or past due"


@dataclass(frozen=True)
class SubscriptionMatch:
    """Subscriptions of some statuses; None: of any.

    ``paused``: what it means that Stripe collects no payments of a subscription, which leaves its
    status as it is. "counts": it matches whatever its status; "excluded": it never matches.
    """

    statuses: tuple[str, ...] | None = None
    paused: Literal["ignored", "counts", "excluded"] = "ignored"

    def fits(self, status: str, collection_paused: bool) -> bool:
        """Whether it matches a subscription."""
        if collection_paused and self.paused != "ignored":
            return self.paused == "counts"
        return self.statuses is None or status in self.statuses

    def sql(self, held: str) -> str:
        """The same as a condition on a row of subscriptions that somebody holds."""
        fits = f"{held}.subscription_id IS NOT NULL"
        if self.statuses is not None:
            fits = f"{held}.status IN ({', '.join(map(repr, self.statuses))})"
        if self.paused == "counts":
            return f"({fits} OR {held}.collection_paused)"
        return f"({fits} AND NOT {held}.collection_paused)" if self.paused == "excluded" else fits


@dataclass(frozen=True)
class BuiltinSegment:
    """Who has a subscription that ``some`` matches and none that ``none`` matches; where both are
    None, everyone. A deleted participant is in no segment.

    ``rule`` says so in a sentence; ``wanted`` (of a subscription) and ``rest`` (of all others) say
    its two halves, where somebody's case is explained. ``rank``: where its members stand in an
    order by status, below zero before those of no rank, above zero after them.
    """

    key: str
    name: str
    rule: str
    some: SubscriptionMatch | None = None
    none: SubscriptionMatch | None = None
    wanted: str = ""
    rest: str = ""
    rank: int = 0

    @property
    def by_subscription(self) -> bool:
        """Whether it follows from subscriptions, without which it cannot be there."""
        return self.some is not None or self.none is not None

    @property
    def rules_out_live(self) -> bool:
        """Whether no member has a live subscription."""
        return self.none is not None and all(self.none.fits(one, True) for one in LIVE)


_LIVE = SubscriptionMatch(LIVE)
_NONE_LIVE = f"none is {LIVE_WORDS}"

# In the order in which they are shown.
BUILTIN = {
    segment.key: segment
    for segment in (
        BuiltinSegment("all", "All Customers", "every customer who is not deleted"),
        BuiltinSegment(
            "active",
            "Active Subscribers",
            "at least one subscription is active",
            some=SubscriptionMatch(("active",)),
            wanted="is active",
            rank=-3,
        ),
        BuiltinSegment(
            "trialing",
            "Trialing",
            "at least one subscription is in its trial",
            some=SubscriptionMatch(("trialing",)),
            wanted="is in its trial",
            rank=-2,
        ),
        BuiltinSegment(
            "past_due",
            "Past Due",
            "at least one subscription is past due",
            some=SubscriptionMatch(("past_due",)),
            wanted="is past due",
            rank=-1,
        ),
        BuiltinSegment(
            "canceled",
            "Former Subscribers",
            f"at least one subscription was canceled, and {_NONE_LIVE}",
            some=SubscriptionMatch(("canceled",)),
            none=_LIVE,
            wanted="was canceled",
            rest=_NONE_LIVE,
            rank=1,
        ),
        # docs.stripe.com/api/subscriptions/object, "status" and "pause_collection"
        BuiltinSegment(
            "paused",
            "Paused",
            "at least one subscription is paused or has its payment collection paused, and"
            f" {_NONE_LIVE} without a pause",
            some=SubscriptionMatch(("paused",), paused="counts"),
            none=SubscriptionMatch(LIVE, paused="excluded"),
            wanted="is paused or has its payment collection paused",
            rest=f"{_NONE_LIVE} without a pause",
        ),
        BuiltinSegment(
            "unpaid",
            "Unpaid",
            f"at least one subscription is unpaid, and {_NONE_LIVE}",
            some=SubscriptionMatch(("unpaid",)),
            none=_LIVE,
            wanted="is unpaid",
            rest=_NONE_LIVE,
        ),
        BuiltinSegment(
            "none",
            "Never Subscribed",
            "no subscription of any status",
            none=SubscriptionMatch(),
            rest="there is no subscription of any status",
            rank=2,
        ),
    )
}


def belonging(
    condition: str, *, by_subscription: bool = True, builtin: Iterable[str] | None = None
) -> str:
    """SELECT (participant id, segment id) for every membership that participants ``p`` of a SQL
    ``condition`` have by the rules; a pair may come twice. A deleted participant is in none, and
    a segment that has not been made has no members. Without ``by_subscription`` only of the
    segments that do not follow from subscriptions, whose index may then be missing. ``builtin``:
    only of these built-in segments, by their keys; None: of all, and of the products'."""
    asked = [BUILTIN[key] for key in (BUILTIN if builtin is None else builtin)]
    selects = [_of(one) for one in asked if by_subscription or not one.by_subscription]
    if by_subscription and builtin is None:
        selects.append(_OF_PRODUCTS)
    held = _WITH_SUBSCRIPTIONS if by_subscription else _WITHOUT_SUBSCRIPTIONS
    return held.format(condition=condition) + "\nUNION ALL".join(selects)


_WITHOUT_SUBSCRIPTIONS = """
WITH held AS (
  SELECT p.id AS participant_id, p.connection_id FROM participant p
  WHERE NOT p.deleted AND {condition}
)"""
_WITH_SUBSCRIPTIONS = """
WITH held AS MATERIALIZED (
  SELECT p.id AS participant_id, p.connection_id, s.id AS subscription_id, s.status,
    s.collection_paused
  FROM participant p
  LEFT JOIN subscription s
    ON s.connection_id = p.connection_id AND s.customer = p.stripe_id AND NOT s.deleted
  WHERE NOT p.deleted AND {condition}
)"""
_OF_PRODUCTS = f"""
SELECT h.participant_id, g.id FROM held h
  JOIN subscription_item i ON i.subscription_id = h.subscription_id
  JOIN segment g ON g.connection_id = h.connection_id AND g.product = i.product
  WHERE {_LIVE.sql("h")}"""


def _of(segment: BuiltinSegment) -> str:
    conditions = ["true"]
    if segment.some is not None:
        conditions.append(segment.some.sql("h"))
    if segment.none is not None:
        conditions.append(
            "NOT EXISTS (SELECT 1 FROM held o WHERE o.participant_id = h.participant_id"
            f" AND {segment.none.sql('o')})"
            if segment.some is not None
            else f"NOT {segment.none.sql('h')}"  # who holds nothing has one row, who does not fit
        )
    return f"""
SELECT h.participant_id, g.id FROM held h
  JOIN segment g ON g.connection_id = h.connection_id AND g.key = '{segment.key}'
  WHERE {" AND ".join(conditions)}"""
