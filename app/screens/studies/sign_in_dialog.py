"""The dialog that signs in to the mail server at Microsoft or Google."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from app.credentials.store import Credentials
from app.keys.dialogs import SIGN_IN
from app.screens.base import host_of
from app.services.mail_sign_in import MailSignIn, SignInPage
from app.settings import Settings
from app.widgets.bindings import bindings
from app.widgets.content import Content, chopped, words
from app.widgets.dialog import Dialog
from app.widgets.inputs import PasteField
from app.widgets.lines.text_line import TextLine
from app.widgets.state_widget import StateWidget

PASTE = (
    "Is your browser on another computer (ssh, a container)? Open the page there. After you "
    "approve, paste the address that the browser shows here."
)


class AboutSignIn(StateWidget[SignInPage]):
    """The page to open, and the code to enter there."""

    def draw(self, state: SignInPage, width: int) -> list[Content]:
        if not state.url:
            return [words((f"Connecting to {state.provider}…", "$muted"))]
        how = words("Open this page and approve:")
        if state.code:
            how = words("Open this page and enter the code ", (state.code, "bold"), ":")
        lines = [how, words(), *chopped(state.url, width), words()]
        keys = words(state.said, " ", ("y", "bold"), " copies the address.")
        lines += keys.wrap(width)
        if state.trouble:
            lines += [words(), *words(("▲ ", "bold $warn"), state.trouble).wrap(width)]
        return lines if state.code else [*lines, words(), *words((PASTE, "$muted")).wrap(width)]


class SignInDialog(Dialog[str]):
    """Returns what came of the sign-in, or None if a person ended it. Raises NoSignIn and
    SettingsError."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(SIGN_IN)
    AUTO_FOCUS = ""  # y is a key, and not text of the field
    help_text = (
        "You approve access instead of using a password. Panelist can then send only from "
        "this mailbox."
    )

    class Shown(Message):
        """The page is known, or a browser opened it."""

        def __init__(self, page: SignInPage) -> None:
            super().__init__()
            self.page = page

    class Ended(Message):
        """The wait is over. ``good``: the person is signed in."""

        def __init__(self, said: str, good: bool) -> None:
            super().__init__()
            self.said, self.good = said, good

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        super().__init__()
        self._sign_in = MailSignIn(
            settings,
            credentials,
            lambda page: self._post(self.Shown(page)),
            lambda said, good: self._post(self.Ended(said, good)),
        )
        self._page = SignInPage(self._sign_in.app.provider.name, "")

    def _post(self, message: Message) -> None:
        """From another thread; nothing happens when this was closed."""
        if self.is_attached:
            self.post_message(message)

    def compose(self) -> ComposeResult:
        title = f"Sign in to {self._sign_in.server} at {self._page.provider}"
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(words((title, "bold")))
            yield AboutSignIn(self._page)
            if not self._sign_in.app.device_url:
                yield PasteField("Paste the redirect address here", id="paste", longest=5000)
            yield TextLine(id="sign-in-said")

    def on_mount(self) -> None:
        self._sign_in.begin()

    def on_unmount(self) -> None:
        self._sign_in.cancel()

    @on(Shown)
    def _shown(self, message: Shown) -> None:
        self._page = message.page
        self.query_one(AboutSignIn).show(self._page)

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        if message.good and self.is_current:
            self.dismiss(message.said)
        else:
            self._say(f"{message.said} Close this and press S to start again.")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._say(self._sign_in.paste(event.value))

    def _say(self, problem: str) -> None:
        self.query_one("#sign-in-said", TextLine).show(words((problem, "$never")))

    def action_copy(self) -> None:
        """Copy the address of the page."""
        page = self._page
        host_of(self).copy(page.url, "the address")

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
