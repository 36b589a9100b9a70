"""Lists that were copied from Stripe are those of Stripe's own library."""

from __future__ import annotations

from typing import Any, get_args

import stripe

from app.panel.filters.fields import INTERVALS, STATUSES
from app.panel.labels import FIRST, STATUS
from app.sync.stripe.endpoints import EVENT_TYPES
from app.web.webhook_events import DEAUTHORIZED


def literals(kind: type, name: str) -> set[str]:
    """The texts that an attribute of a resource can be."""
    found: set[str] = set()
    waiting: list[Any] = [kind.__annotations__[name]]
    while waiting:
        for one in get_args(waiting.pop()):
            if isinstance(one, str):
                found.add(one)
            else:
                waiting.append(one)
    return found


def test_statuses_of_a_subscription() -> None:
    known = literals(stripe.Subscription, "status")
    assert set(STATUSES) == known
    assert set(FIRST) == known
    assert set(STATUS) <= known


def test_intervals_of_a_price() -> None:
    assert set(INTERVALS) == literals(stripe.Price.Recurring, "interval")


def test_events() -> None:
    """Every event of what is stored is followed, and no other name is made up."""
    known = literals(stripe.Event, "type")
    followed = {kind for kinds in EVENT_TYPES.values() for kind in kinds}
    assert followed <= known
    stored = ("customer.subscription.", "product.", "price.")
    assert {kind for kind in known if kind.startswith(stored)} <= followed
    of_customers = {f"customer.{what}" for what in ("created", "updated", "deleted")}
    assert of_customers <= followed
    assert DEAUTHORIZED in known
