"""Stripe's OAuth: what an organisation registered, the page to approve on, codes for tokens.

Facts: docs.stripe.com/stripe-apps/api-authentication/oauth (Stripe Apps) and
docs.stripe.com/connect/oauth-reference (classic Connect).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Trouble = Literal["denied", "expired", "refused", "unreachable", "senseless", "setup"]


class OAuthProblem(Exception):
    """An authorisation that did not come about; one sentence without a code or a token.

    ``kind``: "denied" by the person; "expired" or used code or refresh token; "refused" for a
    wrong id, secret or mode; "unreachable"; "senseless" answers; "setup" on this machine.
    """

    def __init__(self, kind: Trouble, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class OAuthApp:
    """What an organisation registered at Stripe, for one mode."""

    flavour: Literal["app", "connect"]
    livemode: bool
    client_id: str
    secret: str = field(repr=False)  # the secret key of the developer's own account
    authorize_url: str
    token_base: str
    redirect_uri: str
