"""Fields of one line. What a terminal could obey is removed from whatever is typed or pasted."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from app.text import plain


class TextField(Input):
    """While it has the focus, letters are text, so these are the keys that do something."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Go on", id="field.enter", tooltip="Use what is entered"),
        Binding("escape", "leave", "Leave it", id="field.leave", tooltip="Out of this field"),
    ]

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
        """What a terminal could obey is taken out, also of what is pasted."""
        return plain(value, len(value) + 1)

    def on_unmount(self) -> None:
        """Nothing of it outlives the screen, however that ends."""
        self.value = ""

    async def action_leave(self) -> None:
        """What escape means around this field: to give up, or only to go back."""
        screen = self.screen
        await self.run_action("screen.cancel" if isinstance(screen, ModalScreen) else "app.back")


class SecretInput(TextField):
    """Keeps nothing on the screen, in the clipboard or among suggestions."""

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002
        super().__init__(placeholder, id=id, secret=True)

    def validate_value(self, value: str) -> str:
        """As it is: none of it is drawn, and a passphrase may have any sign."""
        return value

    def action_copy(self) -> None:
        """Nothing: what cannot be seen cannot be copied."""

    def action_cut(self) -> None:
        self.delete_selection()
