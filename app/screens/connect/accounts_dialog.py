"""The dialog that chooses the account to show: the connected one or an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.keys.dialogs import ACCOUNTS
from app.panel.overview import ConnectionView
from app.screens.base import account_words
from app.text import when
from app.widgets.bindings import bindings
from app.widgets.choice_list import ChoiceList
from app.widgets.content import para, words
from app.widgets.dialog import Dialog


class AccountsDialog(Dialog[int | None]):
    """Lists the accounts in this database, live and test apart. ``shown`` is the id of one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ACCOUNTS)
    help_text = "Choose the account to show. Accounts are always kept apart."

    def __init__(self, known: Sequence[ConnectionView], shown: int | None) -> None:
        super().__init__()
        self._known = known
        self._shown = shown

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para([words(("Switch account", "bold"))]))
            yield ChoiceList(
                *(Option(words(*_line(one)), id=str(one.id)) for one in self._known), markup=False
            )

    def on_mount(self) -> None:
        options = self.query_one(ChoiceList)
        options.focus()
        ids = [one.id for one in self._known]
        options.highlighted = ids.index(self._shown) if self._shown in ids else 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self.is_current:
            self.dismiss(int(event.option_id or 0))

    def action_cancel(self) -> None:
        """Keep the account that is shown."""
        if self.is_current:
            self.dismiss(None)


def _line(one: ConnectionView) -> tuple[str, ...]:
    state = "connected"
    if one.status == "disconnected":
        state = f"disconnected {when(one.disconnected_at)}"
    return (account_words(one.account, one.account_name), f", {one.mode}: {state}")
