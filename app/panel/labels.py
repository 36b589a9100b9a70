"""Stripe's terms in words for users."""

from __future__ import annotations

import time

from app.db.segment_rules import LIVE
from app.text import money, plain

# Of a subscription. Unknown ones are shown as Stripe writes them.
STATUS = {
    "active": "active",
    "trialing": "trialing",
    "past_due": "past due",
    "canceled": "canceled",
    "unpaid": "unpaid",
    "paused": "paused",
    "incomplete": "incomplete",
    "incomplete_expired": "never started",
}
# Of a participant: the first of these that one of their subscriptions has.
FIRST = (*LIVE, "canceled", "unpaid", "paused", "incomplete", "incomplete_expired")
NEVER = "never subscribed"
_EVERY = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}


def status_words(status: str) -> str:
    """A subscription's status: "past due"."""
    return STATUS.get(status) or plain(status.replace("_", " "), 40)


def standing(statuses: list[str]) -> str:
    """The overall status of a participant's subscriptions, in a word or two."""
    if not statuses:
        return NEVER
    turn = {status: place for place, status in enumerate(FIRST)}
    # An unknown status is neither live nor canceled, so it ranks with unpaid.
    return status_words(min(statuses, key=lambda one: (turn.get(one, turn["unpaid"]), one)))


def rhythm(interval: str | None, count: int | None = None) -> str:
    """How often a price is charged: "monthly", "every 3 months"."""
    if not interval:
        return "once"
    if count is not None and count > 1:
        return f"every {count:,} {plain(interval, 20)}s"
    return _EVERY.get(interval) or f"every {plain(interval, 20)}"


def price_words(
    amount: int | None, currency: str | None, interval: str | None, count: int | None = None
) -> str:
    """A price: "12.00 EUR monthly". A price without a fixed amount has only its interval."""
    return f"{money(amount, currency)} {rhythm(interval, count)}".strip()


def day(at: int, now: float | None = None) -> str:
    """The local date of a time (seconds since 1970): "3 Feb", or "3 Feb 2024" if the year differs
    from that of ``now``."""
    moment, today = time.localtime(at), time.localtime(now)
    text = f"{moment.tm_mday} {time.strftime('%b', moment)}"
    return text if moment.tm_year == today.tm_year else f"{text} {moment.tm_year}"
