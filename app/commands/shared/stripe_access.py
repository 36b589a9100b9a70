"""A command's access to Stripe: the key in the environment, or the stored access."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from app.commands.shared.console import say
from app.commands.shared.exit_codes import NotConnected
from app.commands.shared.slow_answers import STRIPE, say_if_slow
from app.credentials.factory import open_credentials
from app.db import connections
from app.db.store import Store
from app.settings import Settings
from app.sync.auth.connect import connect, known_connection, refuse_another
from app.sync.auth.key_check import KeyProblem, access_by_key, check_access, find_owner
from app.sync.ended_access import ENDINGS, confirmed, end_by_stripe
from app.sync.engine import LONGEST_RETRY, RETRY
from app.sync.service import SyncService
from app.sync.stripe.access import Access
from app.sync.stripe.client import ProblemKind, StripeProblem
from app.text import plain


class ConnectionAccess(NamedTuple):
    """A connection and its access. ``requests``: how many it took to find it; they count."""

    connection: int
    access: Access
    requests: int = 0


def reading_access(store: Store, settings: Settings) -> ConnectionAccess:
    """The access that the sync would use, for a command that only reads. No connection changes.

    Raises NotConnected, KeyProblem (also if the key's account is not the connected one),
    OAuthProblem, CredentialProblem and DatabaseProblem.
    """
    if settings.stripe_key:
        with say_if_slow(STRIPE):
            return _read_by_key(store, settings)
    return ConnectionAccess(*_kept_access(SyncService(store, settings, open_credentials(settings))))


def _read_by_key(store: Store, settings: Settings) -> ConnectionAccess:
    assert settings.stripe_key
    offer = access_by_key(settings.stripe_key)
    try:
        whose = find_owner(settings, offer)
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
    raise NotConnected(
        "This key's account is not connected. Nothing was changed. Run panelist sync first."
    )


def sync_access(service: SyncService) -> tuple[int, Access]:
    """The connection to sync and its access: by the key in the environment, or else the stored
    access of the connected account. Blocks for as long as Stripe and a keyring take. Raises
    NotConnected, and everything in service.PROBLEMS."""
    with say_if_slow(STRIPE):
        return _sync_by_key(service) or _kept_access(service)


def reached_access(service: SyncService) -> tuple[int, Access]:
    """As :func:`sync_access`, but tries until Stripe can be reached, for a process that starts
    before the network."""
    pause, told = RETRY, ""
    while True:
        try:
            return sync_access(service)
        except KeyProblem as problem:
            if problem.kind is not ProblemKind.UNREACHABLE:
                raise
            if str(problem) != told:
                told = str(problem)
                say(f"{plain(told, 1000)} Panelist tries again automatically.")
        time.sleep(pause)
        pause = min(LONGEST_RETRY, pause * 2)


def _sync_by_key(service: SyncService) -> tuple[int, Access] | None:
    """The account of the key in the environment, which is never stored. None without a key."""
    store, settings = service.store, service.settings
    if not settings.stripe_key:
        return None
    offer = access_by_key(settings.stripe_key)
    try:
        known = known_connection(settings, store, offer)
        if known is not None:
            return known, offer.access
        report = check_access(settings, offer)
    except KeyProblem as problem:
        if problem.kind not in (ProblemKind.REVOKED, ProblemKind.EXPIRED):
            raise
        refused = StripeProblem(problem.kind, str(problem), seq=1)
        if asyncio.run(confirmed(settings, offer.access, refused)) is None:
            raise
        for connected, _, _ in connections.connected(store):
            end_by_stripe(store, connected, problem.kind, offer.access)
        text = f"{ENDINGS[problem.kind][1]} Existing data is still available."
        raise NotConnected(text) from None
    return connect(store, report), offer.access


def _kept_access(service: SyncService) -> tuple[int, Access]:
    """The connected account and its stored access. Raises NotConnected."""
    found = service.resume()
    if found is not None:
        return found
    for _, account, _ in connections.connected(service.store):
        raise NotConnected(
            f"{plain(account)} is connected, but there is no key here. Existing data is"
            " still available. Connect again with panelist connect, or set"
            " PANELIST_STRIPE_KEY."
        )
    raise NotConnected(
        "Not connected. Run panelist connect, or set PANELIST_STRIPE_KEY to a restricted"
        " key, or try panelist demo."
    )
