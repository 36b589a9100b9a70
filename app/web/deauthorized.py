"""Stripe says that an account removed our app: ``account.application.deauthorized``.

It is sent to the app's own endpoint only, so polling never sees it. It ends a connection at once
when it is certain to speak of the access in use; otherwise Stripe is asked, by a poll, whether
that access still works. Source: docs.stripe.com/api/events/types and /stripe-apps/events.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from app.credentials.store import CredentialProblem
from app.db import connections
from app.db import event_hints as hints
from app.panel.overview import ConnectionView, accounts
from app.sync.engine import end_by_stripe
from app.sync.service import SyncService
from app.sync.stripe.access import Access, KeyAccess, secret_name
from app.sync.stripe.client import ProblemKind
from app.sync.stripe.oauth import OAuthProblem
from app.web.events import WebhookEvent

Ended = Literal["ended", "asked", "old", "nobody's"]


def end(service: SyncService, event: WebhookEvent) -> Ended:
    """Delete the access and end the connection, if the event is about it. May wait for a
    keyring; when the connection has ended, that is permanent. Raises DatabaseProblem."""
    found = event.owner(connections.connected(service.store)) if event.account else None
    if found is None:
        return "nobody's"
    connection = next(one for one in accounts(service.store) if one.id == found[0])
    if event.created < connection.connected_at:
        return "old"  # Stripe goes on trying for days: somebody has connected again meanwhile
    if not _is_ours(service, connection, event):
        hints.tell(service.store, connection.id, [hints.ASK])
        return "asked"
    access = _access(service, connection)
    end_by_stripe(service.store, connection.id, ProblemKind.REVOKED, access)
    return "ended"


def _is_ours(service: SyncService, connection: ConnectionView, event: WebhookEvent) -> bool:
    """A key belongs to no app; and an organisation with several apps may have one endpoint for
    all of them. What Stripe calls an app that is not known by a client id decides nothing."""
    if connection.method != "oauth":
        return False
    with suppress(OAuthProblem, CredentialProblem):
        app = service.registered(connection.livemode)
        if app is not None and event.about.startswith("ca_"):
            return event.about == app.client_id
    return True


def _access(service: SyncService, connection: ConnectionView) -> Access:
    """What is to be forgotten."""
    account, livemode = connection.account, connection.livemode
    with suppress(OAuthProblem, CredentialProblem):
        kept = service.kept(account, livemode)
        if kept is not None:
            return kept
    name = secret_name(account, livemode)  # also of what can no longer be read
    return KeyAccess("", livemode=livemode, forget=lambda: service.credentials.delete(name))
