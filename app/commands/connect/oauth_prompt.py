"""``panelist connect --oauth``: shows the page to approve on, and waits for the callback or
input."""

from __future__ import annotations

import argparse
import os
import threading
from collections import deque

from app.commands.shared.console import NO, YES, input_lines, print_json, say
from app.commands.shared.token_store_choice import ensure_token_store
from app.credentials.store import TokenStore
from app.oauth.browser import open_browser
from app.oauth.errors import OAuthProblem
from app.oauth.redirect import RedirectAnswer
from app.sync.auth.stripe_approval import Approval
from app.sync.service import Admitted, SyncService
from app.sync.stripe.oauth import OAuthApp
from app.text import plain

NEEDED = (
    "Panelist reads customers, subscriptions, products, prices and events. It never reads"
    " cards, payment methods, bank accounts, addresses, tax IDs, balances or invoices."
)


def connect_by_oauth(options: argparse.Namespace, service: SyncService) -> Admitted:
    """Let a person approve at Stripe, and store the access. Raises OAuthProblem and
    CredentialProblem."""
    app = _app(options.mode, service)
    ensure_token_store(service.settings, service.credentials)
    with service.approval(app) as approval:
        approval.ask()
        try:
            _show_page(approval, options)
            heard = _Prompt(approval).wait()
        except KeyboardInterrupt:
            raise OAuthProblem("setup", "Stopped. Nothing was connected.") from None
        admitted = service.by_code(app, heard.code, heard.account)
    where = plain(service.credentials.described())
    ends = service.credentials.token_store is TokenStore.SESSION
    say(f"The credentials are stored in: {where}{', which ends with this command' if ends else ''}")
    return admitted


def _app(mode: str | None, service: SyncService) -> OAuthApp:
    wanted = [False, True] if mode is None else [mode == "live"]
    there = [app for app in map(service.oauth_app, wanted) if app is not None]
    if len(there) == 2:
        raise OAuthProblem(
            "setup",
            "OAuth is set up for both modes. Nothing was changed. Add --mode live or --mode test.",
        )
    if not there:
        raise OAuthProblem(
            "setup",
            f"OAuth is not set up{f' for {mode} mode' if mode else ''}. Set"
            " PANELIST_STRIPE_CLIENT_ID and PANELIST_STRIPE_CLIENT_SECRET, or enter them in"
            " the app under Set up OAuth. A restricted key needs neither: run panelist"
            " connect --key-stdin.",
        )
    return there[0]


def _show_page(approval: Approval, options: argparse.Namespace) -> None:
    if options.json:
        print_json({"type": "authorize", "url": approval.url})
    else:
        say(NEEDED)
        print(f"Open this page and approve:\n{approval.url}", flush=True)
    if not options.no_browser:
        why_not = open_browser(approval.url, os.environ)
        say(
            f"The link was not opened: {why_not}."
            if why_not
            else "The link was opened in your browser."
        )
    if approval.trouble:
        say(approval.trouble)
    else:
        say("Waiting for approval. You can also paste the redirect address here.")


class _Prompt:
    """Waits for an approval, from the listener or from what a person enters: pasted addresses, or y
    and n when an install that was started elsewhere asks to be accepted.

    It asks about one install at a time, so that an answer never counts for a later one. A separate
    thread reads lines and wakes the wait with an answer.
    """

    def __init__(self, approval: Approval) -> None:
        self._approval = approval
        self._waiting: deque[RedirectAnswer] = deque()  # installs to ask about later
        self.pending: RedirectAnswer | None = None  # the install to accept or decline
        self.answer: bool | None = None  # about the pending one, not acted on yet

    def wait(self) -> RedirectAnswer:
        """Block until it is clear what to connect. Raises OAuthProblem."""
        threading.Thread(target=self._read, name="stdin", daemon=True).start()
        while True:
            heard = self._approval.wait()
            if heard is None:
                accepted = self._answered()
                if accepted is not None:
                    return accepted
            elif heard.kind == "uninvited":
                self._waiting.append(heard)
            else:
                return heard
            if self.pending is None and self._waiting:
                self._ask(self._waiting.popleft())

    def _answered(self) -> RedirectAnswer | None:
        """The accepted install, or None after a no. Raises OAuthProblem if input ended without an
        answer, because then nothing can end the wait."""
        if self.answer is None:
            raise OAuthProblem("setup", self._approval.trouble)
        if self.answer:
            return self.accept()
        self.decline()
        return None

    def accept(self) -> RedirectAnswer | None:
        """Accept the pending install."""
        accepted, self.pending, self.answer = self.pending, None, None
        return accepted

    def decline(self) -> None:
        """Drop the pending install and continue to wait."""
        self.pending = self.answer = None
        say("The install was rejected and its code was not used. Waiting for approval.")

    def _ask(self, install: RedirectAnswer) -> None:
        self.pending = install
        say(
            "Someone started an install in Stripe's Dashboard for account"
            f" {plain(install.account)}. You did not start it here. Accept it? (y or n)"
        )

    def _read(self) -> None:
        """Read lines in a thread that no exit waits for. When input ends and nothing else can end
        the wait, this ends it."""
        for line in input_lines():
            self._take(line)
        if self._approval.trouble:
            self._approval.cancel()

    def _take(self, text: str) -> None:
        if self.pending is not None and self.answer is None and text.lower() in YES + NO:
            self.answer = text.lower() in YES
            self._approval.cancel()  # wakes the wait
        else:
            try:
                self._approval.paste(text)
            except OAuthProblem as problem:
                say(str(problem))
