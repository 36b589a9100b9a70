"""The dialog that asks what happened to invites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.db.store import Store
from app.invites import lifecycle
from app.keys.dialogs import MARK
from app.widgets.bindings import bindings
from app.widgets.choice_list import ChoiceList
from app.widgets.content import words
from app.widgets.dialog import DecisionDialog

ARRIVED, LOST = "arrived", "lost"
MARKS = {
    "started": "Started",
    "completed": "Completed",
    "declined": "Declined",
    "bounced": "Bounced. The address gets no more invites",
    ARRIVED: "Arrived",
    LOST: "Did not arrive, or did not bounce. You can invite again",
}


def marks_possible(store: Store, connection_id: int, invites: Sequence[int]) -> dict[str, int]:
    """How many of these invites each mark would change. Raises DatabaseProblem."""
    found = {
        mark: len(invites) - sum(lifecycle.staying(store, connection_id, invites, mark).values())
        for mark in MARKS
        if mark not in (ARRIVED, LOST)
    }
    for mark in (ARRIVED, LOST):
        found[mark] = lifecycle.unresolved(store, invites, mark == ARRIVED)
    return found


class MarkDialog(DecisionDialog["str | None"]):
    """Returns what became of the invites, one of MARKS, or None. ``about`` names the invites, and
    ``possible`` says for how many each mark is possible."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(MARK)
    help_text = "Choose what happened to these invites. In the log, press u to undo it."

    def __init__(self, about: str, possible: Mapping[str, int]) -> None:
        super().__init__()
        self._about, self._possible = about, possible

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(words((f"Mark {self._about} as", "bold")))
            yield ChoiceList(*(self._option(mark) for mark in MARKS), id="marks", markup=False)

    def _option(self, mark: str) -> Option:
        number = self._possible[mark]
        name, _, note = MARKS[mark].partition(". ")
        count, note = (f"{number:,}" if number else "–"), f"  {note}" if note else ""
        return Option(
            words((f"{count:>5}  ", "bold"), name, (note, "$muted")), id=mark, disabled=not number
        )

    def on_mount(self) -> None:
        marks = self.query_one(ChoiceList)
        marks.focus()
        marks.action_first()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if not self.deaf and self.is_current:
            self.dismiss(event.option_id)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
