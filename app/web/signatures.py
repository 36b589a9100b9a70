"""Whether a request is from Stripe: the Stripe-Signature header over the bytes that came.

The scheme (docs.stripe.com/webhooks#verify-manually): ``t=<seconds>,v1=<hex>[,v1=<hex>…]``, where
v1 is HMAC-SHA256 over ``<t>.<body>`` with the whole ``whsec_…`` text as the key, once for every
secret that is valid while one is rolled. v0 is for Stripe's own tests and counts for nothing.
stripe-python checks it. Unlike there, a time in the future is refused too, or what someone got
signed once could be sent again at any later time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.web.rejections import Rejected

TOLERANCE = 300  # seconds, to both sides; Stripe's default

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def check(header: str | None, body: bytes, secrets: Sequence[str], now: float) -> None:
    """Raise Rejected unless one of the secrets signed this body within the tolerance of ``now``
    (seconds since 1970)."""
    at = _read(header)
    try:
        body.decode()  # what Stripe signs is text
    except UnicodeDecodeError:
        raise Rejected(
            "Webhook refused: not UTF-8",
            "The body is not UTF-8. Nothing was stored. Pass it on as Stripe sent it.",
        ) from None
    if not _signed(header or "", body, secrets):
        raise Rejected(
            "Webhook refused: its signature matches no known secret",
            "The signature matches none of the known secrets, or the body was changed on"
            " the way. Nothing was stored. Compare the secret with the endpoint's secret in"
            " Stripe.",
        )
    if at < now - TOLERANCE:
        raise Rejected(
            "Webhook refused: its signature is too old; check the clock of this computer",
            f"The signature is more than {TOLERANCE} seconds old. Nothing was stored. Check"
            " this computer's clock. Stripe signs each new attempt again.",
            ahead=now - at,
        )
    if at > now + TOLERANCE:
        raise Rejected(
            "Webhook refused: its signature is from the future; check the clock of this computer",
            f"The signature is more than {TOLERANCE} seconds in the future. Nothing was"
            " stored. Check this computer's clock.",
            ahead=now - at,
        )


def _read(header: str | None) -> int:
    """The time, where there is a signature to check too."""
    if not header:
        raise Rejected(
            "Webhook refused: it has no signature",
            "The Stripe-Signature header is missing. Nothing was stored. Only Stripe's own"
            " requests are accepted.",
        )
    parts = [part.partition("=") for part in header.split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    if not (_SECONDS.fullmatch(at) and any(name == "v1" for name, _, _ in parts)):
        raise Rejected(
            "Webhook refused: its signature cannot be read",
            "The Stripe-Signature header has no time (t) or no v1 signature. Nothing was"
            " stored. Pass the header on as Stripe sent it.",
        )
    return int(at)


def _signed(header: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Every secret is tried, whichever fits, so that the time it takes tells nothing."""
    from app.sync.stripe.sdk import signed

    fits = [signed(body, header, secret) for secret in secrets]
    return any(fits)
