"""The dialog that picks a segment from a list that narrows as a person types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from app.keys.dialogs import PICK
from app.panel.segments.views import SegmentView
from app.screens.segments.segment_table import SegmentTable
from app.text import fold, plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import Dialog
from app.widgets.filter_line import FilterLine, Trouble
from app.widgets.table.table import Table


class PickSegmentDialog(Dialog["SegmentView | None"]):
    """Picks one of these segments, or returns None. ``question`` may hold foreign text."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(PICK)
    help_text = (
        "Type part of the name. Enter goes to the list, and then chooses the current segment."
    )

    def __init__(self, question: str, views: Sequence[SegmentView]) -> None:
        super().__init__()
        self._question, self._views = question, views

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="why"):
            yield Static(words((self._question, "bold")))
            yield FilterLine("Part of a name", id="pick-filter")
            yield SegmentTable(empty="No segment found.")

    def on_mount(self) -> None:
        self.query_one(SegmentTable).fill(self._views)
        self.query_one(FilterLine).focus()

    @on(FilterLine.Typed)
    def _typed(self, message: FilterLine.Typed) -> None:
        message.stop()
        parts = fold(message.text).split()
        left = [one for one in self._views if all(part in _search_text(one) for part in parts)]
        trouble = None if left else Trouble("No segment found.", (0, len(message.text)))
        self.query_one(FilterLine).answer(message.text, trouble=trouble)
        self.query_one(SegmentTable).fill(left)

    @on(FilterLine.Narrowed)
    def _narrowed(self, message: FilterLine.Narrowed) -> None:
        message.stop()

    @on(FilterLine.Entered)
    def _entered(self, message: FilterLine.Entered) -> None:
        message.stop()
        self.query_one(SegmentTable).focus()

    @on(FilterLine.Left)
    def _left(self, message: FilterLine.Left) -> None:
        message.stop()
        self.action_cancel()

    @on(Table.CursorMoved)
    def _moved(self, message: Table.CursorMoved) -> None:
        message.stop()

    @on(Table.RowChosen)
    def _chosen(self, message: Table.RowChosen) -> None:
        message.stop()
        segment = self.query_one(SegmentTable).segment
        if segment is not None and self.is_current:
            self.dismiss(segment)

    def action_cancel(self) -> None:
        """Choose none."""
        if self.is_current:
            self.dismiss(None)


def _search_text(one: SegmentView) -> str:
    """The text that a segment is found by."""
    return fold(f"{plain(one.name)} {plain(one.key)}")
