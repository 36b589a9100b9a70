"""stripe-python, for what is asked once: tokens, the account, whether a key works, and webhook
signatures. Import this module where it is used: with httpx it takes 0.3 seconds.

Its requests go through our own :class:`Transport`, since its own clients bring a list of
certificates along. Nothing is tried again here: a code that is used twice ends the connection.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal

from app.sync.stripe.transport import (
    VERSION,
    Headers,
    Reply,
    Transport,
    WireProblem,
    prepare_httpx,
)

prepare_httpx()
os.environ.pop("STRIPE_LOG", None)  # it would print codes and tokens on standard error
_requests = sys.modules.get("requests")
if _requests is None:  # for its own client, which is not used, and takes 0.1 seconds to import
    sys.modules["requests"] = None  # type: ignore[assignment]
import stripe  # noqa: E402

if _requests is None:
    del sys.modules["requests"]
stripe.enable_telemetry = False  # it would write a file, and tell Stripe how long answers took
logging.getLogger("stripe").disabled = True  # it logs codes and tokens

SENT = ("Authorization", "Stripe-Account", "Stripe-Version", "Idempotency-Key")


class _OurClient(stripe.HTTPClient):
    """Hands one request of stripe-python's to a transport, and keeps what came. What it would
    tell of this computer stays out of the request."""

    name = "panelist"

    def __init__(self, wire: Transport, base: str) -> None:
        super().__init__()
        self._wire = wire
        self._base = base
        self.reply: Reply | None = None

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[Any, int, Mapping[str, str]]:
        """(body, status, headers), as stripe-python wants them. Raises WireProblem."""
        self._wire.send_with({name: headers[name] for name in SENT if name in headers})
        target = url.removeprefix(self._base)
        if method == "post":
            self.reply = await self._wire.post(target, post_data or "")
        else:
            self.reply = await self._wire.get(target, {})
        status, received, body = self.reply
        return body.decode("utf-8", "replace"), status, received


class SdkTransport:
    """Requests to one server by stripe-python, with the doors of :class:`Transport`."""

    def __init__(self, base: str, headers: Headers) -> None:
        self._base = base
        self._wire = Transport(base, {})
        self.send_with(headers)

    def send_with(self, headers: Headers) -> None:
        """See :meth:`Transport.send_with`. ``headers`` hold an Authorization."""
        self._headers = headers

    async def close(self) -> None:
        """See :meth:`Transport.close`."""
        await self._wire.close()

    async def get(self, path: str, query: dict[str, str | int]) -> Reply:
        """See :meth:`Transport.get`."""
        return await self._ask("get", path, query)

    async def post(self, path: str, form: dict[str, str]) -> Reply:
        """See :meth:`Transport.post`."""
        return await self._ask("post", path, form)

    async def _ask(
        self, method: Literal["get", "post"], path: str, parameters: Mapping[str, Any]
    ) -> Reply:
        ours = _OurClient(self._wire, self._base)
        client = stripe.StripeClient(
            self._headers["Authorization"].rpartition(" ")[2],
            stripe_version=VERSION,
            base_addresses={"api": self._base, "connect": self._base},
            max_network_retries=0,
            http_client=ours,
        )
        try:
            await client.raw_request_async(method, path, headers=self._headers, **parameters)
        except (stripe.StripeError, AttributeError, TypeError) as error:
            # A refusal, or nothing of Stripe's, whose errors stripe-python has no class for. What
            # it means is told by whoever asked, from what came: its own errors drop headers.
            if ours.reply is None:
                raise WireProblem("stripe-python could not ask") from error
        assert ours.reply
        return ours.reply


def signed(body: bytes, header: str, secret: str) -> bool:
    """Whether this secret signed a webhook's body, which is UTF-8. Its time is for the caller to
    judge."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret)
    except (stripe.SignatureVerificationError, TypeError):  # a v1 that is not ASCII
        return False
    return True
