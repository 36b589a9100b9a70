"""Handles ``account.application.deauthorized``: an account has removed our app.

Stripe sends this event only to the app's own endpoint, so polling never sees it. If it is certain
that the event is about the access in use, the connection ends at once. Otherwise a poll asks Stripe
whether that access still works. Source: docs.stripe.com/api/events/types and /stripe-apps/events.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from app.credentials.store import CredentialProblem
from app.db import connections, event_hints
from app.oauth.errors import OAuthProblem
from app.panel.overview import ConnectionView, accounts
from app.sync.ended_access import end_by_stripe
from app.sync.service import SyncService
from app.sync.stripe.access import Access, KeyAccess, secret_name
from app.sync.stripe.client import ProblemKind
from app.web.webhook_events import WebhookEvent

Ended = Literal["ended", "asked", "old", "nobody's"]


def end(service: SyncService, event: WebhookEvent) -> Ended:
    """Delete the access and end the connection, if the event is about this connection.

    May wait for a keyring. An ended connection is permanent when this returns. Raises
    DatabaseProblem.
    """
    found = event.owner(connections.connected(service.store)) if event.account else None
    if found is None:
        return "nobody's"
    connection = next(one for one in accounts(service.store) if one.id == found[0])
    if event.created < connection.connected_at:
        return "old"  # Stripe retries for days, so the account may have been connected again
    if not _is_about_our_app(service, connection, event):
        event_hints.leave_hints(service.store, connection.id, [event_hints.ASK])
        return "asked"
    access = _stored_access(service, connection)
    end_by_stripe(service.store, connection.id, ProblemKind.REVOKED, access)
    return "ended"


def _is_about_our_app(
    service: SyncService, connection: ConnectionView, event: WebhookEvent
) -> bool:
    """Whether the event is about the app of this connection.

    A key belongs to no app. An organisation with several apps may use one endpoint for all of them,
    so a client id in the event must be ours. An app id of another kind decides nothing.
    """
    if connection.method != "oauth":
        return False
    with suppress(OAuthProblem, CredentialProblem):
        app = service.oauth_app(connection.livemode)
        if app is not None and event.about.startswith("ca_"):
            return event.about == app.client_id
    return True


def _stored_access(service: SyncService, connection: ConnectionView) -> Access:
    """The access of the connection, to be deleted."""
    account, livemode = connection.account, connection.livemode
    with suppress(OAuthProblem, CredentialProblem):
        kept = service.kept(account, livemode)
        if kept is not None:
            return kept
    name = secret_name(account, livemode)  # delete the secret even if it is unreadable
    return KeyAccess("", livemode=livemode, forget=lambda: service.credentials.delete(name))
