"""Checks a key or an approval: which account it is for, and what it may read."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.problems import Problem
from app.settings import Settings
from app.sync.stripe.access import NewAccess, offered_key
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import EVENTS, LISTINGS, NEEDS
from app.sync.stripe.pages import UnreadableAnswer, any_object

_KEY = re.compile(r"(rk|sk)_(live|test)_\w{8,240}\Z", re.ASCII)
_ACCOUNT = re.compile(r"\bacct_\w{4,64}")
UNNAMED = "acct_unknown_"  # begins the id of an account that Stripe does not name
PROBES = {
    **{name: LISTINGS[name].path for name in ("customers", "subscriptions", "products", "prices")},
    "events": EVENTS,
}


class KeyProblem(Problem):
    """The key cannot be used. The text is one sentence and never contains the key. ``kind`` is set
    if Stripe refused it, and says what Stripe meant."""

    def __init__(self, text: str, kind: ProblemKind | None = None) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Permission:
    """Whether the key may read one kind of object. ``cost``: what is missing without it."""

    name: str
    label: str
    granted: bool
    cost: str


@dataclass(frozen=True)
class KeyReport:
    """The result of a successful check. ``method``: restricted_key or oauth."""

    account: str
    account_name: str | None
    livemode: bool
    permissions: tuple[Permission, ...]
    warnings: tuple[str, ...] = ()
    requests: int = 0  # that the check took
    method: str = "restricted_key"


def check_key(settings: Settings, key: str) -> KeyReport:
    """Try the key on every endpoint that the sync reads, and find its account.

    Blocks for as long as Stripe takes. Raises KeyProblem.
    """
    return check_access(settings, access_by_key(key))


def access_by_key(key: str) -> NewAccess:
    """Access from a key that a person entered. Raises KeyProblem if it cannot be a key."""
    key = key.strip()
    _check_shape(key)
    return offered_key(key)


def check_access(settings: Settings, offer: NewAccess) -> KeyReport:
    """Check any access, as :func:`check_key` does."""
    return asyncio.run(_check(settings, offer))


def _check_shape(key: str) -> None:
    if not key:
        raise KeyProblem(
            "No key was given. Nothing was connected. Paste a restricted key that starts with rk_."
        )
    if key.startswith("pk_"):
        raise KeyProblem(
            "This is a publishable key, which cannot read data. Nothing was connected."
            " Paste a restricted key that starts with rk_live_ or rk_test_."
        )
    if not _KEY.match(key):
        raise KeyProblem(
            "This does not look like a Stripe key. Nothing was connected. A restricted key"
            " starts with rk_live_ or rk_test_. Check that you pasted the complete key and"
            " nothing else."
        )


async def _check(settings: Settings, offer: NewAccess) -> KeyReport:
    async with _asking(settings, offer) as api:
        try:
            permissions, (account, name) = await asyncio.gather(
                asyncio.gather(*(_probe(api, what, path) for what, path in PROBES.items())),
                _account(api, offer),
            )
        except StripeProblem as problem:
            raise KeyProblem(str(problem), problem.kind) from None
    if not any(one.granted for one in permissions if one.name == "customers"):
        raise KeyProblem(
            "This key cannot read customers. Nothing was connected. Give it “Customers"
            " Read” in Stripe and try again."
        )
    warnings: tuple[str, ...] = ()
    if str(offer.secret.get("key", "")).startswith("sk_"):
        warnings = (
            "This is a secret key, which can change data in Stripe. A restricted key is safer.",
        )
    return KeyReport(
        account,
        name,
        api.livemode,
        tuple(permissions),
        warnings,
        requests=api.take_count(),
        method=offer.method,
    )


@dataclass(frozen=True)
class AccountOwner:
    """The account that access belongs to. ``requests``: that finding it took."""

    account: str
    livemode: bool
    requests: int


def find_owner(settings: Settings, offer: NewAccess) -> AccountOwner:
    """Find only the account that the access belongs to. Blocks. Raises KeyProblem."""
    return asyncio.run(_owner(settings, offer))


async def _owner(settings: Settings, offer: NewAccess) -> AccountOwner:
    async with _asking(settings, offer) as api:
        try:
            account, _ = await _account(api, offer)
        except StripeProblem as problem:
            raise KeyProblem(str(problem), problem.kind) from None
        return AccountOwner(account, api.livemode, api.take_count())


def _asking(settings: Settings, offer: NewAccess) -> StripeApi:
    """Uses stripe-python, because each endpoint is asked only once."""
    from app.sync.stripe.sdk import SdkTransport

    return StripeApi(settings.stripe_api_base, offer.access, settings.rate, carrier=SdkTransport)


async def _probe(api: StripeApi, name: str, path: str) -> Permission:
    need = NEEDS[name]
    try:
        await api.page(path, {"limit": 1}, _list)
    except StripeProblem as problem:
        if problem.kind is not ProblemKind.FORBIDDEN:
            raise
        return Permission(name, need.label, False, need.cost)
    return Permission(name, need.label, True, need.cost)


def _list(content: bytes) -> None:
    """Accept only a list, because a captive portal may answer with JSON too."""
    if not isinstance(any_object(content).get("data"), list):
        raise UnreadableAnswer


async def _account(api: StripeApi, offer: NewAccess) -> tuple[str, str | None]:
    """(account id, name). Stripe usually refuses this to restricted keys, but the refusal names the
    account. Otherwise an id is derived from the key."""
    try:
        reply = await api.get("/v1/account", "/v1/account", {}, any_object)
    except StripeProblem as problem:
        if problem.kind not in (
            ProblemKind.FORBIDDEN,
            ProblemKind.REFUSED,
            ProblemKind.MISSING,
            ProblemKind.BAD_REQUEST,
        ):
            raise
        named = _ACCOUNT.search(problem.detail)
        return offer.account or (named[0] if named else _stand_in(offer)), None
    account = reply.body.get("id")
    if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
        account = _stand_in(offer)
    return offer.account or account, _account_name(reply.body)


def _account_name(body: dict[str, object]) -> str | None:
    profile, settings = body.get("business_profile"), body.get("settings")
    dashboard = settings.get("dashboard") if isinstance(settings, dict) else None
    for place, field in ((dashboard, "display_name"), (profile, "name")):
        name = place.get(field) if isinstance(place, dict) else None
        if isinstance(name, str) and name:
            return name[:200]
    return None


def _stand_in(offer: NewAccess) -> str:
    key = str(offer.secret.get("key", ""))
    return UNNAMED + hashlib.sha256(key.encode()).hexdigest()[:12]


async def sees_one_of(settings: Settings, offer: NewAccess, customers: Sequence[str]) -> bool:
    """Whether this access may read one of these customers."""
    path = LISTINGS["customers"].path
    async with _asking(settings, offer) as api:
        for key in customers:
            try:
                await api.one(path, key, any_object)
            except StripeProblem as problem:
                if problem.kind is not ProblemKind.MISSING:
                    raise KeyProblem(str(problem), problem.kind) from None
            else:
                return True
    return False
