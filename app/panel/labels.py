"""What Stripe calls something, in words for a person."""

from __future__ import annotations

import time

from app.db.segment_rules import LIVE
from app.text import money, plain

# Of a subscription. Those we do not know are shown as Stripe writes them.
STATUS = {
    "active": "active",
    "trialing": "in trial",
    "past_due": "past due",
    "canceled": "canceled",
    "unpaid": "unpaid",
    "paused": "paused",
    "incomplete": "incomplete",
    "incomplete_expired": "never begun",
}
# Of a person: the first of their subscriptions' that stands here.
FIRST = (*LIVE, "canceled", "unpaid", "paused", "incomplete", "incomplete_expired")
NEVER = "never subscribed"
_EVERY = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}


def status_words(status: str) -> str:
    """A subscription's status: "past due"."""
    return STATUS.get(status) or plain(status.replace("_", " "), 40)


def standing(statuses: list[str]) -> str:
    """What all of a person's subscriptions come to, in a word or two."""
    if not statuses:
        return NEVER
    turn = {status: place for place, status in enumerate(FIRST)}
    # One we do not know is neither live nor canceled, so it stands with the unpaid.
    return status_words(min(statuses, key=lambda one: (turn.get(one, turn["unpaid"]), one)))


def rhythm(interval: str | None) -> str:
    """How often a price is paid: "monthly"."""
    if not interval:
        return "once"
    return _EVERY.get(interval) or f"every {plain(interval, 20)}"


def price_words(amount: int | None, currency: str | None, interval: str | None) -> str:
    """A price: "12.00 EUR monthly". One without a fixed amount has only its rhythm."""
    return f"{money(amount, currency)} {rhythm(interval)}".strip()


def day(at: int, now: float | None = None) -> str:
    """The day of a moment (seconds since 1970) in local time: "3 Feb", or "3 Feb 2024" when it is
    of another year than ``now``."""
    moment, today = time.localtime(at), time.localtime(now)
    text = f"{moment.tm_mday} {time.strftime('%b', moment)}"
    return text if moment.tm_year == today.tm_year else f"{text} {moment.tm_year}"
