"""The built-in segments, each in one record, and the single query that determines all memberships.

Code that needs a built-in segment reads its record in :data:`BUILTIN`: what is created and counted,
how it is listed and explained, and how it orders participants.

What is not known is not stated: a segment whose rule says what no subscription is has no member
until every subscription was fetched, and never one of whom a subscription could not be stored.

The query is text and not a view, because it must select the participants inside. It then finds each
subscription once, by an index that holds everything it uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LIVE = ("active", "trialing", "past_due")
LIVE_WORDS = "active, trialing or past due"


@dataclass(frozen=True)
class SubscriptionMatch:
    """Subscriptions with some statuses, or with any status for None.

    ``paused`` covers paused payment collection, which leaves a subscription's status as it is.
    "counts": such a subscription matches whatever its status. "excluded": it never matches.
    """

    statuses: tuple[str, ...] | None = None
    paused: Literal["ignored", "counts", "excluded"] = "ignored"

    def fits(self, status: str, collection_paused: bool) -> bool:
        """Whether a subscription with these values matches."""
        if collection_paused and self.paused != "ignored":
            return self.paused == "counts"
        return self.statuses is None or status in self.statuses

    def sql(self, held: str) -> str:
        """The same as a SQL condition on a row of ``held``."""
        fits = f"{held}.subscription_id IS NOT NULL"
        if self.statuses is not None:
            fits = f"{held}.status IN ({', '.join(map(repr, self.statuses))})"
        if self.paused == "counts":
            return f"({fits} OR {held}.collection_paused)"
        return f"({fits} AND NOT {held}.collection_paused)" if self.paused == "excluded" else fits


@dataclass(frozen=True)
class BuiltinSegment:
    """The segment of participants with a subscription that ``some`` matches and none that ``none``
    matches. If both are None, it holds everyone. A deleted participant is in no segment.

    ``rule`` states this in a sentence. ``wanted`` (of a subscription) and ``rest`` (of all others)
    state its two halves, to explain a single participant. ``rank`` is the position of its members
    in an order by status: below zero before members without a rank, above zero after them.
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
        """Whether the segment depends on subscriptions, and so cannot exist without them."""
        return self.some is not None or self.none is not None

    @property
    def rules_out_live(self) -> bool:
        """Whether no member has a live subscription."""
        return self.none is not None and all(self.none.fits(one, True) for one in LIVE)


_LIVE = SubscriptionMatch(LIVE)
_NONE_LIVE = f"none is {LIVE_WORDS}"

# In display order.
BUILTIN = {
    segment.key: segment
    for segment in (
        BuiltinSegment("all", "All Customers", "all customers except deleted ones"),
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
            "at least one subscription is trialing",
            some=SubscriptionMatch(("trialing",)),
            wanted="is trialing",
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
            rest="no subscription of any status",
            rank=2,
        ),
    )
}


def belonging(
    condition: str, *, by_subscription: bool = True, builtin: Iterable[str] | None = None
) -> str:
    """SELECT (participant id, segment id) for every membership that the rules give to the
    participants ``p`` of a SQL ``condition``. A pair may occur twice. A deleted participant has
    none, and a segment that does not exist has no members. Without ``by_subscription`` the query
    covers only segments that do not depend on subscriptions, whose index may then be missing.
    ``builtin`` limits it to the built-in segments with these keys. None means all of them and the
    product segments."""
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


# Both are independent of the row, so that each is computed once for a statement.
KNOWN = "{connection} IN (SELECT k.id FROM connection k WHERE k.subscriptions_known)"
ALL_STORED = (
    "{participant} NOT IN (SELECT x.id FROM quarantine q CROSS JOIN participant x"
    " WHERE q.listing = 'subscriptions' AND q.customer IS NOT NULL"
    " AND x.connection_id = q.connection_id AND x.stripe_id = q.customer)"
)


def all_known(connection: str, participant: str) -> str:
    """SQL: whether all subscriptions of the participant with this row id are known, where the
    arguments are columns."""
    known = KNOWN.format(connection=connection)
    return f"({known} AND {ALL_STORED.format(participant=participant)})"


def _of(segment: BuiltinSegment) -> str:
    conditions = ["true"]
    if segment.some is not None:
        conditions.append(segment.some.sql("h"))
    if segment.none is not None:
        conditions.append(
            "NOT EXISTS (SELECT 1 FROM held o WHERE o.participant_id = h.participant_id"
            f" AND {segment.none.sql('o')})"
            if segment.some is not None
            else f"NOT {segment.none.sql('h')}"  # without a subscription, the one row does not fit
        )
        conditions.append(all_known("h.connection_id", "h.participant_id"))
    return f"""
SELECT h.participant_id, g.id FROM held h
  JOIN segment g ON g.connection_id = h.connection_id AND g.key = '{segment.key}'
  WHERE {" AND ".join(conditions)}"""
