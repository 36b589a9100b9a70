"""Reads the parameters of a redirect (RFC 6749, 4.1.2), which a browser brings or a person pastes.

Stripe and Google append ``code`` and ``state``, or ``error``. Other parameters vary, so nothing
depends on them (docs.stripe.com/stripe-apps/api-authentication/oauth,
developers.google.com/identity/protocols/oauth2/native-app).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from app.oauth.errors import OAuthProblem

LONGEST = 16 * 2**10  # characters of a pasted address
FIELDS = 64

_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,250}")
_HERE = re.compile(
    r"https?://(?:127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*"
)
_AROUND = "\"'`<>“”‘’«»"  # what mail, chat and shells put around an address


@dataclass(frozen=True)
class Issuer:
    """Who redirects the browser here. ``code``: what its codes look like. ``bare``: those that are
    recognised without an address around them. ``installs``: whether a person can begin there, which
    gives a redirect without a state. ``setup``: what to check if it refuses the request."""

    name: str
    setup: str
    code: re.Pattern[str]
    bare: re.Pattern[str] | None = None
    installs: bool = False


STRIPE = Issuer(
    "Stripe",
    "on “Set up OAuth” that what is entered there is what is registered at Stripe",
    re.compile(r"[A-Za-z0-9_-]{1,500}"),
    re.compile(r"ac_[A-Za-z0-9_-]{1,497}"),
    installs=True,
)
GOOGLE = Issuer(
    "Google",
    "that PANELIST_SMTP_CLIENT_ID is the client ID of a desktop app at Google",
    re.compile(r"[\x21-\x7e]{1,512}"),  # RFC 6749, A.11
)

Fault = Literal[
    "shape",  # the issuer does not send such parameters
    "no state",
    "other state",
    "failed",  # the right state, with an error other than a denial by the person
]


@dataclass(frozen=True)
class RedirectAnswer:
    """The answer in a callback, of one of three kinds."""

    kind: Literal["approved", "denied", "uninvited"]
    code: str = field(default="", repr=False)  # approved, uninvited
    account: str = ""  # uninvited: the account that the callback names, unverified
    livemode: bool | None = None  # uninvited: the mode that the callback names, if any


def can_listen(redirect_uri: str) -> bool:
    """Whether a browser on this computer reaches the listener at this address.

    It must be a literal loopback address with a port, because another program may own ``localhost``
    (RFC 8252, 7.3). Other addresses are for pasting only.
    """
    match = _HERE.fullmatch(redirect_uri)
    return match is not None and int(match[1]) < 2**16


def read_query(query: str, state: str, issuer: Issuer = STRIPE) -> RedirectAnswer | Fault:
    """Read the query of a callback, for this expected state."""
    try:
        said = parse_qs(query, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        return "shape"
    codes, states = said.get("code", []), said.get("state", [])
    if len(codes) > 1 or len(states) > 1 or (codes and "error" in said):
        return "shape"
    if codes and not issuer.code.fullmatch(codes[0]):
        return "shape"
    if not states:
        return _uninvited(codes, said) if issuer.installs else "no state"
    if not state or not compare_digest(states[0].encode(), state.encode()):
        return "other state"
    if "error" in said:
        return RedirectAnswer("denied") if said["error"] == ["access_denied"] else "failed"
    return RedirectAnswer("approved", codes[0]) if codes else "shape"


def _uninvited(codes: list[str], said: dict[str, list[str]]) -> RedirectAnswer | Fault:
    """An install that a person started in Stripe's Dashboard. It cannot have a state."""
    accounts = said.get("account_id", [])
    if not codes or len(accounts) != 1 or not _ACCOUNT.fullmatch(accounts[0]):
        return "no state"
    livemode = {"true": True, "false": False}.get(",".join(said.get("livemode", [])))
    return RedirectAnswer("uninvited", codes[0], accounts[0], livemode)


def read_pasted(
    text: str, state: str, redirect_uri: str, issuer: Issuer = STRIPE
) -> RedirectAnswer:
    """Read what a person pasted: the address of the redirect, its query string, or only the code.

    Raises OAuthProblem, kind "refused" or "senseless", which never repeats the pasted text.
    """
    if len(text) > LONGEST:
        raise _incomplete(issuer)
    pasted = "".join(text.split()).strip(_AROUND)  # a terminal wraps a long line
    if not (pasted.isascii() and pasted.isprintable()):
        raise _incomplete(issuer)
    if issuer.bare is not None and issuer.bare.fullmatch(pasted):
        return RedirectAnswer("approved", pasted)
    before, mark, query = pasted.partition("#")[0].partition("?")
    if not mark:
        before, query = "", before
    if before and _place(before, redirect_uri) != _place(redirect_uri, redirect_uri):
        raise OAuthProblem(
            "refused",
            f"This is not an address that {issuer.name} was asked to send you back to."
            " Nothing was connected. Approve again and paste the address that your browser"
            " shows.",
        )
    heard = read_query(query, state, issuer)
    if isinstance(heard, RedirectAnswer):
        return heard
    if heard == "other state":
        raise OAuthProblem(
            "refused",
            "This address belongs to another attempt. Nothing was connected. Approve on the"
            " page that was opened last, then paste the address that your browser shows.",
        )
    if heard == "failed":
        raise OAuthProblem(
            "refused",
            f"{issuer.name} refused the request. Nothing was connected. Check {issuer.setup}.",
        )
    raise _incomplete(issuer)


def _incomplete(issuer: Issuer) -> OAuthProblem:
    return OAuthProblem(
        "senseless",
        f"This is not the address that {issuer.name} sent you back to, or only part of it."
        " Nothing was connected. Copy all of it from your browser's address bar.",
    )


def _place(address: str, redirect_uri: str) -> tuple[str, str, str, int | None, str] | None:
    """The parts of an address that must be equal, normalised as browsers do. A missing scheme is
    added, because browsers hide it."""
    if "://" not in address:
        address = f"{urlsplit(redirect_uri).scheme}://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    user, _, _ = parts.netloc.rpartition("@")
    return parts.scheme, user, parts.hostname or "", port, parts.path
