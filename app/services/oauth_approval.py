"""Connecting in the browser: a listener for Stripe's redirect, and the exchange of its code.

While nothing is connected and OAuth is set up, it listens, so that an install that was started
in Stripe's Dashboard arrives too. One thread waits, and each redirect ends in one message.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual.message import Message

from app.credentials.errors import CredentialProblem
from app.services.connection import Step, StripeConnection
from app.services.messages import (
    ApprovalOpened,
    ConnectionRefused,
    InstallReceived,
    OAuthReady,
    StepDone,
)

if TYPE_CHECKING:
    from app.oauth.redirect import RedirectAnswer
    from app.services.context import Context
    from app.sync.auth.stripe_approval import Approval
    from app.sync.service import SyncService
    from app.sync.stripe.oauth import OAuthApp


@dataclass(frozen=True)
class ApprovalPage:
    """The page in the browser where a person approves the connection.

    ``url`` is "" until Stripe's page is known, ``said`` tells whether a browser opened it, and
    ``trouble`` says why Stripe's redirect cannot reach this computer.
    """

    mode: str = "test"
    url: str = ""
    said: str = ""
    trouble: str = ""


class OAuthApproval:
    """Runs at most one listener, for one mode.

    ``page`` is the open approval page, or None. ``modes`` are the modes for which OAuth is set
    up (False is test). ``closed`` says why these cannot be read.
    """

    def __init__(self, context: Context, stripe: StripeConnection) -> None:
        self.modes: tuple[bool, ...] = ()
        self.closed = ""
        self.page: ApprovalPage | None = None
        self._context, self._stripe = context, stripe
        self._approval: Approval | None = None  # the one that the listener waits for
        self._last: Approval | None = None  # its port may not be free yet
        self._closing = threading.Lock()
        self._ended = False

    def reload(self) -> None:
        """Read which modes are set up, and listen when nothing is connected."""
        self._stripe.work(self._reload, patient=True)

    def ask(self, livemode: bool) -> bool:
        """Open the approval page of a mode. Returns False when a step is under way."""
        mode = "live" if livemode else "test"

        def ask(service: SyncService) -> Message:
            if self.page is not None and self.page.mode == mode:
                return ApprovalOpened()  # an earlier Enter opened it
            service.credentials.ensure()
            app = service.oauth_app(livemode)
            if app is None:
                return ConnectionRefused("OAuth is not set up for this mode. See “Set up OAuth”.")
            approval = self._listen(service, app, ask=True)
            self.page = page = ApprovalPage(mode, approval.url, "Opening…", approval.trouble)
            threading.Thread(target=self._browse, args=(page,), name="browser", daemon=True).start()
            return ApprovalOpened()

        return self._stripe.work(ask)

    def paste(self, text: str) -> str:
        """Use a pasted address or code. Returns an error when it is neither, else ""."""
        from app.oauth.errors import OAuthProblem

        try:
            if self._approval is not None:
                self._approval.paste(text)
        except OAuthProblem as problem:
            return str(problem)
        return ""

    def set_up(self, client_id: str, secret: str, authorize_url: str, redirect_uri: str) -> bool:
        """Check and store an app registered at Stripe. Returns False when a step is under way."""

        def set_up(service: SyncService) -> Message:
            app = service.set_up(client_id, secret, authorize_url, redirect_uri)
            self.stop()
            self._reload(service)
            return OAuthReady("LIVE" if app.livemode else "TEST")

        return self._stripe.work(set_up)

    def accept(self, app: OAuthApp, heard: RedirectAnswer) -> None:
        """Connect by an install that was started at Stripe: a person accepted it."""
        self._stripe.work(self._exchange(app, heard), patient=True)

    def stop(self) -> None:
        """Stop listening. The port is free soon after."""
        approval, self._approval, self.page = self._approval, None, None
        if approval is not None:
            approval.cancel()

    def end(self) -> None:
        """Stop listening for good, within a second."""
        self._ended = True
        self.stop()
        if self._last is not None:
            self._close(self._last)  # so that the port is free after quitting

    def _reload(self, service: SyncService) -> Message:
        from app.db import connections
        from app.sync.service import PROBLEMS

        apps = []
        closed = ""
        for livemode in (False, True):
            try:
                app = service.oauth_app(livemode)
            except CredentialProblem as problem:
                closed = str(problem)
            else:
                apps += [app] if app is not None else []
        self.closed, self.modes = closed, tuple(app.livemode for app in apps)
        try:
            if apps and self._approval is None and not connections.connected(self._context.store):
                self._listen(service, apps[0])
        except PROBLEMS:
            pass  # asking for a page shows the problem
        return OAuthReady()

    def _listen(self, service: SyncService, app: OAuthApp, *, ask: bool = False) -> Approval:
        """Listen for this app only."""
        self.stop()
        if self._last is not None:
            self._close(self._last)  # the new listener is likely to need its port
        approval = service.approval(app)
        approval.__enter__()
        if ask:
            approval.ask()  # first, because the wait times out some minutes after it
        self._approval = self._last = approval
        wait = threading.Thread(target=self._wait, args=(approval,), name="approval", daemon=True)
        wait.start()
        if self._ended:  # the app quit while this ran
            self.stop()
        return approval

    def _close(self, approval: Approval) -> None:
        with self._closing:  # the second caller must find the port free, too
            approval.__exit__()

    def _browse(self, page: ApprovalPage) -> None:
        """Runs in a thread, because a browser may take seconds to start."""
        from app.oauth.browser import open_browser

        why_not = open_browser(page.url, os.environ)
        said = f"Could not open it: {why_not}." if why_not else "Opened in your browser."
        if self.page is page:
            self.page = replace(page, said=said)
            self._context.post(ApprovalOpened())

    def _wait(self, approval: Approval) -> None:
        from app.oauth.errors import OAuthProblem

        try:
            while self._approval is approval:
                try:
                    heard = approval.wait()
                except OAuthProblem as problem:
                    if self._approval is approval:
                        self.stop()  # a later redirect belongs to a page that was dropped
                        self._context.post(ConnectionRefused(str(problem)))
                    return
                if heard is None:
                    return
                if heard.kind == "uninvited":
                    self._context.post(InstallReceived(approval.app, heard))
                else:
                    self._stripe.perform(self._answer(approval, heard))
        finally:
            self._close(approval)

    def _answer(self, approval: Approval, heard: RedirectAnswer) -> Step:
        """The step that uses the redirect of the open page, unless that page was dropped."""
        exchange = self._exchange(approval.app, heard)

        def answer(service: SyncService) -> Message:
            return exchange(service) if self._approval is approval else StepDone([])

        return answer

    def _exchange(self, app: OAuthApp, heard: RedirectAnswer) -> Step:
        def exchange(service: SyncService) -> Message:
            self.stop()
            admitted = service.by_code(app, heard.code, heard.account)
            return self._stripe.connect(service, admitted)

        return exchange
