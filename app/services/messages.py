"""What the services post to the app: one message for each piece of work that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from app.credentials.errors import CredentialProblem
    from app.sync.auth.connect import KeyReport
    from app.sync.auth.redirect import RedirectAnswer
    from app.sync.stripe.oauth import OAuthApp


class AccessChecked(Message):
    """The access works. For a live account nothing is connected yet."""

    def __init__(self, report: KeyReport, connected: bool) -> None:
        super().__init__()
        self.report = report
        self.connected = connected


class ConnectionRefused(Message):
    """It did not come about; ``text`` is for a person. ``field``: which one to correct;
    ``fault``: Panelist itself is to blame."""

    def __init__(self, text: str, field: str = "", *, fault: bool = False) -> None:
        super().__init__()
        self.text = text
        self.field = field
        self.fault = fault


class TokenStoreNeeded(Message):
    """Access cannot be kept or read where it should be; a person has to choose or unlock a
    store. What was being done waits until then. ``lost``: the access is there, and cannot be
    read."""

    def __init__(self, problem: CredentialProblem, lost: bool) -> None:
        super().__init__()
        self.problem = problem
        self.lost = lost


class SyncStarted(Message):
    """An engine syncs, or waits until it may. ``resumed``: nobody asked for it."""

    def __init__(self, *, resumed: bool) -> None:
        super().__init__()
        self.resumed = resumed


class StepDone(Message):
    """Something is done that has no consequence but these sentences. ``left``: an account was
    disconnected."""

    def __init__(self, said: list[str], *, left: bool = False) -> None:
        super().__init__()
        self.said = said
        self.left = left


class ApprovalOpened(Message):
    """There is a page to approve on, or more is known of it."""


class InstallReceived(Message):
    """An install that was started at Stripe asks to be accepted; nothing has vouched for the
    account it names."""

    def __init__(self, app: OAuthApp, heard: RedirectAnswer) -> None:
        super().__init__()
        self.app = app
        self.heard = heard


class OAuthReady(Message):
    """It is known for which modes OAuth is set up. ``new``: the mode that just was."""

    def __init__(self, new: str = "") -> None:
        super().__init__()
        self.new = new


class DataChanged(Message):
    """The database changed. A newer one replaces one that still waits."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, DataChanged)
