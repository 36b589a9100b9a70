"""Checks new access, finds its account and mode, and records the connection.

Access is stored before the connection is recorded. So if the process is killed in between, there is
something to connect with, and never a connection that has no access for an unknown reason.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.credentials.store import Credentials
from app.db import connections, sync_messages
from app.db.store import Store
from app.oauth.kept_tokens import PATIENCE
from app.problems import Problem
from app.settings import Settings
from app.sync.stripe.access import NewAccess, offered_key, secret_name
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.endpoints import EVENTS, LISTINGS, NEEDS
from app.sync.stripe.pages import Unreadable, any_object

_KEY = re.compile(r"(rk|sk)_(live|test)_\w{8,240}\Z", re.ASCII)
_ACCOUNT = re.compile(r"\bacct_\w{4,64}")

UNNAMED = "acct_unknown_"  # begins the id of an account that Stripe does not name
KNOWN = 3  # customers that are asked for to recognise an account

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
    return check(settings, offered(key))


def offered(key: str) -> NewAccess:
    """Access from a key that a person entered. Raises KeyProblem if it cannot be a key."""
    key = key.strip()
    _check_shape(key)
    return offered_key(key)


def check(settings: Settings, offer: NewAccess) -> KeyReport:
    """Check any access, as :func:`check_key` does."""
    return asyncio.run(_check(settings, offer))


def recognised(settings: Settings, store: Store, offer: NewAccess) -> int | None:
    """The connection for which this access was checked before, at the cost of one request. None if
    it has to be checked (again). Raises KeyProblem."""
    connected = connections.connected(store)
    if not connected:
        return None
    (connection_id, account, livemode), *_ = connected
    steps = connections.steps(store, connection_id)
    if any(step.state in ("skipped", "pending") for step in steps.values()):
        return None
    whose = owner(settings, offer)
    with store.transaction():
        connections.count_reads(store, connection_id, whose.requests)
    return connection_id if (whose.account, whose.livemode) == (account, livemode) else None


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


def owner(settings: Settings, offer: NewAccess) -> AccountOwner:
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
        raise Unreadable


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


def refuse_another(store: Store, account: str, livemode: bool) -> None:
    """Raise KeyProblem if another account is connected, or this one in the other mode."""
    for _, connected, mode in connections.connected(store):
        if (connected, mode) != (account, livemode):
            raise KeyProblem(
                f"Another account is connected ({connected}, {'live' if mode else 'test'})."
                " Nothing was changed. Disconnect it first. Its participants and segments"
                " are kept."
            )


def admit(
    settings: Settings, store: Store, credentials: Credentials | None, offer: NewAccess
) -> KeyReport:
    """Check access and store it. ``credentials`` is None if it is not to be stored.

    Tokens are stored before the check, because their code works only once. If they are refused,
    they are deleted and what was stored before is restored. Raises KeyProblem and
    CredentialProblem.
    """
    livemode, before = offer.access.livemode, None
    if offer.account:
        refuse_another(store, offer.account, livemode)
        if credentials is not None:
            before = _keep(credentials, secret_name(offer.account, livemode), offer.secret)
    try:
        report = _recognised_by_data(settings, store, check(settings, offer), offer)
        refuse_another(store, report.account, livemode)
    except BaseException:  # a person may stop it here, and the access would stay valid for a year
        if offer.account and credentials is not None:
            _keep(credentials, secret_name(offer.account, livemode), before)
        raise
    if credentials is not None and not offer.account:
        _keep(credentials, secret_name(report.account, livemode), offer.secret)
    return report


def _recognised_by_data(
    settings: Settings, store: Store, report: KeyReport, offer: NewAccess
) -> KeyReport:
    """The report with the connected account, if Stripe does not name the account of a key but the
    key sees a customer of the connected one. Ids of customers are unique at Stripe."""
    for connection_id, account, livemode in connections.connected(store):
        unnamed = UNNAMED in (report.account[: len(UNNAMED)], account[: len(UNNAMED)])
        if report.account == account or livemode != report.livemode or not unnamed:
            continue
        known = connections.some_customers(store, connection_id, KNOWN)
        seen = asyncio.run(_sees(settings, offer, known)) if known else False
        if seen:
            return replace(report, account=account, requests=report.requests + len(known))
    return report


async def _sees(settings: Settings, offer: NewAccess, customers: Sequence[str]) -> bool:
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


def _keep(
    credentials: Credentials, name: str, secret: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Store a secret and return the one that it replaces. Waits for another Panelist that is
    renewing the old one."""
    with credentials.lock(name, PATIENCE):
        before = credentials.get(name)
        if secret is None:
            credentials.delete(name)
        else:
            credentials.put(name, secret)
    return before


def forget(credentials: Credentials, report: KeyReport) -> None:
    """Delete what :func:`admit` stored. Raises CredentialProblem."""
    _keep(credentials, secret_name(report.account, report.livemode), None)


def connect(store: Store, report: KeyReport) -> int:
    """Record the account as connected and return the connection's id. Its status becomes
    ``pending`` if it is new, was disconnected, or the key may read more than before.

    Raises KeyProblem while another account is connected.
    """
    refuse_another(store, report.account, report.livemode)
    connection_id = connections.record(
        store,
        "stripe",
        report.account,
        report.livemode,
        report.account_name,
        report.method,
    )
    sync_messages.unsay(store, connection_id, sync_messages.ACCESS)
    with store.transaction():
        connections.count_reads(store, connection_id, report.requests)
        if report.method == "oauth":  # an approval outlives news of an earlier removal
            connections.renew(store, connection_id)
    steps = connections.steps(store, connection_id)
    granted = {one.name for one in report.permissions if one.granted}
    if any(step.state == "skipped" and name in granted for name, step in steps.items()):
        connections.require_listing(store, connection_id)
    return connection_id
