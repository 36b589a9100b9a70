"""The signing secrets of webhook endpoints, from the environment or from the credential storage.

Stripe shows the secret of an endpoint when it is created or rolled. For up to 24 hours after a roll
both secrets sign (docs.stripe.com/webhooks#roll-endpoint-secrets), so the last two are stored.
"""

from __future__ import annotations

import re
from typing import Any

from app.credentials.store import Credentials
from app.problems import Problem
from app.settings import Settings

NAME = "stripe webhook"  # in the credential store
KEEP = 2

_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,240}", re.ASCII)


class SecretProblem(Problem):
    """There is no secret, or the text cannot be one. The message never contains it."""


def known(settings: Settings, credentials: Credentials) -> tuple[str, ...]:
    """The secrets to try: those of the environment if it has any, otherwise the stored ones.

    Raises SecretProblem if there are none, and CredentialProblem.
    """
    given = tuple(part.strip() for part in (settings.webhook_secret or "").split(","))
    given = tuple(part for part in given if part)
    if not all(_SECRET.fullmatch(part) for part in given):
        raise SecretProblem(
            "PANELIST_WEBHOOK_SECRET is not a signing secret. Nothing was started. A"
            " signing secret starts with whsec_. Separate several with commas."
        )
    found = given or kept(credentials)
    if not found:
        raise SecretProblem(
            "No signing secret is set. Nothing was started. Set PANELIST_WEBHOOK_SECRET, or"
            " store it once with panelist serve --secret-stdin. Stripe shows the secret"
            " (whsec_…) with the endpoint, and stripe listen --forward-to … prints one."
        )
    return found


def kept(credentials: Credentials) -> tuple[str, ...]:
    """The stored secrets, the newest first. Raises CredentialProblem."""
    found: Any = (credentials.get(NAME) or {}).get("secrets")
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def keep(credentials: Credentials, secret: str) -> tuple[str, ...]:
    """Store a new secret beside the one before it. Returns all that are stored now.

    Raises SecretProblem if it cannot be a secret, and CredentialProblem if it cannot be stored.
    """
    secret = secret.strip()
    if not _SECRET.fullmatch(secret):
        raise SecretProblem(
            "This is not a signing secret. Nothing was stored. A signing secret starts with"
            " whsec_. Check that you gave the complete secret and nothing else."
        )
    credentials.ensure()
    with credentials.lock(NAME, 5.0):
        others = [one for one in kept(credentials) if one != secret]
        all_of_them = [secret, *others][:KEEP]
        credentials.put(NAME, {"secrets": all_of_them})
    return tuple(all_of_them)
