"""Connecting in the browser: a listener for Stripe's answer, and what came of it.

While nothing is connected and OAuth is set up, it listens, so that an install that was started
in Stripe's Dashboard arrives too. One thread waits; whatever it hears ends in one message.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from textual.message import Message

from app.screens.link import Link

if TYPE_CHECKING:
    from app.screens.frame import Host
    from app.sync.approval import Approval
    from app.sync.oauth import OAuthApp
    from app.sync.redirect import Heard
    from app.sync.service import Service


class Approving:
    """At most one listener, for one mode."""

    class Open(Message):
        """The page to open. ``said``: whether a browser shows it; ``trouble``: why Stripe's
        answer cannot arrive by itself."""

        def __init__(self, url: str, said: str, trouble: str) -> None:
            super().__init__()
            self.url = url
            self.said = said
            self.trouble = trouble

    class Uninvited(Message):
        """An install asks to be accepted; nothing has vouched for the account it names."""

        def __init__(self, account: str) -> None:
            super().__init__()
            self.account = account

    class Ready(Message):
        """For which modes OAuth is set up; False is test. ``new``: the one that just was."""

        def __init__(self, modes: tuple[bool, ...], new: str = "") -> None:
            super().__init__()
            self.modes = modes
            self.new = new

    def __init__(self, host: Host) -> None:
        self.modes: tuple[bool, ...] = ()
        self.url = ""
        self._host = host
        self._approval: Approval | None = None
        self._guest: Heard | None = None

    @property
    def open(self) -> bool:
        """A page was asked for and is not answered yet."""
        return bool(self.url)

    def look(self) -> None:
        """Find out what is set up, and listen when nothing is connected."""
        self._host.link.work(self._look)

    def ask(self, livemode: bool, environ: dict[str, str] | None = None) -> bool:
        """Open the page of a mode. False: something else is under way."""

        def ask(service: Service) -> Message:
            service.credentials.ensure()
            app = service.registered(livemode)
            if app is None:
                return Link.Refused("OAuth is not set up for this mode yet; see “Set up OAuth”.")
            approval = self._listening(service, app)
            self.url = approval.ask()
            from app.sync.approval import open_browser

            why_not = open_browser(self.url, os.environ if environ is None else environ)
            said = f"Not opened here: {why_not}." if why_not else "Opened in the browser."
            return Approving.Open(self.url, said, approval.trouble)

        return self._host.link.work(ask)

    def paste(self, text: str) -> str:
        """Take a pasted address or code; a sentence when it is neither."""
        from app.sync.oauth import OAuthProblem

        try:
            if self._approval is not None:
                self._approval.paste(text)
        except OAuthProblem as problem:
            return str(problem)
        return ""

    def set_up(self, client_id: str, secret: str, authorize_url: str, redirect_uri: str) -> bool:
        """Check and keep what was registered at Stripe. False: something else is under way."""

        def set_up(service: Service) -> Message:
            app = service.set_up(client_id, secret, authorize_url, redirect_uri)
            self.stop()
            self._look(service)
            return Approving.Ready(self.modes, "LIVE" if app.livemode else "TEST")

        return self._host.link.work(set_up)

    def answer_guest(self, yes: bool) -> None:
        """Accept or refuse the install that nobody here asked for."""
        guest, self._guest = self._guest, None
        if guest is not None and yes:
            self._exchange(guest)

    def stop(self) -> None:
        """Wait for nothing any more; the port is free soon after."""
        approval, self._approval, self.url = self._approval, None, ""
        if approval is not None:
            approval.cancel()

    def _look(self, service: Service) -> Message:
        apps = [app for app in map(service.registered, (False, True)) if app is not None]
        self.modes = tuple(app.livemode for app in apps)
        from app.db import connections

        if apps and not connections.connected(self._host.store) and self._approval is None:
            self._listening(service, apps[0])
        return Approving.Ready(self.modes)

    def _listening(self, service: Service, app: OAuthApp) -> Approval:
        """The listener of this app; another one's ends."""
        old = self._approval
        if old is not None and old.app == app and not old.trouble:
            return old
        if old is not None:
            self.stop()
            old.__exit__()  # its port may be the one that is needed now
        approval = service.approval(app)
        approval.__enter__()
        self._approval = approval
        run = threading.Thread(target=self._wait, args=(approval,), name="approval", daemon=True)
        run.start()
        return approval

    def _wait(self, approval: Approval) -> None:
        from app.sync.oauth import OAuthProblem

        try:
            while self._approval is approval:
                try:
                    heard = approval.wait()
                except OAuthProblem as problem:
                    self.url = ""
                    self._host.post(Link.Refused(str(problem)))
                    continue
                if heard is None:
                    return
                if heard.kind == "uninvited":
                    self._guest = heard
                    self._host.post(Approving.Uninvited(heard.account))
                else:
                    self._exchange(heard)
        finally:
            approval.__exit__()

    def _exchange(self, heard: Heard) -> None:
        approval = self._approval
        if approval is None:
            return

        def exchange(service: Service) -> Message:
            try:
                admitted = service.by_code(approval.app, heard.code)
            finally:
                self.url = ""
            self.stop()
            return self._host.link.came(service, admitted)

        if not self._host.link.work(exchange):
            self._host.post(Link.Refused("Something else is being connected; approve again."))
