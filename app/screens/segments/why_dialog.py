"""The dialog that explains why a participant is in a segment or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.keys.dialogs import WHY
from app.panel.person import Person
from app.panel.segments.views import SegmentView
from app.panel.segments.why import why
from app.widgets.bindings import bindings
from app.widgets.content import hidden, no_emails, words
from app.widgets.dialog import Dialog
from app.widgets.lines.text_line import TextLine
from app.widgets.table.table import Cell, Column, Table

COLUMNS = (Column("", 6), Column("Segment", 20, grow=1))
IN, OUT = Cell("✓ in", "$completed"), Cell("✗ not", "$muted")


class WhyRows:
    """The segments as rows, with a mark for each that the participant is in."""

    def __init__(self, views: Sequence[SegmentView], within: set[str]) -> None:
        self._views, self._within = views, within

    def __len__(self) -> int:
        return len(self._views)

    def key(self, index: int) -> int:
        return index

    def index(self, key: int, near: int) -> int | None:
        return key if key < len(self._views) else None

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        return [
            (IN if one.key in self._within else OUT, Cell(one.name))
            for one in self._views[start:stop]
        ]


class WhyDialog(Dialog[None]):
    """Lists the segments and explains the current one, beginning with that of ``key``."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(WHY)
    help_text = "The sentence explains the current segment."

    def __init__(
        self,
        store: Store,
        person: Person,
        views: Sequence[SegmentView],
        key: str,
        *,
        masking: bool,
    ) -> None:
        super().__init__()
        self._store, self._person, self._views = store, person, views
        self._key, self._masking = key, masking

    def compose(self) -> ComposeResult:
        one = self._person
        name = hidden(one.name or one.email, self._masking) or one.stripe_id
        with Vertical(id="dialog", classes="why"):
            yield Static(words((name, "bold"), f": {one.status}"))
            yield Table(COLUMNS, "Every segment.", opens=False, id="why-segments")
            with VerticalScroll(id="why-answer", can_focus=False):
                yield TextLine(id="why-sentence")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        within = {one.place.segment for one in self._person.now}
        table.show(WhyRows(self._views, within))
        keys = [one.key for one in self._views]
        if self._key in keys:
            table.go_to(keys.index(self._key))
        table.focus()

    @on(Table.CursorMoved)
    def _moved(self, message: Table.CursorMoved) -> None:
        message.stop()
        if message.key is None:
            return
        try:
            answer = why(self._store, self._person.id, self._views[message.key].key)
            said = words(no_emails(answer.sentence, self._masking))
        except LookupError:
            said = words("This participant is no longer in the panel.")
        except DatabaseProblem as problem:
            said = words((str(problem), "$never"))
        self.query_one("#why-sentence", TextLine).show(said)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
