"""Disconnects an account: polling stops, and the access is deleted here and revoked at Stripe. The
synced data stays."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from app.credentials.store import CredentialProblem, Credentials
from app.db import connections
from app.db.store import Store
from app.oauth.errors import OAuthProblem
from app.oauth.kept_tokens import PATIENCE
from app.panel.overview import ConnectionView
from app.settings import Settings
from app.sync.auth.oauth_app import registered
from app.sync.stripe.access import secret_name
from app.sync.stripe.oauth import revoke

STAYS = "Its participants and segments stay on this computer."
BY_HAND = "remove Panelist yourself in Stripe (Settings, Installed apps)"


class Disconnection(NamedTuple):
    """The result. ``said`` has a sentence for each thing that was done or not done. ``whole`` is
    False if something failed that may work at the next try."""

    said: list[str]
    whole: bool


def disconnect(
    store: Store, settings: Settings, credentials: Credentials, connection: ConnectionView
) -> Disconnection:
    """Disconnect. If a part of it failed, call it again.

    The connection ends first, so that no other Panelist continues with it. If the process is killed
    after that, the next call deletes the access. Raises DatabaseProblem.
    """
    connections.disconnect(store, connection.id, "by you")
    said, whole = [f"Disconnected. {STAYS}"], True
    name = secret_name(connection.account, connection.livemode)
    try:
        # Without the lock, another Panelist that is renewing the access would store it again.
        with credentials.lock(name, PATIENCE):
            kept = credentials.get(name) is not None
            credentials.delete(name)
        if kept:
            said.append("The stored credentials were deleted.")
    except CredentialProblem as problem:
        said.append(f"The stored credentials could not be deleted: {problem}")
        whole = False
    if connection.method != "oauth":
        said.append("The key itself stays valid. Delete it in Stripe (Developers, API keys).")
        return Disconnection(said, whole)
    try:
        said.append(_revoked(settings, credentials, connection))
    except (CredentialProblem, OAuthProblem) as problem:
        said.append(
            f"Panelist could not revoke the access in Stripe. {problem} To be sure, {BY_HAND}."
        )
        whole = False
    return Disconnection(said, whole)


def _revoked(settings: Settings, credentials: Credentials, connection: ConnectionView) -> str:
    app = registered(settings, credentials, connection.livemode)
    if app is None:
        return (
            "The access was not revoked in Stripe, because OAuth is no longer set up here."
            f" To revoke it, {BY_HAND}."
        )
    if asyncio.run(revoke(app, connection.account)):
        return "Stripe revoked the access."
    return f"Stripe did not revoke the access. To be sure, {BY_HAND}."
