"""Reads the parameters of Stripe's redirect, which a browser brings or a person pastes.

Stripe Apps and Connect append ``code`` and ``state``, or ``error``. Other parameters vary, so
nothing depends on them (docs.stripe.com/stripe-apps/api-authentication/oauth).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from app.sync.stripe.oauth import OAuthProblem

LONGEST = 16 * 2**10  # characters of a pasted address
FIELDS = 64

_CODE = re.compile(r"[A-Za-z0-9_-]{1,500}")
_BARE = re.compile(r"ac_[A-Za-z0-9_-]{1,497}")
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,250}")
_HERE = re.compile(
    r"https?://(?:127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*"
)
_AROUND = "\"'`<>“”‘’«»"  # what mail, chat and shells put around an address

Fault = Literal[
    "shape",  # Stripe does not send such parameters
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


def read_query(query: str, state: str) -> RedirectAnswer | Fault:
    """Read the query of a callback, for this expected state."""
    try:
        said = parse_qs(query, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        return "shape"
    codes, states = said.get("code", []), said.get("state", [])
    if len(codes) > 1 or len(states) > 1 or (codes and "error" in said):
        return "shape"
    if codes and not _CODE.fullmatch(codes[0]):
        return "shape"
    if not states:
        return _uninvited(codes, said)
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


def read_pasted(text: str, state: str, redirect_uri: str) -> RedirectAnswer:
    """Read what a person pasted: the address of the redirect, its query string, or only the code.

    Raises OAuthProblem, kind "refused" or "senseless", which never repeats the pasted text.
    """
    if len(text) > LONGEST:
        raise _incomplete()
    pasted = "".join(text.split()).strip(_AROUND)  # a terminal wraps a long line
    if not (pasted.isascii() and pasted.isprintable()):
        raise _incomplete()
    if _BARE.fullmatch(pasted):
        return RedirectAnswer("approved", pasted)
    before, mark, query = pasted.partition("#")[0].partition("?")
    if not mark:
        before, query = "", before
    if before and _place(before, redirect_uri) != _place(redirect_uri, redirect_uri):
        raise OAuthProblem(
            "refused",
            "This is not an address that Stripe was asked to send you back to. Nothing was"
            " connected; approve again and paste the address you arrive at.",
        )
    heard = read_query(query, state)
    if isinstance(heard, RedirectAnswer):
        return heard
    if heard == "other state":
        raise OAuthProblem(
            "refused",
            "This answer belongs to another attempt to connect. Nothing was connected; approve"
            " on the page that was opened last, and paste the address you arrive at.",
        )
    if heard == "failed":
        raise OAuthProblem(
            "refused",
            "Stripe refused the request itself. Nothing was connected; check on “Set up OAuth”"
            " that what is entered there is what is registered at Stripe.",
        )
    raise _incomplete()


def _incomplete() -> OAuthProblem:
    return OAuthProblem(
        "senseless",
        "This is not the address that Stripe sent you back to, or only a part of it. Nothing was"
        " connected; copy all of it from the browser's address bar.",
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
