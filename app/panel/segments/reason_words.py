"""The causes of memberships in words: a Stripe event, a change of ours, or what a sync found."""

from __future__ import annotations

from app.panel.segments.memberships import Reason
from app.text import plain

OBJECTS = {  # the part of an event's type before its verb -> our word
    "customer": "customer",
    "customer.subscription": "subscription",
    "price": "price",
    "product": "product",
}
OURS = {"made": "the segment was created or changed", "time": "time passed"}  # see app.db.history
VERBS = {
    "updated": "changed",
    "deleted": "deleted",
    "paused": "paused",
    "resumed": "resumed",
    "trial_will_end": "trial ends soon",
    "pending_update_applied": "changed",
    "pending_update_expired": "change expired",
}
ENDED = "customer.subscription.deleted"  # Stripe keeps it: it is over, and not deleted


def event_words(kind: str) -> str:
    """``customer.subscription.updated`` → "subscription changed"."""
    thing, _, verb = kind.rpartition(".")
    if thing in OBJECTS and verb == "created":
        return f"new {OBJECTS[thing]}"
    if kind == ENDED:
        return "subscription ended"
    if thing in OBJECTS and verb in VERBS:
        return f"{OBJECTS[thing]} {VERBS[verb]}"
    return plain(kind).replace(".", " ").replace("_", " ")


def reason_words(reason: Reason) -> str:
    """Why a membership began or ended, with the id of the event in Stripe's Dashboard."""
    if reason.event is None:
        return OURS.get(reason.type or "", "first seen in a sync")
    return f"{event_words(reason.type or '')}, {plain(reason.event)}"


def short_reason(reason: Reason) -> str:
    """The same without the id."""
    if reason.event is None:
        return OURS.get(reason.type or "", "first seen in a sync")
    return event_words(reason.type or "")
