"""With what a command asks Stripe: the key of the environment, or the access that is kept."""

from __future__ import annotations

from typing import NamedTuple

from app.credentials.factory import open_credentials
from app.db import connections
from app.db.store import Store
from app.settings import Settings
from app.sync.auth.connect import KeyProblem, offered, owner, refuse_another
from app.sync.service import SyncService
from app.sync.stripe.access import Access
from app.sync.stripe.client import ProblemKind
from app.text import plain


class NotConnected(Exception):
    """There is nothing to ask Stripe with; the text says why, and what to do."""


class ConnectionAccess(NamedTuple):
    """A connection and its access. ``requests``: what finding it took; they are counted."""

    connection: int
    access: Access
    requests: int = 0


def find_access(store: Store, settings: Settings) -> ConnectionAccess:
    """What the sync would use, for whoever only reads: it changes no connection.

    Raises NotConnected, KeyProblem (also for a key of another account than the one that is
    connected), OAuthProblem, CredentialProblem and DatabaseProblem.
    """
    if settings.stripe_key:
        return _by_key(store, settings)
    return ConnectionAccess(*kept_access(SyncService(store, settings, open_credentials(settings))))


def _by_key(store: Store, settings: Settings) -> ConnectionAccess:
    assert settings.stripe_key
    offer = offered(settings.stripe_key)
    try:
        whose = owner(settings, offer)
    except KeyProblem as problem:
        if problem.kind in (ProblemKind.REVOKED, ProblemKind.EXPIRED):
            raise NotConnected(f"{problem} Nothing was changed here.") from None
        raise
    refuse_another(store, whose.account, whose.livemode)
    for connection, account, livemode in connections.connected(store):
        if (account, livemode) == (whose.account, whose.livemode):
            with store.transaction():
                connections.count_reads(store, connection, whose.requests)
            return ConnectionAccess(connection, offer.access, whose.requests)
    raise NotConnected("The account of this key is not connected. Run panelist sync first.")


def kept_access(service: SyncService) -> tuple[int, Access]:
    """The account that is connected, and the access that is kept for it. Raises NotConnected."""
    found = service.resume()
    if found is not None:
        return found
    for _, account, _ in connections.connected(service.store):
        raise NotConnected(
            f"{plain(account)} is connected, but there is no key here. Connect again (panelist"
            " connect), or set PANELIST_STRIPE_KEY."
        )
    raise NotConnected(
        "Not connected. Run panelist connect, or set PANELIST_STRIPE_KEY to a restricted key, or"
        " try: panelist demo"
    )
