"""Input fields of one line. Control characters are removed from what is typed or pasted."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from textual import events
from textual.app import ScreenStackError
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from app.keys.dialogs import FIELD
from app.text import plain
from app.widgets.bindings import bindings


class TextField(Input):
    """A field of one line. Letters are text in it, so only Enter and escape are keys."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(FIELD)

    def __init__(
        self,
        placeholder: str,
        *,
        id: str,  # noqa: A002
        longest: int = 300,
        secret: bool = False,
    ) -> None:
        super().__init__(
            placeholder=placeholder,
            id=id,
            max_length=longest,
            password=secret,
            select_on_focus=False,
        )

    def validate_value(self, value: str) -> str:
        """The value without control characters, also when code sets it."""
        return plain(value, len(value) + 1)

    def on_unmount(self) -> None:
        """Empty the field, so that no value outlives the screen."""
        with suppress(ScreenStackError):  # the app is ending
            self.value = ""

    async def action_leave(self) -> None:
        """Do what escape does on this screen: cancel a dialog, or go back."""
        screen = self.screen
        await self.run_action("screen.cancel" if isinstance(screen, ModalScreen) else "app.back")


class PasteField(TextField):
    """A field for the address that a browser shows after an approval."""

    help_text = "The address in your browser after you approve. Enter uses it."

    def _on_paste(self, event: events.Paste) -> None:
        """Join pasted lines: a terminal breaks a long address, and Input would use one line."""
        self.insert_text_at_cursor("".join(event.text.split()))
        event.prevent_default()
        event.stop()


class SecretInput(TextField):
    """A field for a secret: its value is neither shown, copied nor suggested."""

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002
        super().__init__(placeholder, id=id, secret=True)

    def validate_value(self, value: str) -> str:
        """The value unchanged: it is never drawn, and a passphrase may hold any character."""
        return value

    def action_copy(self) -> None:
        """Copy nothing."""

    def action_cut(self) -> None:
        self.delete_selection()
