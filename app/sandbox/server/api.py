"""Answers requests under /v1/."""

import base64
import re
from dataclasses import dataclass
from typing import NamedTuple

from app.sandbox.server import expand, lists, params
from app.sandbox.server.params import Query
from app.sandbox.world import errors
from app.sandbox.world.account import account
from app.sandbox.world.registered_app import RESOURCES
from app.sandbox.world.seeded import Obj
from app.sandbox.world.world import World

_LISTS = ("customers", "subscriptions", "products", "prices", "events", "subscription_items")
_APPROVED = frozenset(RESOURCES)
_EVERYTHING = _APPROVED | {"account"}
_PATH = re.compile(r"/v1/([a-z_]+)(?:/([^/]+))?/?")


class Route(NamedTuple):
    """The resource and id in a path. Requests are counted by `template`."""

    resource: str
    identifier: str | None
    template: str


@dataclass
class KeyRights:
    """What keys may do. `keys` are accepted in addition to the world's two keys."""

    forbid: frozenset[str] = frozenset()
    revoked: bool = False
    expired: bool = False
    keys: frozenset[str] = frozenset()


class Caller(NamedTuple):
    """The key of a request, the account it is about, and the resources it may read there."""

    key: str
    account: str
    readable: frozenset[str]


def route(method: str, path: str) -> Route | None:
    """The route of a request, or None for a URL that Stripe does not have."""
    found = _PATH.fullmatch(path)
    if found is None or method != "GET":
        return None
    resource, identifier = found[1], found[2]
    if resource == "account":
        return Route(resource, None, "GET /v1/account") if identifier is None else None
    if resource not in _LISTS:
        return None
    return Route(resource, identifier, f"GET /v1/{resource}{'/{id}' if identifier else ''}")


def authenticate(world: World, access: KeyRights, headers: dict[str, str]) -> Caller:
    """The caller of a request. Raises 401 or 403 (docs.stripe.com/api/authentication)."""
    key, account_header = key_of(headers), headers.get("stripe-account")
    if key == world.client_secret:
        return _developer(world, access, key, account_header)
    install = world.oauth.install_of(key)
    if install is None and key not in {world.restricted_key, world.secret_key} | access.keys:
        raise errors.invalid_key(key)
    if account_header is not None and (account_header != world.account_id or access.revoked):
        raise errors.no_access(key, account_header)
    if access.revoked:
        raise errors.revoked_key()
    if access.expired:
        raise errors.expired_key(key)
    limited = key == world.restricted_key or (install is not None and install.flavour == "app")
    return Caller(key, world.account_id, _APPROVED if limited else _EVERYTHING)


def _developer(world: World, access: KeyRights, key: str, account_header: str | None) -> Caller:
    """The app's developer, for a connected account or for the developer's own, empty account."""
    if account_header is None or account_header == world.oauth.developer:
        return Caller(key, world.oauth.developer, _APPROVED)
    if account_header != world.account_id or access.revoked or world.oauth.installed() is None:
        raise errors.no_access(key, account_header)
    if access.expired:
        raise errors.expired_key(key)
    connected = world.oauth.installed("connect") is not None
    return Caller(key, account_header, _EVERYTHING if connected else _APPROVED)


def key_of(headers: dict[str, str]) -> str:
    """The key in the Authorization header, Bearer or Basic. Raises 401 if there is none."""
    key = _key(headers.get("authorization", ""))
    if not key:
        raise errors.no_key()
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


def authorize(world: World, access: KeyRights, caller: Caller, resources: list[str]) -> None:
    """Check that the caller may read these resources.

    Raises 403 for the first that it may not (docs.stripe.com/keys/restricted-api-keys).
    """
    for resource in resources:
        named = "subscriptions" if resource == "subscription_items" else resource
        if named not in caller.readable or {named, resource} & access.forbid:
            raise errors.forbidden(caller.key, caller.account, resource)


def answer(world: World, access: KeyRights, caller: Caller, requested: Route, query: Query) -> Obj:
    """The requested object or list. Raises StripeError."""
    resource, identifier, _ = requested
    authorize(world, access, caller, [resource])
    listed = identifier is None and resource != "account"
    params.check(resource if listed else "", query)
    properties = expand.check(resource, params.texts(query, "expand"), listed=listed)
    authorize(world, access, caller, [expand.PROPERTIES[resource][name] for name in properties])
    if caller.account != world.account_id:
        return _empty_answer(resource, identifier)
    if resource == "account":
        return account(world)
    if identifier is not None:
        return expand.apply(world, _object(world, resource, identifier), properties)
    if resource == "subscription_items":
        found = lists.items(world, query)
    else:
        found = lists.page(world, resource, query)
    if properties:
        found["data"] = [expand.apply(world, entry, properties) for entry in found["data"]]
    return found


def _empty_answer(resource: str, identifier: str | None) -> Obj:
    """The answer for the developer's own account, which has no customers. As at Stripe, a client
    that forgets the Stripe-Account header gets an empty list and no error."""
    if identifier is not None:
        raise errors.missing(resource.removesuffix("s"), identifier)
    return {"object": "list", "data": [], "has_more": False, "url": f"/v1/{resource}"}


def _object(world: World, resource: str, identifier: str) -> Obj:
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
