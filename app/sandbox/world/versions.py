"""Objects in the account's older API version.

Stripe renders an event in the version that was the account's default at its time, not in the
client's (docs.stripe.com/api/events). So a client must not rely on `data.object`.
"""

from app.sandbox.world.seeded import Obj

CURRENT = "2026-10-28.endive"
ACCOUNT_DEFAULT = "2022-11-15"

_NEW_CUSTOMER = ("business_name", "customer_account", "individual_name")
_NEW_SUBSCRIPTION = (
    "billing_cycle_anchor_config",
    "billing_mode",
    "billing_schedules",
    "customer_account",
    "discounts",
    "managed_payments",
    "status_details",
)


def as_of_2022(shown: Obj) -> Obj:
    """An object in version 2022-11-15, where a subscription has the period, and not its items."""
    kind = shown["object"]
    if kind == "customer":
        return {key: value for key, value in shown.items() if key not in _NEW_CUSTOMER}
    if kind != "subscription":
        return dict(shown)
    old = {key: value for key, value in shown.items() if key not in _NEW_SUBSCRIPTION}
    items = shown["items"]["data"]
    periods = ("current_period_end", "current_period_start")
    old["items"] = shown["items"] | {
        "data": [{k: v for k, v in item.items() if k not in periods} for item in items]
    }
    old |= {"discount": None, "plan": None, "quantity": None}
    if items:
        old |= {period: items[0][period] for period in periods}
    if len(items) == 1 and not shown["items"]["has_more"]:
        old |= {"plan": items[0]["plan"], "quantity": items[0]["quantity"]}
    return old
