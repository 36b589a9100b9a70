"""What happens when Stripe no longer accepts the access, and how that becomes certain.

A single refusal may be a fault of Stripe's, or of something on the way. So Stripe is asked once
more, after a pause and on another endpoint, before a connection ends and its access is deleted.
"""

from __future__ import annotations

import asyncio

from app.credentials.store import CredentialProblem
from app.db import connections, sync_messages
from app.db.store import Store
from app.settings import Settings
from app.sync.stripe.access import Access
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.pages import any_object

PAUSE = 2.0  # seconds before the second question

# A key that worked before and is unknown now was deleted or rolled.
ENDINGS = {
    ProblemKind.REVOKED: ("by Stripe", "Disconnected. Access was revoked in Stripe."),
    ProblemKind.INVALID_KEY: (
        "by Stripe",
        "Disconnected. The key was deleted or rotated in Stripe.",
    ),
    ProblemKind.EXPIRED: ("expired", "Disconnected. The key has expired."),
}


async def confirmed(
    settings: Settings, access: Access, problem: StripeProblem
) -> StripeProblem | None:
    """The refusal of the access, if Stripe repeats it after a pause. None if it does not.

    ``problem`` is what was refused first. A refusal to renew tokens is Stripe's last word and is
    not asked about again.
    """
    if not problem.seq:
        return problem
    await asyncio.sleep(PAUSE)
    async with StripeApi(settings.stripe_api_base, access, settings.rate) as api:
        try:
            await api.get("/v1/account", "/v1/account", {}, any_object)
        except StripeProblem as again:
            return again if again.kind in ENDINGS else None
    return None


def end_by_stripe(store: Store, connection_id: int, kind: ProblemKind, access: Access) -> None:
    """End a connection whose access stopped working. The access is deleted, and the data stays."""
    reason, text = ENDINGS[kind]
    connections.disconnect(store, connection_id, reason)
    text += " Existing data is still available. Connect again to continue syncing."
    try:
        access.forget()
    except CredentialProblem as problem:
        text += f" The stored credentials could not be deleted: {problem}"
    sync_messages.record_message(store, connection_id, "error", sync_messages.ACCESS, text)
