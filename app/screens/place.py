"""Where access is kept: asked before there is any, and never answered by the program itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.credentials.store import Place
from app.widgets.line import Line
from app.widgets.secret import SecretInput
from app.widgets.words import para, words

Choice = tuple[Place, str | None]

WORDS = {
    Place.KEYRING: "Keyring – try it (again)",
    Place.PASSPHRASE: "File encrypted with a passphrase – asked for at each start",
    Place.SESSION: "This session only – connect again next time",
    Place.PLAIN: "PLAIN FILE – every program you run can read it",
}


class PlaceDialog(ModalScreen[Choice | None]):
    """Which place. Nothing is chosen beforehand, and escape does nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="place.cancel", tooltip="Choose nothing"),
    ]
    help_text = "Where the access to Stripe is kept. Escape leaves everything as it is."

    def __init__(self, why: str) -> None:
        super().__init__()
        self._why = why

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(
                para([words(("Where shall access to Stripe be kept?", "bold")), words(self._why)])
            )
            yield OptionList(
                *(Option(words(text), id=place.value) for place, text in WORDS.items()),
                id="places",
                markup=False,
            )
            yield SecretInput("a new passphrase", id="first")
            yield SecretInput("the same once more", id="second")
            yield Line(id="differ")

    def on_mount(self) -> None:
        for field in self.query(SecretInput):
            field.display = False
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        place = Place(event.option_id)
        if place is not Place.PASSPHRASE:
            self.dismiss((place, None))
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
            self.query_one("#differ", Line).show(
                words(("✗ ", "bold $error"), "The two are empty or differ; enter them again.")
            )
            self.query_one("#first").focus()
        else:
            self.dismiss((Place.PASSPHRASE, first))

    def action_cancel(self) -> None:
        """Choose nothing."""
        if self.is_current:
            self.dismiss(None)


class Unlock(ModalScreen[str | None]):
    """Asks for the passphrase of the encrypted file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="unlock.cancel", tooltip="Go on without it"),
    ]
    help_text = "The passphrase that the access to Stripe is encrypted with."

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para([words(line) for line in self._lines]))
            yield SecretInput("passphrase", id="passphrase")

    def on_mount(self) -> None:
        self.query_one(SecretInput).focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value:
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Go on without it."""
        if self.is_current:
            self.dismiss(None)
