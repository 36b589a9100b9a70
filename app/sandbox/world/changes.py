"""Random changes, such as an account sees on an ordinary day."""

from __future__ import annotations

import random

from app.sandbox.world import names
from app.sandbox.world.subscription import ENDED, STATUSES
from app.sandbox.world.world import World

_WEIGHTS = {
    "update_customer": 32,
    "create_customer": 16,
    "delete_customer": 4,
    "create_subscription": 13,
    "update_status": 14,
    "update_items": 5,
    "cancel_subscription": 7,
    "pause_collection": 3,
    "remind": 2,
    "update_price": 2,
    "update_product": 2,
    "create_product": 1,
    "create_price": 1,
    "delete_product": 0.3,
}
_NEXT = {
    "trialing": ("active", "paused", "past_due"),
    "active": ("past_due", "past_due", "paused"),
    "past_due": ("active", "active", "unpaid"),
    "unpaid": ("active",),
    "paused": ("active",),
    "incomplete": ("active", "incomplete_expired"),
}
_BEHAVIORS = ("keep_as_draft", "mark_uncollectible", "void")
_REMINDERS = ("trial_will_end", "pending_update_applied", "pending_update_expired")


def random_change(world: World, rng: random.Random) -> str:
    """Make one possible change, most often to a customer or subscription. Returns a sentence."""
    while True:
        kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        said = _DO[kind](world, rng)
        if said:
            return said


def _customer(world: World, rng: random.Random) -> str | None:
    table = world.customers_table
    for _ in range(50):
        if len(table):
            n = rng.randrange(len(table))
            if n not in table.gone:
                return table.ids.of(n)
    return None


def _subscription(world: World, rng: random.Random) -> str | None:
    """A subscription that has not ended."""
    table = world.subscriptions_table
    for _ in range(50):
        if len(table):
            n = rng.randrange(len(table))
            if STATUSES[table.status[n]] not in ENDED:
                return table.ids.of(n)
    return None


def _update_customer(world: World, rng: random.Random) -> str:
    identifier = _customer(world, rng)
    if identifier is None:
        return ""
    locale = rng.choice(names.LOCALES)
    first, latin = rng.choice(locale.first)
    last, _ = rng.choice(locale.last)
    number = rng.randrange(10**6)
    fields: dict[str, object] = rng.choice(
        [
            {"name": f"{first} {last}"},
            {"email": f"{latin}{number}@example.com"},
            {"phone": f"{locale.dial}{number:06}"},
            {"metadata": {"role": rng.choice(names.ROLES), "visit": str(number)}},
            {"email": None},
            {"balance": -number},
        ]
    )
    world.update_customer(identifier, **fields)
    return f"{next(iter(fields))} of customer {identifier} changed"


def _create_customer(world: World, rng: random.Random) -> str:
    identifier = world.create_customer()
    if rng.random() < 0.5:
        world.create_subscription(identifier, status=rng.choice(("active", "trialing")))
    return f"customer {identifier} signed up"


def _delete_customer(world: World, rng: random.Random) -> str:
    identifier = _customer(world, rng)
    return f"customer {world.delete_customer(identifier)} was deleted" if identifier else ""


def _create_subscription(world: World, rng: random.Random) -> str:
    owner = _customer(world, rng)
    if owner is None:
        return ""
    status = rng.choice(("active", "active", "trialing", "incomplete"))
    items = rng.choice((1, 1, 1, 2, 12))
    return f"{owner} subscribed: {world.create_subscription(owner, status=status, items=items)}"


def _update_status(world: World, rng: random.Random) -> str:
    identifier = _subscription(world, rng)
    if identifier is None:
        return ""
    number = world.subscriptions_table.existing_number(identifier)
    status = rng.choice(_NEXT[STATUSES[world.subscriptions_table.status[number]]])
    return f"{world.update_subscription(identifier, status=status)} is {status}"


def _update_items(world: World, rng: random.Random) -> str:
    identifier = _subscription(world, rng)
    usable = world.usable_prices()
    if identifier is None or not usable:
        return ""
    count = min(len(usable), rng.choice((1, 2, 3, 11)))
    world.update_subscription(identifier, price_ids=rng.sample(usable, count))
    return f"{identifier} has {count} other prices"


def _cancel(world: World, rng: random.Random) -> str:
    identifier = _subscription(world, rng)
    return f"{world.cancel_subscription(identifier)} was canceled" if identifier else ""


def _pause_collection(world: World, rng: random.Random) -> str:
    """Pause a subscription's payment collection, or resume it (docs.stripe.com/billing/
    subscriptions/pause-payment)."""
    identifier = _subscription(world, rng)
    if identifier is None:
        return ""
    table = world.subscriptions_table
    paused = table.object(table.existing_number(identifier))["pause_collection"] is not None
    pause = {"behavior": rng.choice(_BEHAVIORS), "resumes_at": None}
    world.update_subscription(identifier, pause_collection=None if paused else pause)
    return f"payment collection of {identifier} was {'resumed' if paused else 'paused'}"


def _remind(world: World, rng: random.Random) -> str:
    identifier, change = _subscription(world, rng), rng.choice(_REMINDERS)
    return f"{world.remind(identifier, change)}: {change}" if identifier else ""


def _update_price(world: World, rng: random.Random) -> str:
    price = rng.choice([*world.prices()] or [{}])
    if not price:
        return ""
    nickname = f"Plan {rng.randrange(1000)}"
    world.update_price(price["id"], nickname=nickname, active=rng.random() < 0.8)
    return f"price {price['id']} is called {nickname}"


def _update_product(world: World, rng: random.Random) -> str:
    product = rng.choice([*world.products()] or [{}])
    if not product:
        return ""
    name = f"{rng.choice(names.COMPANY_FIRST)} {rng.choice(('Plan', 'Suite', 'Kit'))}"
    world.update_product(product["id"], name=name)
    return f"product {product['id']} is called {name}"


def _create_product(world: World, rng: random.Random) -> str:
    identifier = world.create_product(name=f"{rng.choice(names.COMPANY_FIRST)} Bundle")
    world.create_price(identifier, unit_amount=rng.randrange(100, 9900))
    return f"product {identifier} is new"


def _create_price(world: World, rng: random.Random) -> str:
    products = [product["id"] for product in world.products()]
    if not products:
        return ""
    identifier = world.create_price(rng.choice(products), unit_amount=rng.randrange(100, 9900))
    return f"price {identifier} is new"


def _delete_product(world: World, rng: random.Random) -> str:
    products = [product["id"] for product in world.products()]
    # Subscriptions need products, so the last few are never deleted.
    if len(products) < 6:
        return ""
    return f"product {world.delete_product(rng.choice(products))} was deleted"


_DO = {
    "update_customer": _update_customer,
    "create_customer": _create_customer,
    "delete_customer": _delete_customer,
    "create_subscription": _create_subscription,
    "update_status": _update_status,
    "update_items": _update_items,
    "cancel_subscription": _cancel,
    "pause_collection": _pause_collection,
    "remind": _remind,
    "update_price": _update_price,
    "update_product": _update_product,
    "create_product": _create_product,
    "create_price": _create_price,
    "delete_product": _delete_product,
}
