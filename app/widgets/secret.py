"""A field for a secret: shown as dots, and not copied to the clipboard either."""

from __future__ import annotations

from app.widgets.field import TextField


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
