"""What can happen in an account, as small values that chance draws and a failure can show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.subscription import ENDED, STATUSES
from app.sandbox.world.world import World

EMAILS = (None, "", "ada@example.com", "grace@example.com")
NAMES = ("Ada", "Grace", "Edsger", "Barbara")
LIVELY = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete")
FEWEST_PRODUCTS = 6  # subscriptions need something to be about


class Change(NamedTuple):
    """``which``: the how-manieth living object of its kind, newest first and round again."""

    kind: str
    which: int = 0
    how: int = 0


def apply(world: World, change: Change) -> None:
    """Let it happen now; nothing happens where nothing of the kind is there."""
    _DO[change.kind](world, change.which, change.how)


def _living(table: ObjectTable, which: int) -> str | None:
    numbers = list(table.numbers())
    return table.ids.of(numbers[which % len(numbers)]) if numbers else None


def _going(world: World, which: int) -> str | None:
    """A subscription that has not ended."""
    table = world.subscriptions_table
    numbers = [n for n in table.numbers() if STATUSES[table.status[n]] not in ENDED]
    return table.ids.of(numbers[which % len(numbers)]) if numbers else None


def _create_customer(world: World, which: int, how: int) -> None:
    world.create_customer(email=EMAILS[how % 4], name=NAMES[which % 4])


def _rename_customer(world: World, which: int, how: int) -> None:
    if key := _living(world.customers_table, which):
        world.update_customer(key, name=NAMES[how % 4], metadata={"visit": str(how)})


def _change_email(world: World, which: int, how: int) -> None:
    if key := _living(world.customers_table, which):
        world.update_customer(key, email=EMAILS[how % 4])


def _delete_customer(world: World, which: int, how: int) -> None:
    if key := _living(world.customers_table, which):
        world.delete_customer(key)


def _subscribe(world: World, which: int, how: int) -> None:
    """A third of them have more items than fit into the subscription's own list."""
    if (key := _living(world.customers_table, which)) and world.usable_prices():
        world.create_subscription(key, status=LIVELY[how % 6], items=(1, 2, 13)[how % 3])


def _change_status(world: World, which: int, how: int) -> None:
    if key := _going(world, which):
        world.update_subscription(key, status=LIVELY[how % 6])


def _change_items(world: World, which: int, how: int) -> None:
    key, usable = _going(world, which), world.usable_prices()
    if key and usable:
        start, count = how % len(usable), (1, 3, 11, 14)[how % 4]
        world.update_subscription(key, price_ids=(usable[start:] + usable[:start])[:count])


def _cancel(world: World, which: int, how: int) -> None:
    if key := _going(world, which):
        world.cancel_subscription(key)


def _pause_collection(world: World, which: int, how: int) -> None:
    if key := _going(world, which):
        pause = {"behavior": "void", "resumes_at": None}
        world.update_subscription(key, pause_collection=pause if how % 3 else None)


def _remind(world: World, which: int, how: int) -> None:
    if key := _going(world, which):
        world.remind(key)


def _create_product(world: World, which: int, how: int) -> None:
    world.create_price(world.create_product(name=NAMES[how % 4]), unit_amount=100 + how)


def _change_product(world: World, which: int, how: int) -> None:
    if key := _living(world.products_table, which):
        world.update_product(key, name=NAMES[how % 4], active=how < 6)


def _delete_product(world: World, which: int, how: int) -> None:
    """With its prices, also those that someone has, which Stripe would refuse."""
    keys = [one["id"] for one in world.products()]
    if len(keys) > FEWEST_PRODUCTS:
        world.delete_product(keys[which % len(keys)])


def _create_price(world: World, which: int, how: int) -> None:
    if key := _living(world.products_table, which):
        world.create_price(key, unit_amount=100 + how)


def _change_price(world: World, which: int, how: int) -> None:
    """One that is archived moves from the one list of prices to the other."""
    if key := _living(world.prices_table, which):
        world.update_price(key, nickname=NAMES[how % 4], active=how % 2 == 0)


def _delete_price(world: World, which: int, how: int) -> None:
    """One that no one has: Stripe deletes no other."""
    if unused := _unused(world):
        world.delete_price(unused[which % len(unused)])


def _unused(world: World) -> list[str]:
    shown = shown_prices(world)
    return [one["id"] for one in world.prices() if one["id"] not in shown]


def shown_prices(world: World) -> set[str]:
    """Ids of the prices that a subscription shows."""
    return {item["price"]["id"] for one in world.subscriptions() for item in one["items"]["data"]}


_DO: dict[str, Callable[[World, int, int], None]] = {
    "create_customer": _create_customer,
    "rename_customer": _rename_customer,
    "change_email": _change_email,
    "delete_customer": _delete_customer,
    "subscribe": _subscribe,
    "change_status": _change_status,
    "change_items": _change_items,
    "cancel": _cancel,
    "pause_collection": _pause_collection,
    "remind": _remind,
    "create_product": _create_product,
    "change_product": _change_product,
    "delete_product": _delete_product,
    "create_price": _create_price,
    "change_price": _change_price,
    "delete_price": _delete_price,
}
KINDS: Sequence[str] = tuple(_DO)
