"""Leaving an account: polling stops, its access is deleted here and taken back at Stripe, and
what was fetched stays."""

from __future__ import annotations

import asyncio

from app.credentials.store import CredentialProblem, Credentials
from app.db import connections
from app.db.store import Store
from app.panel.overview import ConnectionView
from app.settings import Settings
from app.sync.access import secret_name
from app.sync.oauth import OAuthProblem, revoke
from app.sync.registered import registered

STAYS = "Its participants and segments stay on this computer and can be used."
BY_HAND = "remove Panelist there by hand (Settings, Installed apps)"


def disconnect(
    store: Store, settings: Settings, credentials: Credentials, connection: ConnectionView
) -> list[str]:
    """Leave; what was done, a sentence each. It may be said again when a part of it failed.

    The connection ends first, so that no other Panelist goes on with it; a kill after that
    leaves access that the next call deletes. Raises DatabaseProblem.
    """
    connections.disconnect(store, connection.id, "by you")
    done = [f"Disconnected. {STAYS}"]
    name = secret_name(connection.account, connection.livemode)
    try:
        kept = credentials.get(name) is not None
        credentials.delete(name)
        if kept:
            done.append("The access that was kept here is deleted.")
    except CredentialProblem as problem:
        done.append(f"The access that is kept here could not be deleted: {problem}")
    if connection.method == "oauth":
        done.append(_revoked(settings, credentials, connection))
    else:
        done.append("The key itself stays valid: delete it at Stripe (Developers, API keys).")
    return done


def _revoked(settings: Settings, credentials: Credentials, connection: ConnectionView) -> str:
    try:
        app = registered(settings, credentials, connection.livemode)
        if app is None:
            return f"Stripe was not told, because OAuth is no longer set up here: {BY_HAND}."
        if asyncio.run(revoke(app, connection.account)):
            return "Stripe has taken the access back."
    except (CredentialProblem, OAuthProblem) as problem:
        return f"Stripe could not be told ({problem}) To be sure, {BY_HAND}."
    return f"Stripe did not take the access back; to be sure, {BY_HAND}."
