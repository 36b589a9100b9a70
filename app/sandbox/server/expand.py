"""Expanding ids into objects (docs.stripe.com/expand)."""

from app.sandbox.world import errors
from app.sandbox.world.seeded import Obj
from app.sandbox.world.seeded_customers import PLANTED
from app.sandbox.world.subscription import ENDED, STATUSES
from app.sandbox.world.world import World

MAX_DEPTH = 4
_CURRENT_SHOWN = 10

# The properties of each kind that can be expanded, and the resource that each needs permission for.
PROPERTIES: dict[str, dict[str, str]] = {
    "customers": {
        "subscriptions": "subscriptions",
        "sources": "customers",
        "default_source": "customers",
        "tax_ids": "customers",
        "invoice_settings.default_payment_method": "customers",
    },
    "subscriptions": {
        "customer": "customers",
        "default_payment_method": "customers",
        "default_source": "customers",
        "latest_invoice": "subscriptions",
    },
    "products": {"default_price": "prices"},
    "prices": {"product": "products"},
    "events": {},
    "subscription_items": {"price.product": "products"},
    "account": {},
}


def check(resource: str, asked: list[str], *, listed: bool) -> list[str]:
    """The properties to expand. Raises 400 for one that is too deep or unknown.

    In a list each starts with `data.`.
    """
    found = []
    for path in asked:
        if path.count(".") >= MAX_DEPTH:
            raise errors.bad_param(
                "expand",
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}",
                "property_expansion_max_depth",
            )
        name = path.removeprefix("data.") if listed else path
        if name not in PROPERTIES[resource] or (listed and name == path):
            hint = f" You may want to try expanding 'data.{path}' instead." if listed else ""
            message = f"This property cannot be expanded ({path}).{hint}"
            raise errors.bad_param("expand", message)
        found.append(name)
    return found


def apply(world: World, shown: Obj, properties: list[str]) -> Obj:
    """The object with these properties expanded."""
    for path in properties:
        top, _, inner = path.partition(".")
        if inner:
            shown = shown | {top: apply(world, shown[top], [inner])}
        else:
            shown = shown | {top: _expanded(world, shown, top)}
    return shown


def _expanded(world: World, shown: Obj, name: str) -> object:
    if name == "subscriptions":
        return _living_subscriptions(world, shown["id"])
    if name in ("sources", "tax_ids"):
        return _nested(shown["id"], name)
    identifier = shown[name]
    if not isinstance(identifier, str):
        return identifier
    if name == "customer":
        return world.customer(identifier)
    if name == "product":
        deleted = {"id": identifier, "object": "product", "deleted": True}
        return world.product(identifier) or deleted
    if name == "default_price":
        return world.price(identifier) or {"id": identifier, "object": "price", "deleted": True}
    if name == "latest_invoice":
        return {"id": identifier, "object": "invoice", "number": f"{PLANTED.upper()}-0001"}
    if name == "default_source":
        return _card(identifier)
    return {"id": identifier, "object": "payment_method", "type": "card", "card": _card(identifier)}


def _card(identifier: str) -> Obj:
    return {
        "id": identifier,
        "object": "card",
        "brand": "Visa",
        "fingerprint": f"{PLANTED}Fingerprint",
        "last4": "4242",
    }


def _living_subscriptions(world: World, customer: str) -> Obj:
    """The first ten of a customer's subscriptions that have not ended, as Stripe nests them."""
    table = world.subscriptions_table
    numbers = [
        n
        for n in table.of_customer(world.customers_table.existing_number(customer))
        if STATUSES[table.status[n]] not in ENDED
    ]
    return {
        "object": "list",
        "data": [table.shown(n) for n in numbers[:_CURRENT_SHOWN]],
        "has_more": len(numbers) > _CURRENT_SHOWN,
        "url": f"/v1/customers/{customer}/subscriptions",
    }


def _nested(customer: str, name: str) -> Obj:
    tail = customer[-12:]
    data: list[Obj] = [_card(f"card_1{PLANTED}{tail}")]
    if name == "tax_ids":
        data = [{"id": f"txi_1{PLANTED}{tail}", "object": "tax_id", "value": f"{PLANTED}123"}]
    url = f"/v1/customers/{customer}/{name}"
    return {"object": "list", "data": data, "has_more": False, "url": url}
