"""One approval at Stripe. Its code is valid for five minutes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.oauth.browser_approval import ApprovalPage, BrowserApproval
from app.oauth.redirect import STRIPE
from app.sync.stripe.access import NewAccess, offered_tokens
from app.sync.stripe.oauth import OAuthApp, authorize_url, exchange, new_state


class Approval(BrowserApproval):
    """An approval for an app that is registered at Stripe."""

    def __init__(self, app: OAuthApp, folder: Path) -> None:
        self.app = app
        super().__init__(STRIPE, app.redirect_uri, self._page, folder)

    def _page(self) -> ApprovalPage:
        state = new_state(self.app.livemode)
        return ApprovalPage(authorize_url(self.app, state), state)


def offer_of(app: OAuthApp, code: str) -> NewAccess:
    """Exchange a code for access. It works once. Raises OAuthProblem."""
    return offered_tokens(app, asyncio.run(exchange(app, code)))
