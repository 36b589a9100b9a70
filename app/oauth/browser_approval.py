"""One approval in a browser: open a page, then wait for a callback or a pasted address.

The person approves in a browser, which may be on another computer. Then the issuer redirects the
browser to the listener here, or the person pastes the address of the redirect.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

from app.oauth.callback import Callback
from app.oauth.errors import OAuthProblem
from app.oauth.redirect import Issuer, RedirectAnswer, can_listen, read_pasted

PATIENCE = 600.0  # seconds for a person to approve


class ApprovalPage(NamedTuple):
    """A page to approve on, and the state that its redirect must have."""

    url: str
    state: str


class BrowserApproval:
    """Receives one approval. Use it as a context manager; :meth:`ask` returns the page to open.
    Before that, only an install that was begun at the issuer can arrive.

    ``new_page``: makes the address of a page and its state. ``folder`` holds the certificate for
    https. ``url`` is the newest page. ``trouble`` says why no callback can be received here, so
    that only pasting works.
    """

    def __init__(
        self, issuer: Issuer, redirect_uri: str, new_page: Callable[[], ApprovalPage], folder: Path
    ) -> None:
        self.url = ""
        self.trouble = ""
        self._state = ""
        self._issuer, self.redirect_uri = issuer, redirect_uri
        self._new_page, self._folder = new_page, folder
        self._answers: queue.SimpleQueue[RedirectAnswer | None] = queue.SimpleQueue()
        self._callback: Callback | None = None
        self._until: float | None = None

    def __enter__(self) -> Self:
        if not can_listen(self.redirect_uri):
            self.trouble = (
                f"{self._issuer.name} redirects to {self.redirect_uri}, which is not"
                " Panelist. After approving, paste the address that your browser shows."
            )
            return self
        callback = Callback(self.redirect_uri, self._folder, self._answers.put, issuer=self._issuer)
        try:
            callback.start()
            self._callback = callback
        except OAuthProblem as problem:
            self.trouble = str(problem)
        return self

    def ask(self) -> str:
        """The page to approve on. Earlier pages stop working."""
        self.url, self._state = self._new_page()
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
        self._answers.put(read_pasted(text, self._state, self.redirect_uri, self._issuer))

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
                "The approval timed out after ten minutes. Nothing was connected. Start again.",
            ) from None
        if heard is not None and heard.kind == "denied":
            raise OAuthProblem(
                "denied",
                f"Access was denied at {self._issuer.name}. Nothing was connected or changed.",
            )
        return heard
