"""Decides which request to the callback listener completes an authorisation.

Every program on this computer can reach the listener, and every web page can send a browser to it.
So only a navigation with the expected state counts, and only once. Nothing else has an effect.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from app.oauth.callback_connection import CallbackRequest
from app.oauth.redirect import STRIPE, Fault, Issuer, RedirectAnswer, read_query

APART = 5.0  # seconds between two uninvited callbacks that are passed on
UNINVITED = 20  # uninvited callbacks that are passed on in total

BACK = "You can close this page and go back to the terminal."
APPROVED = f"Panelist has received the approval. {BACK}"
DENIED = f"You denied access. Nothing was connected. {BACK}"
INSTALLED = "Go back to Panelist and choose whether to accept it."
USED = f"Panelist already has this approval. {BACK}"
BUSY = "Answer the question about the other account first, then try again."
UNASKED = 403, "This request did not come from Panelist, which is still waiting for your approval."
FAULTS: dict[Fault, tuple[int, str]] = {
    "shape": (
        400,
        "This approval is not from your latest attempt. Go back to Panelist and start again.",
    ),
    "no state": UNASKED,
    "other state": UNASKED,
    "failed": (400, "The request itself was refused. Go back to Panelist and check its setup."),
}


class CallbackRules:
    """The rules for one listener. ``tell`` is called with each accepted answer before the response
    is written; it must not block."""

    def __init__(
        self,
        redirect_uri: str,
        tell: Callable[[RedirectAnswer], None],
        clock: Callable[[], float] = time.monotonic,
        issuer: Issuer = STRIPE,
    ) -> None:
        place = urlsplit(redirect_uri)
        self._path = place.path.encode()
        self._hosts = [place.netloc.encode()]
        if place.port == {"http": 80, "https": 443}[place.scheme]:  # browsers omit the default port
            self._hosts.append(place.netloc.rpartition(":")[0].encode())
        self._tell = tell
        self._clock = clock
        self._issuer = issuer
        self._lock = threading.Lock()
        self._state = self._used = ""
        self._uninvited: RedirectAnswer | None = None
        self._next_at = 0.0
        self._left = UNINVITED

    def expect(self, state: str) -> None:
        """Accept exactly this state from now on, once."""
        with self._lock:
            self._state = state

    def judge(self, request: CallbackRequest) -> tuple[int, str]:
        """The status and the sentence to answer with."""
        hosts = request.every(b"host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 421, "This address does not belong to Panelist."  # DNS rebinding
        path, _, query = request.target.partition(b"?")
        if path != self._path:
            return 404, "Page not found."
        if request.method != b"GET":
            return 405, "This page is only for returning from an approval."
        if any(use != b"document" for use in request.every(b"sec-fetch-dest")):
            return UNASKED  # an image, a frame or a script of a page
        with self._lock:
            return self._weigh(query.decode("latin-1"))

    def _weigh(self, query: str) -> tuple[int, str]:
        said = read_query(query, self._state, self._issuer)
        if said == "other state" and self._was_used(query):
            return 409, USED
        if not isinstance(said, RedirectAnswer):
            return FAULTS[said]
        if said.kind == "uninvited":
            return self._weigh_uninvited(said)
        self._state, self._used = "", self._state
        self._tell(said)
        return 200, APPROVED if said.kind == "approved" else DENIED

    def _was_used(self, query: str) -> bool:
        return read_query(query, self._used, self._issuer) != "other state"

    def _weigh_uninvited(self, said: RedirectAnswer) -> tuple[int, str]:
        """Pass on only a few uninvited callbacks, and slowly. Any page can cause them, and each
        asks a person a question."""
        if said != self._uninvited:  # otherwise the page was only reloaded
            if self._left == 0 or self._clock() < self._next_at:
                return 429, BUSY
            self._uninvited, self._next_at = said, self._clock() + APART
            self._left -= 1
            self._tell(said)
        return 200, INSTALLED
