"""The rows that a source gives to the store: everything of each object that may be written.

Names and order match the columns. Times are seconds since 1970. Amounts are in the currency's
smallest unit. ``metadata`` is a JSON object as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

# This index holds everything that segment rules use of a subscription, so its row need not be read.
# A first copy works without it until everything is stored
# (:mod:`app.db.indexes.subscription_indexes`).
HELD = "subscription_held"
BUILD_HELD = (
    f"CREATE INDEX IF NOT EXISTS {HELD} ON subscription"
    " (connection_id, customer, status, deleted, collection_paused)"
)


class ParticipantRow(NamedTuple):
    """A customer. :data:`PARTICIPANT_FIELDS` describes each field."""

    stripe_id: str
    email: str | None
    name: str | None
    phone: str | None
    currency: str | None
    metadata: str
    created: int | None  # None only for a customer deleted before they were first read
    customer_account: str | None = None  # Stripe sends no customer events about these


@dataclass(frozen=True)
class StoredField:
    """Describes a participant's column once, for the code that erases, masks, folds and writes it.

    ``kind``: "id" is compared as it is, "text" in any case (:mod:`app.db.folded_text`), "json" is a
    JSON object as text, "time" is seconds since 1970. ``personal``: an erasure empties it.
    ``masked``: it is hidden wherever names and emails are.
    """

    name: str
    kind: Literal["id", "text", "json", "time"] = "text"
    personal: bool = True
    masked: bool = True

    @property
    def emptied(self) -> str | None:
        """What an erasure leaves in a personal field."""
        return "{}" if self.kind == "json" else None


# In the order of ParticipantRow. A new field is personal and masked unless it says otherwise.
PARTICIPANT_FIELDS = (
    StoredField("stripe_id", kind="id", personal=False, masked=False),
    StoredField("email"),
    StoredField("name"),
    StoredField("phone"),
    StoredField("currency", masked=False),
    StoredField("metadata", kind="json"),
    StoredField("created", kind="time", personal=False, masked=False),
    StoredField("customer_account", kind="id", masked=False),
)


class SubscriptionRow(NamedTuple):
    stripe_id: str
    customer: str
    status: str
    created: int
    start: int | None
    trial_end: int | None
    cancel_at: int | None
    canceled_at: int | None
    ended_at: int | None
    collection_paused: bool  # Stripe collects no payments but keeps the status


class ItemRow(NamedTuple):
    """``subscription`` is the Stripe id of the item's subscription."""

    subscription: str
    stripe_id: str
    price: str
    product: str
    current_period_end: int | None


class ProductRow(NamedTuple):
    stripe_id: str
    name: str
    active: bool


class PriceRow(NamedTuple):
    stripe_id: str
    product: str
    nickname: str | None
    active: bool
    currency: str
    unit_amount: int | None
    interval: str | None
    interval_count: int | None = None


class DeletedObject(NamedTuple):
    """An object that no longer exists. ``table``: participant, subscription, product or price."""

    table: str
    stripe_id: str


class UnstorableObject(NamedTuple):
    """An object that cannot be stored, and why. ``customer``: of a subscription, if that much of it
    can be read."""

    listing: str
    stripe_id: str
    reason: str
    customer: str | None = None


class EventRow(NamedTuple):
    stripe_id: str
    created: int
    type: str
    object_id: str


@dataclass
class Fetched:
    """The result of one request. ``seq`` was taken when the request was sent. ``event`` is the
    event that caused the request, or None for a page of a full listing."""

    seq: int
    participants: list[ParticipantRow] = field(default_factory=list)
    subscriptions: list[SubscriptionRow] = field(default_factory=list)
    items: list[ItemRow] = field(default_factory=list)
    products: list[ProductRow] = field(default_factory=list)
    prices: list[PriceRow] = field(default_factory=list)
    gone: list[DeletedObject] = field(default_factory=list)
    bad: list[UnstorableObject] = field(default_factory=list)
    event: EventRow | None = None


class StepRow(NamedTuple):
    name: str
    state: str
    done: int
    total: int | None
    message: str | None


class WindowRow(NamedTuple):
    id: int
    listing: str
    low: int | None
    high: int
    cursor: str | None
    position: int | None
    density: float


@dataclass
class SyncDelivery:
    """Answers and the sync progress they bring, committed together or not at all."""

    answers: list[Fetched] = field(default_factory=list)
    open_windows: list[WindowRow] = field(default_factory=list)
    closed_windows: list[int] = field(default_factory=list)
    steps: list[StepRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    requests: int = 0
