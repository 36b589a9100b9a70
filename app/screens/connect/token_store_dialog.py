"""The dialogs that choose a credential storage and unlock one. Only a person answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from app.credentials.pin import TokenStore
from app.keys.dialogs import TOKEN_STORE, UNLOCK
from app.widgets.bindings import bindings
from app.widgets.choice_list import ChoiceList
from app.widgets.content import para, words
from app.widgets.dialog import DecisionDialog, Dialog
from app.widgets.inputs import SecretInput
from app.widgets.lines.text_line import TextLine

Choice = tuple[TokenStore, str | None]

FORGOTTEN = ""  # the answer of UnlockDialog when the passphrase is forgotten
WORDS = {
    TokenStore.KEYRING: "System keychain",
    TokenStore.PASSPHRASE: "Encrypted file (you enter a passphrase at each start)",
    TokenStore.SESSION: "This session only (you connect again next time)",
    TokenStore.PLAIN: "Unencrypted file (every program you run can read it)",
}
LOST = (
    "The stored credentials cannot be read. If you choose a storage, they are set aside. Connect"
    " again afterwards, and set up OAuth again if you had it. Your data is kept."
)


class TokenStoreDialog(DecisionDialog[Choice | None]):
    """Asks for a storage. None is highlighted. ``lost``: choosing one drops what is stored.
    ``keyring``: whether this computer has one to offer."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(TOKEN_STORE)
    help_text = "Where Panelist stores its credentials. Escape changes nothing."

    def __init__(self, why: str, *, lost: bool = False, keyring: bool = True) -> None:
        super().__init__()
        self._why = why
        self._lost = lost
        self._places = [one for one in WORDS if keyring or one is not TokenStore.KEYRING]

    def compose(self) -> ComposeResult:
        lines = [words(("Where should Panelist store its credentials?", "bold")), words(self._why)]
        if self._lost:
            lines.append(words(("▲ ", "bold $warn"), LOST))
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para(lines))
            yield ChoiceList(
                *(Option(words(WORDS[place]), id=place.value) for place in self._places),
                id="places",
                markup=False,
            )
            yield SecretInput("New passphrase", id="first")
            yield SecretInput("Repeat the passphrase", id="second")
            yield TextLine(id="differ")

    def on_mount(self) -> None:
        for field in self.query(SecretInput):
            field.display = False
        places = self.query_one(ChoiceList)
        places.highlighted = None  # so that an Enter alone chooses nothing
        places.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        place = TokenStore(event.option_id)
        if place is not TokenStore.PASSPHRASE:
            self._answer((place, None))
            return
        for field in self.query(SecretInput):
            field.display = True
        self.query_one("#first").focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        first, second = (self.query_one(name, SecretInput).value for name in ("#first", "#second"))
        if event.input.id == "first" and first:
            self.query_one("#second").focus()
        elif not first or first != second:
            self.query_one("#differ", TextLine).show(
                words(("✗ ", "bold $never"), "The passphrases are different or empty. Try again.")
            )
            for field in self.query(SecretInput):
                field.value = ""
            self.query_one("#first").focus(scroll_visible=False)
            self.call_after_refresh(self.query_one("#differ").scroll_visible, animate=False)
        else:
            self._answer((TokenStore.PASSPHRASE, first))

    def action_cancel(self) -> None:
        """Choose nothing."""
        self._answer(None)

    def _answer(self, choice: Choice | None) -> None:
        if self.is_current:
            for field in self.query(SecretInput):
                field.value = ""
            self.dismiss(choice)


class UnlockDialog(Dialog[str | None]):
    """Asks for the passphrase of the encrypted file."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(UNLOCK)
    NAMES: ClassVar[Mapping[str, str]] = {"field.open": "Unlock"}
    help_text = "The passphrase of the encrypted file."

    def __init__(self, why: str) -> None:
        super().__init__()
        self._why = why

    def compose(self) -> ComposeResult:
        lines = [words(("Credentials are locked", "bold")), words(self._why)]
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para(lines))
            yield SecretInput("Passphrase", id="passphrase")
            yield Button("I forgot the passphrase", id="forgotten")

    def on_mount(self) -> None:
        self.query_one(SecretInput).focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value:
            self._answer(event.value)

    @on(Button.Pressed)
    def _forgotten(self, event: Button.Pressed) -> None:
        event.stop()
        self._answer(FORGOTTEN)

    def action_cancel(self) -> None:
        """Go on without access."""
        self._answer(None)

    def _answer(self, passphrase: str | None) -> None:
        if self.is_current:
            self.query_one(SecretInput).value = ""
            self.dismiss(passphrase)
