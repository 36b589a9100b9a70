"""The query string of a list request, as Stripe reads it."""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from app.sandbox.world import errors
from app.sandbox.world.object_table import ObjectPage

Query = dict[str, object]

_NESTED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})
_COMMON = frozenset({"limit", "starting_after", "ending_before", "expand"})
# The parameters of each list (Stripe's API reference, "List all …").
KNOWN = {
    "customers": _COMMON | {"created", "email"},
    "subscriptions": _COMMON
    | {"created", "status", "customer", "price", "plan", "collection_method"},
    "products": _COMMON | {"created", "active", "ids", "shippable", "type", "url"},
    "prices": _COMMON | {"created", "active", "product", "currency", "type", "lookup_keys"},
    "events": _COMMON | {"created", "type", "types", "delivery_success"},
    "subscription_items": _COMMON | {"subscription"},
}
# Parameters of Stripe that the sandbox has no data for. It refuses them instead of ignoring them.
_UNSERVED = frozenset(
    {
        "test_clock",
        "customer_account",
        "automatic_tax",
        "current_period_start",
        "current_period_end",
        "recurring",
    }
)
_ARRAYS = frozenset({"expand", "types", "ids", "lookup_keys"})


class PageRequest(NamedTuple):
    """The parameters that every list has."""

    limit: int
    starting_after: str | None
    ending_before: str | None
    window: ObjectPage


def parse(query: str) -> Query:
    """Parse texts, lists (`types[]=`, `types[0]=`) and one level of names (`created[gte]=`)."""
    found: Query = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        nested = _NESTED.fullmatch(key)
        if nested is None:
            found[key] = value
            continue
        name, inner = nested[1], nested[2][1:-1]
        if inner == "" or inner.isdigit():
            known = found.setdefault(name, [])
            if isinstance(known, list):
                known.append(value)
        else:
            bounds = found.setdefault(name, {})
            if isinstance(bounds, dict):
                bounds[inner] = value
    return found


def check(resource: str, query: Query) -> None:
    """Raise 400 for an unknown parameter (docs.stripe.com/error-codes, parameter_unknown)."""
    for name, value in query.items():
        if name in _UNSERVED:
            raise errors.bad_param(name, f"This sandbox does not filter by {name}")
        if name not in KNOWN.get(resource, {"expand"}):
            raise errors.bad_param(name, f"Received unknown parameter: {name}", "parameter_unknown")
        if isinstance(value, list) != (name in _ARRAYS):
            wanted = "array" if name in _ARRAYS else "string"
            raise errors.bad_param(name, f"Invalid {wanted}")
        if isinstance(value, dict) and name != "created":
            raise errors.bad_param(name, "Invalid string")


def text(query: Query, name: str) -> str | None:
    """A parameter that is text."""
    value = query.get(name)
    return value if isinstance(value, str) else None


def texts(query: Query, name: str) -> list[str]:
    """A parameter that is a list of texts; empty without it."""
    value = query.get(name)
    return [str(entry) for entry in value] if isinstance(value, list) else []


def boolean(query: Query, name: str) -> bool | None:
    """A parameter that is true or false."""
    value = text(query, name)
    if value is None:
        return None
    if value not in ("true", "false"):
        raise errors.bad_param(name, f"Invalid boolean: {value}")
    return value == "true"


def paging(query: Query) -> PageRequest:
    """The limit, cursors and window of a list. Raises 400 for values that Stripe refuses
    (docs.stripe.com/api/pagination)."""
    after, before = text(query, "starting_after"), text(query, "ending_before")
    if after is not None and before is not None:
        raise errors.bad_param(
            "ending_before",
            "You may only specify one of these parameters: ending_before, starting_after.",
            "parameters_exclusive",
        )
    return PageRequest(_limit(query), after, before, _window(query.get("created")))


def _limit(query: Query) -> int:
    asked = text(query, "limit")
    if asked is None:
        return 10
    limit = _integer(asked, "limit")
    if 1 <= limit <= 100:
        return limit
    than = "less than or equal to 100" if limit > 100 else "greater than or equal to 1"
    message = f"This value must be {than} (it currently is '{limit}')."
    raise errors.bad_param("limit", message, "parameter_invalid_integer")


def _integer(value: str, name: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise errors.bad_param(name, f"Invalid integer: {value}", "parameter_invalid_integer")
    return int(value)


def _window(asked: object) -> ObjectPage:
    if asked is None:
        return ObjectPage()
    if isinstance(asked, str):
        second = _integer(asked, "created")
        return ObjectPage(second, second)
    first: int | None = None
    last: int | None = None
    for name, value in asked.items() if isinstance(asked, dict) else ():
        full = f"created[{name}]"
        if name not in _BOUNDS:
            raise errors.bad_param(full, f"Received unknown parameter: {full}", "parameter_unknown")
        second = _integer(value, full)
        if name in ("gt", "gte"):
            low = second + (name == "gt")
            first = low if first is None else max(first, low)
        else:
            high = second - (name == "lt")
            last = high if last is None else min(last, high)
    return ObjectPage(first, last)
