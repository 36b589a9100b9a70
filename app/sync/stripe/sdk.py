"""stripe-python, for requests that are sent once: tokens, the account, key checks; and for webhook
signatures. Import this module where it is used, because with httpx it takes 0.3 seconds.

Its requests go through our own :class:`Transport`, because its own clients bring a list of
certificates. Nothing is retried here: using a code twice ends the connection.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, Literal

from app.httpx_setup import prepare_httpx
from app.network_failures import WireProblem
from app.sync.stripe.transport import VERSION, Headers, Reply, Transport

prepare_httpx()
os.environ.pop("STRIPE_LOG", None)  # would print codes and tokens on standard error
_requests = sys.modules.get("requests")
if _requests is None:  # only for its own client, which is unused and takes 0.1 seconds to import
    sys.modules["requests"] = None  # type: ignore[assignment]
import stripe  # noqa: E402

if _requests is None:
    del sys.modules["requests"]
stripe.enable_telemetry = False  # would write a file and report latencies to Stripe
logging.getLogger("stripe").disabled = True  # would log codes and tokens

SENT = ("Authorization", "Stripe-Account", "Stripe-Version", "Idempotency-Key")


class _OurClient(stripe.HTTPClient):
    """Sends one request of stripe-python through a transport, and keeps the answer. Leaves out what
    stripe-python would report about this computer."""

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
    """Requests to one server by stripe-python, with the interface of :class:`Transport`."""

    def __init__(self, base: str, headers: Headers) -> None:
        self._base = base
        self._wire = Transport(base, {})
        self.send_with(headers)

    def send_with(self, headers: Headers) -> None:
        """See :meth:`Transport.send_with`. ``headers`` must have an Authorization."""
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
            # A refusal, or an answer that is not Stripe's and has no error class in stripe-python.
            # The caller interprets the answer itself, because stripe-python's errors drop headers.
            if ours.reply is None:
                raise WireProblem("stripe-python could not ask") from error
        assert ours.reply
        return ours.reply


def signed(body: bytes, header: str, secret: str) -> bool:
    """Whether this secret signed a webhook's body, which is UTF-8. The caller checks the
    signature's time."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret)
    except (stripe.SignatureVerificationError, TypeError):  # TypeError: a v1 that is not ASCII
        return False
    return True
