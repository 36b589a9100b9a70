"""Requests under /v1/ and their answers."""

import base64
import re
from dataclasses import dataclass
from typing import NamedTuple

from app.sandbox import errors, expand, lists, params
from app.sandbox.account import account
from app.sandbox.params import Query
from app.sandbox.seeded import Obj
from app.sandbox.world import World

_LISTS = ("customers", "subscriptions", "products", "prices", "events", "subscription_items")
_PATH = re.compile(r"/v1/([a-z_]+)(?:/([^/]+))?/?")


class Route(NamedTuple):
    """What a path means; `template` is what requests are counted by."""

    resource: str
    identifier: str | None
    template: str


@dataclass
class Access:
    """Who may do what. `keys` are accepted beside the world's two."""

    forbid: frozenset[str] = frozenset()
    revoked: bool = False
    expired: bool = False
    keys: frozenset[str] = frozenset()


def route(method: str, path: str) -> Route | None:
    """What a path means; None for a URL Stripe does not know."""
    found = _PATH.fullmatch(path)
    if found is None or method != "GET":
        return None
    resource, identifier = found[1], found[2]
    if resource == "account":
        return Route(resource, None, "GET /v1/account") if identifier is None else None
    if resource not in _LISTS:
        return None
    return Route(resource, identifier, f"GET /v1/{resource}{'/{id}' if identifier else ''}")


def authenticate(world: World, access: Access, headers: dict[str, str]) -> str:
    """The key of a request. Raises 401 or 403 (docs.stripe.com/api/authentication)."""
    key = _key(headers.get("authorization", ""))
    if not key:
        raise errors.no_key()
    if key not in {world.restricted_key, world.secret_key} | access.keys:
        raise errors.invalid_key(key)
    named = headers.get("stripe-account")
    if named is not None and (named != world.account_id or access.revoked):
        raise errors.no_access(key, named)
    if access.revoked:
        raise errors.revoked_key()
    if access.expired:
        raise errors.expired_key(key)
    return key


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except ValueError:
        return ""


def authorize(world: World, access: Access, key: str, resources: list[str]) -> None:
    """Raises 403 for what the key may not read (docs.stripe.com/keys/restricted-api-keys)."""
    for resource in resources:
        named = "subscriptions" if resource == "subscription_items" else resource
        restricted = named == "account" and key == world.restricted_key
        if restricted or named in access.forbid or resource in access.forbid:
            raise errors.forbidden(key, world.account_id, resource)


def answer(world: World, access: Access, key: str, asked: Route, query: Query) -> Obj:
    """The object or list asked for. Raises StripeError."""
    resource, identifier, _ = asked
    authorize(world, access, key, [resource])
    listed = identifier is None and resource != "account"
    params.check(resource if listed else "", query)
    properties = expand.check(resource, params.texts(query, "expand"), listed=listed)
    authorize(world, access, key, [expand.PROPERTIES[resource][name] for name in properties])
    if resource == "account":
        return account(world)
    if identifier is not None:
        return expand.apply(world, _one(world, resource, identifier), properties)
    if resource == "subscription_items":
        found = lists.items(world, query)
    else:
        found = lists.page(world, resource, query)
    if properties:
        found["data"] = [expand.apply(world, entry, properties) for entry in found["data"]]
    return found


def _one(world: World, resource: str, identifier: str) -> Obj:
    if resource == "subscription_items":
        found = world.item(identifier)
        kind = "subscription_item"
    elif resource == "events":
        return _event(world, identifier)
    else:
        kind = lists.table_of(world, resource).kind
        found = _shown(world, resource, identifier)
    if found is None:
        raise errors.missing(kind, identifier)
    return found


def _shown(world: World, resource: str, identifier: str) -> Obj | None:
    if resource == "customers":
        return world.customer(identifier)
    if resource == "subscriptions":
        n = world.subscriptions_table.number(identifier)
        return None if n is None else world.subscriptions_table.shown(n)
    return world.product(identifier) if resource == "products" else world.price(identifier)


def _event(world: World, identifier: str) -> Obj:
    table, now = world.events_table, world.clock()
    n = table.number(identifier)
    if n is not None and table.aged(n, now):
        raise errors.aged_out(identifier)
    if n is None or not table.visible(n, now):
        raise errors.missing("event", identifier)
    return table.object(n)
