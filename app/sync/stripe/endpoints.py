"""The lists of Stripe that a sync reads, and the permission that each needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.db.rows import Fetched
from app.sync.stripe import normalise
from app.sync.stripe.objects import Customer, Price, Product, Subscription
from app.sync.stripe.pages import ListPage, object_reader, page_reader


@dataclass(frozen=True)
class Listing:
    """One list endpoint with a fixed query. Its windows carry its name."""

    name: str
    step: str
    table: str
    path: str
    kind: Any
    rows: Callable[[Any, int], Fetched]
    query: dict[str, str] = field(default_factory=dict)

    @cached_property
    def read_page(self) -> Callable[[bytes], ListPage[Any]]:
        """The decoder for a page of the list."""
        return page_reader(self.kind)

    @cached_property
    def read_one(self) -> Callable[[bytes], ListPage[Any]]:
        """The decoder for one object."""
        return object_reader(self.kind)


LISTINGS = {
    listing.name: listing
    for listing in (
        Listing("products", "products", "product", "/v1/products", Product, normalise.products),
        # Without "active", Stripe lists only active prices.
        Listing(
            "prices", "prices", "price", "/v1/prices", Price, normalise.prices, {"active": "true"}
        ),
        Listing(
            "inactive_prices",
            "prices",
            "price",
            "/v1/prices",
            Price,
            normalise.prices,
            {"active": "false"},
        ),
        # Without "status", Stripe leaves out canceled subscriptions.
        Listing(
            "subscriptions",
            "subscriptions",
            "subscription",
            "/v1/subscriptions",
            Subscription,
            normalise.subscriptions,
            {"status": "all"},
        ),
        Listing(
            "customers", "customers", "participant", "/v1/customers", Customer, normalise.customers
        ),
    )
}


@dataclass(frozen=True)
class Need:
    """A permission: Stripe's label for it, and what is missing without it."""

    label: str
    cost: str


# Names and labels: docs.stripe.com/stripe-apps/reference/permissions
NEEDS = {
    "customers": Need("Customers Read", "without it there are no participants"),
    "subscriptions": Need(
        "Subscriptions Read",
        "without it there are no plans and statuses, and no segments based on them",
    ),
    "products": Need("Products Read", "without it plans have no names and no segments"),
    "prices": Need("Prices Read", "without it amounts and intervals are missing"),
    "events": Need("Events Read", "without it later changes do not arrive"),
}

EVENTS = "/v1/events"

# docs.stripe.com/api/events/types; 17 types, and Stripe takes 20 in one request
EVENT_TYPES = {
    "customers": tuple(f"customer.{what}" for what in ("created", "updated", "deleted")),
    "subscriptions": tuple(
        f"customer.subscription.{what}"
        for what in (
            "created",
            "updated",
            "deleted",
            "paused",
            "resumed",
            "pending_update_applied",
            "pending_update_expired",
            "trial_will_end",
        )
    ),
    "products": tuple(f"product.{what}" for what in ("created", "updated", "deleted")),
    "prices": tuple(f"price.{what}" for what in ("created", "updated", "deleted")),
}
