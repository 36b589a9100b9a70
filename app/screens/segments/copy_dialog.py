"""The dialog that copies one value of a participant, or opens their page at Stripe."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.panel.person import Person
from app.screens.base import host_of
from app.text import masked, plain
from app.widgets.content import hidden, para, words
from app.widgets.text_line import TextLine

LONGEST = 5_000  # characters: some terminals drop more than 75,000 bytes of base64
NUMBERED = 9  # the number of metadata values that get a key
SAFE = ", without the signs that a terminal could obey"


@dataclass(frozen=True)
class CopyableValue:
    """A value that ``key`` copies ("" for no key). Masking hides it if it is ``private``."""

    key: str
    label: str
    text: str
    private: bool = True


def values(one: Person) -> list[CopyableValue]:
    """Every value of a participant that can be copied."""
    found = [
        CopyableValue("n", "name", one.name or ""),
        CopyableValue("e", "email", one.email or ""),
        CopyableValue("p", "phone", one.phone or ""),
        CopyableValue("i", "Stripe id", one.stripe_id, private=False),
        CopyableValue("d", "Dashboard link", one.url, private=False),
    ]
    for number, (key, text) in enumerate(sorted(one.metadata.items()), 1):
        found.append(CopyableValue(str(number) if number <= NUMBERED else "", key, text))
    return [value for value in found if value.text]


def _copies(key: str, name: str) -> Binding:
    return Binding(
        key, f"copy('{key}')", name, id=f"copy.{key}", show=False, tooltip=f"Copy the {name}"
    )


class CopyDialog(ModalScreen[None]):
    """Asks which value of a participant to copy to the clipboard."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,y,q", "close", "Close", id="copy.close", tooltip="Copy nothing"),
        Binding("o", "open", "Open", id="copy.open", tooltip="Open the page in a browser"),
        _copies("n", "name"),
        _copies("e", "email"),
        _copies("p", "phone"),
        _copies("i", "Stripe id"),
        _copies("d", "Dashboard link"),
        *(_copies(str(key), f"metadata's value {key}") for key in range(1, NUMBERED + 1)),
    ]
    help_text = (
        "The key before a line copies it, as Enter does. The terminal sets the clipboard, also of"
        " the computer you sit at over ssh; some do not allow it."
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
            yield OptionList(*(Option(words(*line)) for line in lines), markup=False)
            yield TextLine(id="copy-said")
            keys = words(
                ("Enter", "bold"), " copies; ", ("o", "bold"), " opens the Dashboard; ",
                ("escape", "bold"), " closes.",
            )  # fmt: skip
            yield Static(para([keys]), classes="keys")

    def _line(self, value: CopyableValue) -> tuple[tuple[str, str], ...]:
        text = hidden(value.text, self._masking and value.private)
        return (
            (f"{value.key or ' '} ", "bold"),
            (f"{plain(value.label, 20):<16} ", "$muted"),
            (plain(text, 200), ""),
        )

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.focus()
        options.highlighted = 0

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._copy(self._values[event.option_index])

    def action_copy(self, key: str) -> None:
        """Copy the value with this key."""
        for value in self._values:
            if value.key == key:
                self._copy(value)
                return
        host_of(self).tell("This person has no such value; nothing was copied.")

    def _copy(self, value: CopyableValue) -> None:
        if not self.is_current:
            return
        # One line, so that it is safe to paste into a shell.
        copied, how = plain(value.text, LONGEST), ""
        if self._masking and value.private:
            copied, how = masked(value.text), ", masked"
        elif copied != value.text:
            how = SAFE
        self.app.copy_to_clipboard(copied)
        what = value.label if value.key.isalpha() else f"value of {value.label}"
        host_of(self).tell(f"Copied the {plain(what, 60)}{how}, where the terminal allows it.")
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

    def action_close(self) -> None:
        if self.is_current:
            self.dismiss(None)
