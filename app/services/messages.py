"""The messages that services post to the app: one for each step that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from app.credentials.errors import CredentialProblem
    from app.oauth.redirect import RedirectAnswer
    from app.sync.auth.key_check import KeyReport
    from app.sync.stripe.oauth import OAuthApp


class AccessChecked(Message):
    """The access works. ``connected`` is False for a live account that needs a person's yes."""

    def __init__(self, report: KeyReport, connected: bool) -> None:
        super().__init__()
        self.report = report
        self.connected = connected


class ConnectionRefused(Message):
    """Nothing was connected. ``text`` says why, ``field`` names the input to correct, and
    ``fault`` means that the cause is a fault in Panelist."""

    def __init__(self, text: str, field: str = "", *, fault: bool = False) -> None:
        super().__init__()
        self.text = text
        self.field = field
        self.fault = fault


class TokenStoreNeeded(Message):
    """Access cannot be kept or read, so a person has to choose or unlock a credential storage.
    The step waits until then. ``lost``: access is stored, but cannot be read."""

    def __init__(self, problem: CredentialProblem, lost: bool) -> None:
        super().__init__()
        self.problem = problem
        self.lost = lost


class SyncStarted(Message):
    """An engine syncs, or waits until it may. ``resumed``: it started without a person's asking."""

    def __init__(self, *, resumed: bool) -> None:
        super().__init__()
        self.resumed = resumed


class StepDone(Message):
    """A step is done, and only these sentences are to be shown. ``left``: it disconnected an
    account."""

    def __init__(self, said: list[str], *, left: bool = False) -> None:
        super().__init__()
        self.said = said
        self.left = left


class ApprovalOpened(Message):
    """The approval page opened, or its state changed."""


class InstallReceived(Message):
    """An install that was started at Stripe asks to be accepted. The account that it names is
    not verified yet."""

    def __init__(self, app: OAuthApp, heard: RedirectAnswer) -> None:
        super().__init__()
        self.app = app
        self.heard = heard


class OAuthReady(Message):
    """The modes for which OAuth is set up were read. ``new`` is the mode that was just set up."""

    def __init__(self, new: str = "") -> None:
        super().__init__()
        self.new = new


class DataChanged(Message):
    """The database changed. A newer message replaces an older one that was not handled yet."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, DataChanged)


class NoticeArrived(Message):
    """Something happened that a person may want to hear of. ``text``: one sentence."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
