"""Connecting in the browser: a listener for Stripe's answer, and what came of it.

While nothing is connected and OAuth is set up, it listens, so that an install that was started
in Stripe's Dashboard arrives too. One thread waits; whatever it hears ends in one message.
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
    from app.services.context import Context
    from app.sync.auth.approval import Approval
    from app.sync.auth.redirect import RedirectAnswer
    from app.sync.service import SyncService
    from app.sync.stripe.oauth import OAuthApp


@dataclass(frozen=True)
class ApprovalPage:
    """The page to approve on. ``url`` is "" before it was asked for. ``said``: whether a browser
    shows it; ``trouble``: why Stripe's answer cannot arrive by itself."""

    mode: str = "test"
    url: str = ""
    said: str = ""
    trouble: str = ""


class OAuthApproval:
    """At most one listener, for one mode.

    ``page``: the one to approve on, from when it was asked for until it is answered; ``modes``:
    for which OAuth is set up (False is test); ``closed``: why that cannot be told.
    """

    def __init__(self, context: Context, stripe: StripeConnection) -> None:
        self.modes: tuple[bool, ...] = ()
        self.closed = ""
        self.page: ApprovalPage | None = None
        self._context, self._stripe = context, stripe
        self._approval: Approval | None = None  # that is listened to
        self._last: Approval | None = None  # whose port may not be free yet
        self._closing = threading.Lock()
        self._ended = False

    def look(self) -> None:
        """Find out what is set up, and listen when nothing is connected."""
        self._stripe.work(self._look, patient=True)

    def ask(self, livemode: bool) -> bool:
        """Open the page of a mode. False: something else is under way."""
        mode = "live" if livemode else "test"

        def ask(service: SyncService) -> Message:
            if self.page is not None and self.page.mode == mode:
                return ApprovalOpened()  # by an Enter before this one
            service.credentials.ensure()
            app = service.oauth_app(livemode)
            if app is None:
                return ConnectionRefused(
                    "OAuth is not set up for this mode yet; see “Set up OAuth”."
                )
            approval = self._listen(service, app, ask=True)
            self.page = page = ApprovalPage(
                mode, approval.url, "It is being opened.", approval.trouble
            )
            threading.Thread(target=self._browse, args=(page,), name="browser", daemon=True).start()
            return ApprovalOpened()

        return self._stripe.work(ask)

    def paste(self, text: str) -> str:
        """Take a pasted address or code; a sentence when it is neither."""
        from app.sync.stripe.oauth import OAuthProblem

        try:
            if self._approval is not None:
                self._approval.paste(text)
        except OAuthProblem as problem:
            return str(problem)
        return ""

    def set_up(self, client_id: str, secret: str, authorize_url: str, redirect_uri: str) -> bool:
        """Check and keep what was registered at Stripe. False: something else is under way."""

        def set_up(service: SyncService) -> Message:
            app = service.set_up(client_id, secret, authorize_url, redirect_uri)
            self.stop()
            self._look(service)
            return OAuthReady("LIVE" if app.livemode else "TEST")

        return self._stripe.work(set_up)

    def accept(self, app: OAuthApp, heard: RedirectAnswer) -> None:
        """A person accepts an install that nobody here asked for."""
        self._stripe.work(self._exchange(app, heard), patient=True)

    def stop(self) -> None:
        """Wait for nothing any more; the port is free soon after."""
        approval, self._approval, self.page = self._approval, None, None
        if approval is not None:
            approval.cancel()

    def end(self) -> None:
        """As :meth:`stop`, for good; takes a second at most."""
        self._ended = True
        self.stop()
        if self._last is not None:
            self._close(self._last)  # who quits finds the port free at once

    def _look(self, service: SyncService) -> Message:
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
            pass  # whoever asks for a page is told
        return OAuthReady()

    def _listen(self, service: SyncService, app: OAuthApp, *, ask: bool = False) -> Approval:
        """Listen for this app, and no longer for what was listened for before."""
        self.stop()
        if self._last is not None:
            self._close(self._last)  # its port is likely to be the one that is needed now
        approval = service.approval(app)
        approval.__enter__()
        if ask:
            approval.ask()  # before the wait, which ends some minutes after it
        self._approval = self._last = approval
        wait = threading.Thread(target=self._wait, args=(approval,), name="approval", daemon=True)
        wait.start()
        if self._ended:  # quit meanwhile
            self.stop()
        return approval

    def _close(self, approval: Approval) -> None:
        with self._closing:  # the second to come must find the port free as well
            approval.__exit__()

    def _browse(self, page: ApprovalPage) -> None:
        """Browsers may take seconds to start."""
        from app.sync.auth.approval import open_browser

        why_not = open_browser(page.url, os.environ)
        said = f"Not opened: {why_not}." if why_not else "Opened in the browser."
        if self.page is page:
            self.page = replace(page, said=said)
            self._context.post(ApprovalOpened())

    def _wait(self, approval: Approval) -> None:
        from app.sync.stripe.oauth import OAuthProblem

        try:
            while self._approval is approval:
                try:
                    heard = approval.wait()
                except OAuthProblem as problem:
                    if self._approval is approval:
                        self.stop()  # an answer that comes later is for a page given up
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
        """What a page that was asked for brought, unless it was given up meanwhile."""
        exchange = self._exchange(approval.app, heard)

        def answer(service: SyncService) -> Message:
            return exchange(service) if self._approval is approval else StepDone([])

        return answer

    def _exchange(self, app: OAuthApp, heard: RedirectAnswer) -> Step:
        def exchange(service: SyncService) -> Message:
            self.stop()
            admitted = service.by_code(app, heard.code)
            if heard.account and heard.account != admitted.report.account:
                service.refuse(admitted)
                return ConnectionRefused(
                    "That install was for another account than it said. Nothing was connected."
                )
            return self._stripe.came(service, admitted)

        return exchange
