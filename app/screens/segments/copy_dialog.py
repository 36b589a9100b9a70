"""The dialog that copies one value of a participant, or opens their page at Stripe."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.keys.dialogs import COPY
from app.panel.person import Person
from app.screens.base import host_of
from app.text import masked, plain
from app.widgets.bindings import bindings
from app.widgets.choice_list import ChoiceList
from app.widgets.content import hidden, words
from app.widgets.dialog import Dialog
from app.widgets.lines.text_line import TextLine

LONGEST = 5_000  # characters: some terminals drop more than 75,000 bytes of base64
SAFE = ", control characters are removed"


@dataclass(frozen=True)
class CopyableValue:
    """A value with its label. Masking hides it if it is ``private``. ``key``: the key of metadata
    that it stands under, or ""."""

    label: str
    text: str
    private: bool = True
    key: str = ""


def values(one: Person) -> list[CopyableValue]:
    """Every value of a participant that can be copied."""
    found = [
        CopyableValue("name", one.name or ""),
        CopyableValue("email", one.email or ""),
        CopyableValue("phone", one.phone or ""),
        CopyableValue("Stripe ID", one.stripe_id, private=False),
        CopyableValue("Dashboard link", one.url, private=False),
    ]
    for key, text in sorted(one.metadata.items()):
        found.append(CopyableValue(key, text, key=key))
    return [value for value in found if value.text]


class CopyDialog(Dialog[None]):
    """Asks which value of a participant to copy to the clipboard."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(COPY)
    help_text = (
        "Enter copies the current line. This also works over ssh if your terminal allows it."
    )

    class Opened(Message):
        """A browser was started, or ``why_not`` says why none was."""

        def __init__(self, why_not: str) -> None:
            super().__init__()
            self.why_not = why_not

    def __init__(self, person: Person, *, masking: bool) -> None:
        super().__init__()
        self._person, self._masking = person, masking
        self._values = values(person)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(words(("Copy to the clipboard", "bold")))
            lines = (self._line(one) for one in self._values)
            yield ChoiceList(*(Option(words(*line)) for line in lines), markup=False)
            yield TextLine(id="copy-said")

    def _line(self, value: CopyableValue) -> tuple[tuple[str, str], ...]:
        text = hidden(value.text, self._masking and value.private)
        return (
            (f"{plain(value.label, 20):<16} ", "$muted"),
            (plain(text, 200), ""),
        )

    def on_mount(self) -> None:
        options = self.query_one(ChoiceList)
        options.focus()
        options.highlighted = 0

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._copy(self._values[event.option_index])

    def action_copy_current(self) -> None:
        """Copy the value under the cursor."""
        self.query_one(ChoiceList).action_select()

    def _copy(self, value: CopyableValue) -> None:
        if not self.is_current:
            return
        # One line, so that it is safe to paste into a shell.
        copied, how = plain(value.text, LONGEST), ""
        if self._masking and value.private:
            copied, how = masked(value.text), ", masked"
        elif copied != value.text:
            how = SAFE
        what = f"value of {value.key}" if value.key else value.label
        host_of(self).copy(copied, f"the {plain(what, 60)}{how}")
        self.dismiss(None)

    # The Dashboard

    def action_open(self) -> None:
        """Open the participant's page in a browser."""
        threading.Thread(target=self._browse, name="browser", daemon=True).start()

    def _browse(self) -> None:
        """Runs in a thread, because a browser may take seconds to start."""
        from app.oauth.browser import open_browser

        why_not = open_browser(self._person.url, os.environ)
        with suppress(RuntimeError):  # the app has ended
            self.post_message(self.Opened(why_not))

    @on(Opened)
    def _opened(self, message: Opened) -> None:
        message.stop()
        if message.why_not:
            said = words(f"Not opened: {message.why_not}. It is at ", (self._person.url, "bold"))
            self.query_one("#copy-said", TextLine).show(said)
        elif self.is_current:
            host_of(self).tell("Opened in the browser.")
            self.dismiss(None)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
