"""One approval at Stripe: open a page, then wait for a callback or a pasted address.

The person approves in a browser, which may be on another computer. Then Stripe redirects the
browser to the listener here, or the person pastes the address of the redirect.
"""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.sync.auth.callback import Callback
from app.sync.auth.redirect import RedirectAnswer, can_listen, read_pasted
from app.sync.stripe.access import NewAccess, offered_tokens
from app.sync.stripe.oauth import OAuthApp, OAuthProblem, authorize_url, exchange, new_state

PATIENCE = 600.0  # seconds for a person to approve; Stripe's code is valid for five minutes
OPENING = 5.0  # seconds in which a browser may report that it cannot be started

_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


class Approval:
    """Receives one approval. Use it as a context manager; :meth:`ask` returns the page to open.
    Before that, only an install from Stripe's Dashboard can arrive.

    ``url`` is the newest page. ``trouble`` says why no callback can be received here, so that only
    pasting works.
    """

    def __init__(self, app: OAuthApp, folder: Path) -> None:
        self.app = app
        self.url = ""
        self.trouble = ""
        self._state = ""
        self._folder = folder
        self._answers: queue.SimpleQueue[RedirectAnswer | None] = queue.SimpleQueue()
        self._callback: Callback | None = None
        self._until: float | None = None

    def __enter__(self) -> Approval:
        if not can_listen(self.app.redirect_uri):
            self.trouble = (
                f"Stripe redirects to {self.app.redirect_uri}, which is not this program: paste"
                " the address that the browser shows afterwards."
            )
            return self
        callback = Callback(self.app.redirect_uri, self._folder, self._answers.put)
        try:
            callback.start()
            self._callback = callback
        except OAuthProblem as problem:
            self.trouble = str(problem)
        return self

    def ask(self) -> str:
        """The page to approve on. Earlier pages stop working."""
        self._state = new_state(self.app.livemode)
        self.url = authorize_url(self.app, self._state)
        self._until = time.monotonic() + PATIENCE
        if self._callback is not None:
            self._callback.expect(self._state)
        return self.url

    def __exit__(self, *_: object) -> None:
        if self._callback is not None:
            self._callback.close()
            self._callback = None

    def paste(self, text: str) -> None:
        """Accept what a person pasted: the address of the redirect, or a code.

        Raises OAuthProblem if it is neither; the wait goes on.
        """
        self._answers.put(read_pasted(text, self._state, self.app.redirect_uri))

    def cancel(self) -> None:
        """End the wait, from any thread."""
        self._answers.put(None)

    def wait(self) -> RedirectAnswer | None:
        """Wait for the answer; None if the wait was cancelled.

        A person must accept an "uninvited" answer before its code is exchanged. If they refuse, you
        can wait again. Raises OAuthProblem if no answer arrives within ten minutes of :meth:`ask`,
        or if the person denied the approval.
        """
        try:
            left = None if self._until is None else max(0.0, self._until - time.monotonic())
            heard = self._answers.get(timeout=left)
        except queue.Empty:
            self._until = None
            raise OAuthProblem(
                "expired",
                "Nobody approved within ten minutes. Nothing was connected; start again.",
            ) from None
        if heard is not None and heard.kind == "denied":
            raise OAuthProblem(
                "denied", "The access was denied at Stripe. Nothing was connected or changed."
            )
        return heard


def offer_of(app: OAuthApp, code: str) -> NewAccess:
    """Exchange a code for access. It works once. Raises OAuthProblem."""
    return offered_tokens(app, asyncio.run(exchange(app, code)))


def open_browser(url: str, environ: Mapping[str, str]) -> str:
    """Open a page in the person's browser. Returns "" if it started, otherwise a short reason.

    The browser starts from a separate process, because it may block or write to the terminal. The
    environment of that process has none of our secrets.
    """
    if environ.get("SSH_CONNECTION") and not environ.get("BROWSER"):
        return "this is an ssh session"
    screen = sys.platform == "darwin" or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    if not screen and not environ.get("BROWSER"):
        return "there is no screen for a browser here"
    nowhere = subprocess.DEVNULL
    try:
        opened = subprocess.Popen(
            [sys.executable, "-c", _OPEN, url],
            stdin=nowhere, stdout=nowhere, stderr=nowhere,
            start_new_session=True,
            env={name: value for name, value in environ.items() if "PANELIST" not in name},
        )  # fmt: skip
        return "" if opened.wait(OPENING) == 0 else "no browser could be started"
    except subprocess.TimeoutExpired:
        return ""  # some browsers keep this process running
    except OSError:
        return "no browser could be started"
