"""A field for a secret: shown as dots, and not copied to the clipboard either."""

from __future__ import annotations

from textual.widgets import Input


class SecretInput(Input):
    """Keeps nothing on the screen, in the clipboard or among suggestions."""

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002
        super().__init__(
            placeholder=placeholder, password=True, id=id, max_length=300, select_on_focus=False
        )

    def action_copy(self) -> None:
        """Nothing: what cannot be seen cannot be copied."""

    def action_cut(self) -> None:
        self.delete_selection()
