"""The fields of the language: their names, their owners and their operators."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Owner = Literal["person", "subscription", "item", "price"]
Kind = Literal["id", "text", "named", "choice", "date", "count", "money"]

EQUALITY = (":", "=", "!=")
ORDER = (">", ">=", "<", "<=")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    "id": (*EQUALITY, "~"),
    "text": (*EQUALITY, "~"),
    "named": (*EQUALITY, "~"),
    "choice": EQUALITY,
    "date": (*EQUALITY, *ORDER),
    "count": (*EQUALITY, *ORDER),
    "money": (*EQUALITY, *ORDER),
}


@dataclass(frozen=True)
class FilterField:
    """A field of the language. ``about`` describes it to a person. ``column`` is in the owner's
    table; for the kind "named" it is the column of the item that holds the id."""

    name: str
    kind: Kind
    owner: Owner
    column: str
    about: str
    choices: tuple[str, ...] = ()

    @property
    def operators(self) -> tuple[str, ...]:
        return OPERATORS[self.kind]

    @property
    def takes(self) -> str:
        """The kind of value it takes, as part of a sentence."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return _TAKES[self.kind]


_TAKES: dict[Kind, str] = {
    "id": "an ID",
    "text": "a text",
    "named": "a name or an ID",
    "date": "a date, such as 2026-01-01 or -90d",
    "count": "a whole number, such as 2",
    "money": "an amount, such as 20 or 19.90",
}

# docs.stripe.com/api/subscriptions/object, "status"
STATUSES = (
    *("active", "trialing", "past_due", "canceled", "unpaid", "paused"),
    *("incomplete", "incomplete_expired"),
)
INTERVALS = ("day", "week", "month", "year")  # docs.stripe.com/api/prices/object, "interval"

FIELDS: dict[str, FilterField] = {
    field.name: field
    for field in (
        FilterField("id", "id", "person", "stripe_id", "the customer's ID in Stripe"),
        FilterField("email", "text", "person", "email", "the email address"),
        FilterField("name", "text", "person", "name", "the name"),
        FilterField("phone", "text", "person", "phone", "the phone number"),
        FilterField("currency", "text", "person", "currency", "the customer's currency"),
        FilterField("created", "date", "person", "created", "when the customer was created"),
        FilterField("metadata", "text", "person", "metadata", 'a metadata value: metadata["key"]'),
        FilterField(
            "subscriptions", "count", "person", "", "the number of subscriptions in any status"
        ),
        FilterField(
            "status", "choice", "subscription", "status", "the status of a subscription", STATUSES
        ),
        FilterField("started", "date", "subscription", "start", "when a subscription started"),
        FilterField("trial_end", "date", "subscription", "trial_end", "when a trial ends or ended"),
        FilterField(
            "cancel_at", "date", "subscription", "cancel_at", "when a subscription will end"
        ),
        FilterField("canceled_at", "date", "subscription", "canceled_at", "when it was canceled"),
        FilterField("ended_at", "date", "subscription", "ended_at", "when a subscription ended"),
        FilterField(
            "period_end", "date", "item", "current_period_end", "when the paid period ends"
        ),
        FilterField("product", "named", "item", "product", "a product's name or ID"),
        FilterField("price", "named", "item", "price", "a price's nickname or ID"),
        FilterField(
            "interval", "choice", "price", "interval", "how often the customer pays", INTERVALS
        ),
        FilterField(
            "amount", "money", "price", "unit_amount", "a price in whole units, where 20 is 20.00"
        ),
    )
}

# Names from Stripe or other tools → their names here.
_MEANT = {
    **{"stripe_id": "id", "customer": "id", "customer_id": "id", "mail": "email"},
    **{"e-mail": "email", "plan": "product", "segment": "in", "member": "in", "is": "status"},
    **{"start": "started", "start_date": "started", "created_at": "created", "nickname": "price"},
    **{"current_period_end": "period_end", "unit_amount": "amount", "signup": "created"},
    **{"cancelled_at": "canceled_at", "state": "status", "tel": "phone", "date": "created"},
}
WORDS = ("has", "in", "subscription")


def suggestion(name: str, among: tuple[str, ...] | None = None) -> str:
    """The end of a sentence about an unknown word: "; did you mean email?"."""
    known = (*FIELDS, *WORDS) if among is None else among
    low = name.lower()
    close = get_close_matches(low, known, 1, 0.6)
    best = _MEANT.get(low) if among is None else None
    best = best or (close[0] if close else None)
    return f". Did you mean {best}?" if best else ""
