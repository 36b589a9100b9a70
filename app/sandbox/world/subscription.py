"""Subscriptions and their items as Stripe sends them."""

from app.sandbox.world.seeded import Obj
from app.sandbox.world.seeded_customers import PLANTED

STATUSES = (
    "active",
    "canceled",
    "trialing",
    "past_due",
    "unpaid",
    "incomplete",
    "incomplete_expired",
    "paused",
)
# The statuses that status=ended stands for.
ENDED = frozenset({"canceled", "incomplete_expired"})
DAY = 86400
TRIAL = 14 * DAY
_PERIODS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY}


def item(
    identifier: str,
    owner: str,
    created: int,
    its_price: Obj,
    its_plan: Obj,
    quantity: int,
    now: int,
) -> Obj:
    """One item. Its current period starts a whole number of periods after `created`."""
    length = _PERIODS[its_plan["interval"]]
    begin = created + max(now - created, 0) // length * length
    return {
        "id": identifier,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": created,
        "current_period_end": begin + length,
        "current_period_start": begin,
        "discounts": [],
        "metadata": {},
        "plan": its_plan,
        "price": its_price,
        "quantity": None if its_plan["usage_type"] == "metered" else quantity,
        "subscription": owner,
        "tax_rates": [],
    }


# The fields that are equal in all subscriptions. They are shared, so never change them in place.
_PLAIN: Obj = {
    "object": "subscription",
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor_config": None,
    "billing_mode": {"flexible": None, "type": "classic"},
    "billing_schedules": [],
    "billing_thresholds": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "collection_method": "charge_automatically",
    "customer_account": None,
    "days_until_due": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "ended_at": None,
    "managed_payments": {"enabled": False},
    "metadata": {},
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "status_details": None,
    "test_clock": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    "trial_start": None,
}


def subscription(
    identifier: str, owner: str, created: int, status: str, items: list[Obj], livemode: bool
) -> Obj:
    """A subscription with every field Stripe sends. `dress` adds the dates of its status."""
    tail = owner[-12:]
    return {
        "id": identifier,
        **_PLAIN,
        "billing_cycle_anchor": created,
        "created": created,
        "currency": items[0]["price"]["currency"],
        "customer": owner,
        "default_payment_method": f"pm_1{PLANTED}{tail}",
        "default_source": f"card_1{PLANTED}{tail}",
        "invoice_settings": {
            "account_tax_ids": [f"txi_1{PLANTED}{tail}"],
            "issuer": {"type": "self"},
        },
        "items": {
            "object": "list",
            "data": items,
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={identifier}",
        },
        "latest_invoice": f"in_1{PLANTED}{tail}",
        "livemode": livemode,
        "start_date": created,
        "status": status,
    }


def set_status(made: Obj, status: str, second: int) -> None:
    """Set the status of a subscription and the fields that go with it, as of a second."""
    made["status"] = status
    made["status_details"] = None
    if status == "canceled":
        details = {"comment": None, "feedback": "unused", "reason": "cancellation_requested"}
        made |= {"canceled_at": second, "ended_at": second, "cancellation_details": details}
    elif status == "incomplete_expired":
        made["ended_at"] = second
    elif status == "trialing":
        begin = made["created"]
        made |= {"trial_start": begin, "trial_end": max(begin, second - TRIAL + 3600) + TRIAL}
    elif status == "paused":
        paused = {
            "subscription": {"type": "trial_end_without_payment_method"},
            "transitioned_at": second,
            "type": "subscription",
        }
        made["status_details"] = {"paused": paused}
