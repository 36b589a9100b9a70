"""The ledger: who planned, sent, marked, opted out and corrected what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.exports import of_ledger
from app.invites.ledger_log import Owner, entry_numbers, owners
from app.invites.studies import Study
from app.keys.screens import LEDGER
from app.panel.lists.order import Ids
from app.screens.base import PanelistScreen
from app.screens.export_dialog import ExportDialog
from app.screens.studies.ledger_rows import COLUMNS, LedgerRows
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane
from app.widgets.table.table import Table


class LedgerScreen(PanelistScreen):
    """The entries of one study, or of a whole account if ``study`` is None. ``person``: the Stripe
    id of the participant under the cursor, of whom ``p`` shows only theirs."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(LEDGER)
    help_text = (
        "Each entry says who did what, when and from where. Entries are never changed, and "
        "panelist verify checks that. Press p to show only the entries about one participant."
    )

    class Found(Message):
        """The thread has read the list, or there was a problem."""

        def __init__(
            self,
            wish: int,
            numbers: Ids | DatabaseProblem | StudyProblem,
            known: Mapping[str, Owner],
        ) -> None:
            super().__init__()
            self.wish, self.numbers, self.known = wish, numbers, known

    def __init__(
        self,
        store: Store,
        connection_id: int,
        study: Study | None,
        person: str | None,
        *,
        masking: bool,
    ) -> None:
        super().__init__()
        self._store, self._connection_id, self._study = store, connection_id, study
        self._person, self._masking = person, masking
        self._only_person = False
        self._numbers: Ids | None = None
        self._wish = 0  # the number of the newest read
        self._reset = False

    def compose_content(self) -> ComposeResult:
        with Pane(id="log"):
            yield TextLine(id="log-how")
            yield Table(
                COLUMNS, "The entries.", empty="No entries.", waiting="Reading…",
                opens=False,
                id="log-table",
            )  # fmt: skip

    def on_mount(self) -> None:
        self.table.focus()
        self._read(reset=True)

    @property
    def table(self) -> Table:
        """The table of entries."""
        return self.query_one("#log-table", Table)

    def show_content(self, snapshot: Snapshot) -> None:
        connection = snapshot.view.connection
        if connection is None or connection.id != self._connection_id:
            self.call_later(self.dismiss, None)
            return
        masked, self._masking = self._masking != snapshot.masking, snapshot.masking
        if masked or snapshot.fresh:
            self._read()

    def _read(self, *, reset: bool = False) -> None:
        self._wish += 1
        self._reset = self._reset or reset
        self._find(self._wish, self._person if self._only_person else None)

    @work(thread=True)
    def _find(self, wish: int, person: str | None) -> None:
        study = self._study.id if self._study else None
        found: Ids | DatabaseProblem | StudyProblem
        known: Mapping[str, Owner] = {}
        try:
            found = entry_numbers(self._store, self._connection_id, study_id=study, person=person)
            known = owners(self._store, self._connection_id)
        except (DatabaseProblem, StudyProblem) as problem:
            found = problem
        finally:
            self._store.close()
        self.post_message(self.Found(wish, found, known))

    @on(Found)
    def _found(self, message: Found) -> None:
        message.stop()
        if message.wish != self._wish:
            return
        if isinstance(message.numbers, DatabaseProblem | StudyProblem):
            self.host.tell(str(message.numbers), problem=True)
            return
        self._numbers = message.numbers
        rows = LedgerRows(
            self._store,
            self._connection_id,
            self._numbers,
            message.known,
            masking=self._masking,
        )
        self.table.show(rows, reset=self._reset)
        self._reset = False
        self._say()

    def _say(self) -> None:
        title = plain(self._study.title, 60) if self._study else "all studies"
        only = f"only {plain(self._person, 60)}" if self._only_person else "everyone"
        self.query_one("#log-how", TextLine).show(words((only, "$muted")))
        first, last, total = self.table.seen
        rows = f"rows {first:,}–{last:,} of {total:,}" if total else ""
        self.query_one("#log", Pane).entitle(words(f"Ledger: {title}"), words(rows))

    @on(Table.RowsSeen)
    @on(Table.CursorMoved)
    @on(Table.RowChosen)
    def _moved(self, message: Table.RowsSeen | Table.CursorMoved | Table.RowChosen) -> None:
        message.stop()
        self._say()

    def back(self) -> bool:
        if self.is_current:
            self.dismiss(None)
        return True

    def action_person(self) -> None:
        """Show only the entries about one participant, or all again."""
        if self._person is None:
            self.host.tell("Open the ledger from an invite in the log to filter by participant.")
            return
        self._only_person = not self._only_person
        self._read(reset=True)

    def action_export(self) -> None:
        """Export the entries of the list."""
        if not self._numbers:
            self.host.tell("No entries.")
            return
        source = of_ledger(self._store, self._connection_id, self._numbers)
        title = f"ledger {self._study.title if self._study else 'of all studies'}"

        def written(file: Path | None) -> None:
            said = source.counted(source.number)
            self.host.tell(f"Exported {said} to {file}." if file else "Nothing was exported.")

        self.app.push_screen(
            ExportDialog(self._store, source, title, masking=self._masking), written
        )
