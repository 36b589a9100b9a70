"""Recognises or stores checked access, and records the connection.

Access is stored before the connection is recorded. So if the process is killed in between, there is
something to connect with, and never a connection that has no access for an unknown reason.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from app.credentials.store import Credentials
from app.db import connections
from app.db.store import Store
from app.oauth.kept_tokens import PATIENCE
from app.settings import Settings
from app.sync.auth.key_check import (
    UNNAMED,
    KeyProblem,
    KeyReport,
    check_access,
    find_owner,
    sees_one_of,
)
from app.sync.stripe.access import NewAccess, secret_name

KNOWN = 3  # customers that are asked for to recognise an account


def known_connection(settings: Settings, store: Store, offer: NewAccess) -> int | None:
    """The connection for which this access was checked before, at the cost of one request. None if
    it has to be checked (again). Raises KeyProblem."""
    connected = connections.connected(store)
    if not connected:
        return None
    (connection_id, account, livemode), *_ = connected
    steps = connections.steps(store, connection_id)
    if any(step.state in ("skipped", "pending") for step in steps.values()):
        return None
    whose = find_owner(settings, offer)
    with store.transaction():
        connections.count_reads(store, connection_id, whose.requests)
    return connection_id if (whose.account, whose.livemode) == (account, livemode) else None


def refuse_another(store: Store, account: str, livemode: bool) -> None:
    """Raise KeyProblem if another account is connected, or this one in the other mode."""
    for _, connected, mode in connections.connected(store):
        if (connected, mode) != (account, livemode):
            raise KeyProblem(
                f"Another account is connected ({connected}, {'live' if mode else 'test'})."
                " Nothing was changed. Disconnect it first. Its participants and segments"
                " are kept."
            )


def check_and_store(
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
            before = _replace_secret(
                credentials, secret_name(offer.account, livemode), offer.secret
            )
    try:
        report = _recognised_by_data(settings, store, check_access(settings, offer), offer)
        refuse_another(store, report.account, livemode)
    except BaseException:  # a person may stop it here, and the access would stay valid for a year
        if offer.account and credentials is not None:
            _replace_secret(credentials, secret_name(offer.account, livemode), before)
        raise
    if credentials is not None and not offer.account:
        _replace_secret(credentials, secret_name(report.account, livemode), offer.secret)
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
        seen = asyncio.run(sees_one_of(settings, offer, known)) if known else False
        if seen:
            return replace(report, account=account, requests=report.requests + len(known))
    return report


def _replace_secret(
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


def delete_access(credentials: Credentials, report: KeyReport) -> None:
    """Delete what :func:`check_and_store` stored. Raises CredentialProblem."""
    _replace_secret(credentials, secret_name(report.account, report.livemode), None)


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
    with store.transaction():
        connections.count_reads(store, connection_id, report.requests)
        if report.method == "oauth":  # an approval outlives news of an earlier removal
            connections.renew(store, connection_id)
    steps = connections.steps(store, connection_id)
    granted = {one.name for one in report.permissions if one.granted}
    if any(step.state == "skipped" and name in granted for name, step in steps.items()):
        connections.require_listing(store, connection_id)
    return connection_id
