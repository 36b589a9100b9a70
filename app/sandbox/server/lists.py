"""Answers list requests: filters, order and pages."""

from collections.abc import Callable

from app.sandbox.server import params
from app.sandbox.server.params import Query
from app.sandbox.world import errors
from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.seeded import Obj
from app.sandbox.world.subscription import ENDED, STATUSES
from app.sandbox.world.world import World

_MAX_TYPES = 20

Keep = Callable[[int], bool]


def table_of(world: World, resource: str) -> ObjectTable:
    """The objects behind a list endpoint."""
    tables: dict[str, ObjectTable] = {
        "customers": world.customers_table,
        "subscriptions": world.subscriptions_table,
        "products": world.products_table,
        "prices": world.prices_table,
        "events": world.events_table,
    }
    return tables[resource]


def page(world: World, resource: str, query: Query) -> Obj:
    """One page of a list, newest first. Raises StripeError (docs.stripe.com/api/pagination)."""
    table = table_of(world, resource)
    paging = params.paging(query)
    after = _cursor(world, table, "starting_after", paging.starting_after)
    before = _cursor(world, table, "ending_before", paging.ending_before)
    keep = _FILTERS[resource](world, query)
    numbers, more = table.page(paging.limit, paging.window, after, before, keep)
    show = world.subscriptions_table.shown if resource == "subscriptions" else table.object
    return {
        "object": "list",
        "data": [show(n) for n in numbers],
        "has_more": more,
        "url": f"/v1/{resource}",
    }


def _cursor(world: World, table: ObjectTable, name: str, value: str | None) -> int | None:
    """The object number of a cursor.

    Raises 400 resource_missing for one that is unknown, deleted or too old.
    """
    if value is None:
        return None
    n = table.number(value)
    if n is None or n in table.gone:
        raise errors.missing(table.kind, value, name)
    if table is world.events_table and not world.events_table.visible(n, world.clock()):
        raise errors.missing(table.kind, value, name)
    return n


def _equal(table: ObjectTable, wanted: dict[str, object]) -> Keep | None:
    """A filter by the values of fields, or None if no field is given."""
    wanted = {name: value for name, value in wanted.items() if value is not None}
    if not wanted:
        return None

    def keep(n: int) -> bool:
        shown = table.object(n)
        return all(shown.get(name) == value for name, value in wanted.items())

    return keep


def _customers(world: World, query: Query) -> Keep | None:
    email, table = params.text(query, "email"), world.customers_table
    return None if email is None else lambda n: table.email(n) == email


def _subscriptions(world: World, query: Query) -> Keep:
    table = world.subscriptions_table
    codes = _statuses(params.text(query, "status"))
    owner = params.text(query, "customer")
    price = params.text(query, "price") or params.text(query, "plan")
    method = params.text(query, "collection_method")
    mine: set[int] | None = None
    if owner is not None:
        number = world.customers_table.number(owner)
        if number is None:
            raise errors.missing("customer", owner, "customer")
        mine = set(table.of_customer(number))

    def keep(n: int) -> bool:
        if table.status[n] not in codes or (mine is not None and n not in mine):
            return False
        if price is not None and price not in table.prices_of(n):
            return False
        return method is None or table.object(n)["collection_method"] == method

    return keep


def _statuses(asked: str | None) -> frozenset[int]:
    """The codes of the requested statuses. The default is every status but canceled."""
    if asked is None:
        wanted = frozenset(STATUSES) - {"canceled"}
    elif asked == "all":
        wanted = frozenset(STATUSES)
    elif asked == "ended":
        wanted = ENDED
    elif asked in STATUSES:
        wanted = frozenset({asked})
    else:
        shown = ", ".join((*STATUSES, "all", "ended"))
        raise errors.bad_param("status", f"Invalid status: must be one of {shown}")
    return frozenset(code for code, status in enumerate(STATUSES) if status in wanted)


def _products(world: World, query: Query) -> Keep | None:
    ids = params.texts(query, "ids")
    if ids and (query.keys() & {"starting_after", "ending_before"}):
        message = "You may not combine ids with starting_after or ending_before."
        raise errors.bad_param("ids", message, "parameters_exclusive")
    table = world.products_table
    wanted: dict[str, object] = {
        "active": params.boolean(query, "active"),
        "shippable": params.boolean(query, "shippable"),
        "type": params.text(query, "type"),
        "url": params.text(query, "url"),
    }
    keep = _equal(table, wanted)
    if not ids:
        return keep
    return lambda n: table.ids.of(n) in ids and (keep is None or keep(n))


def _prices(world: World, query: Query) -> Keep | None:
    """Only active prices by default: "Returns a list of your active prices"."""
    active = params.boolean(query, "active")
    keys = params.texts(query, "lookup_keys")
    keep = _equal(
        world.prices_table,
        {
            "active": True if active is None else active,
            "product": params.text(query, "product"),
            "currency": params.text(query, "currency"),
            "type": params.text(query, "type"),
        },
    )
    if not keys or keep is None:
        return keep
    return lambda n: keep(n) and world.prices_table.object(n)["lookup_key"] in keys


def _events(world: World, query: Query) -> Keep:
    single, several = params.text(query, "type"), params.texts(query, "types")
    if single is not None and several:
        message = "You may only specify one of these parameters: type, types."
        raise errors.bad_param("types", message, "parameters_exclusive")
    if len(several) > _MAX_TYPES:
        raise errors.bad_param("types", f"You may pass at most {_MAX_TYPES} types.")
    patterns = (single,) if single is not None else tuple(several)
    table, now = world.events_table, world.clock()
    pending = params.boolean(query, "delivery_success") is False

    def keep(n: int) -> bool:
        if pending or not table.visible(n, now):
            return False
        return not patterns or table.matches(n, patterns)

    return keep


_FILTERS: dict[str, Callable[[World, Query], Keep | None]] = {
    "customers": _customers,
    "subscriptions": _subscriptions,
    "products": _products,
    "prices": _prices,
    "events": _events,
}


def items(world: World, query: Query) -> Obj:
    """The items of one subscription, in the subscription's own order."""
    owner = params.text(query, "subscription")
    if not owner:
        message = "Missing required param: subscription."
        raise errors.bad_param("subscription", message, "parameter_missing")
    found = world.subscription(owner)
    if found is None:
        raise errors.missing("subscription", owner, "subscription")
    data: list[Obj] = found["items"]["data"]
    paging = params.paging(query)
    ids = [item["id"] for item in data]
    for name, cursor in (
        ("starting_after", paging.starting_after),
        ("ending_before", paging.ending_before),
    ):
        if cursor is not None and cursor not in ids:
            raise errors.missing("subscription_item", cursor, name)
    if paging.ending_before is not None:
        end = ids.index(paging.ending_before)
        begin = max(0, end - paging.limit)
        more = begin > 0
    else:
        begin = 0 if paging.starting_after is None else ids.index(paging.starting_after) + 1
        end = min(len(data), begin + paging.limit)
        more = end < len(data)
    url = "/v1/subscription_items"
    return {"object": "list", "data": data[begin:end], "has_more": more, "url": url}
