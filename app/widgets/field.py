"""A field to write in, whose keys the line at the bottom names."""

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
