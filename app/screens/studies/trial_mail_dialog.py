"""The dialog that sends a test email: marked TEST and never counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from app.credentials.store import Credentials
from app.invites.errors import StudyProblem
from app.invites.mail.smtp import DeliveryUnknown, NotSent
from app.invites.sending.trial_mail import send_test_mail
from app.invites.studies import Study
from app.keys.dialogs import TEST_MAIL
from app.settings import Settings, SettingsError
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import DecisionDialog
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine


class TrialMailDialog(DecisionDialog[None]):
    """Asks for an address and sends one test email to it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(TEST_MAIL)
    NAMES: ClassVar[Mapping[str, str]] = {"field.open": "Send"}
    help_text = "Send this email to your own address, as a participant gets it. It is not counted."

    class Ended(Message):
        """The email was sent, or there was a problem."""

        def __init__(self, said: str, problem: bool) -> None:
            super().__init__()
            self.said, self.problem = said, problem

    def __init__(self, settings: Settings, credentials: Credentials, study: Study) -> None:
        super().__init__()
        self._settings, self._credentials, self._study = settings, credentials, study
        self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            title = plain(self._study.title, 50)
            yield Static(words(("Test email of ", "bold"), (title, "bold")))
            yield Static(words(("It is marked TEST and is not counted.", "$muted")))
            yield TextField("Your email address", id="trial-mail-to")
            yield TextLine(id="trial-mail-said")

    def on_mount(self) -> None:
        self.query_one(TextField).value = self._study.template.sender_address
        self.query_one(TextField).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._busy and not self.deaf:
            self._busy = True
            self._say("Sending…", False)
            self._send(event.value)

    def _say(self, text: str, problem: bool) -> None:
        style = "$never" if problem else "$muted"
        self.query_one("#trial-mail-said", TextLine).show(words((text, style)))

    @work(thread=True)
    def _send(self, address: str) -> None:
        try:
            said, problem = (
                send_test_mail(self._settings, self._credentials, self._study, address),
                False,
            )
        except (StudyProblem, NotSent, SettingsError) as trouble:
            said, problem = str(trouble), True
        except DeliveryUnknown:
            said, problem = (
                "The mail server stopped responding. The email may have been sent.",
                True,
            )
        except OSError as error:
            said, problem = (
                f"The file cannot be written ({error.strerror}). Nothing was sent.",
                True,
            )
        self.post_message(self.Ended(said, problem))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._busy = False
        self._say(message.said, message.problem)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
