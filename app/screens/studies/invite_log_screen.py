"""The invite log: each invite with its state and dates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.exports import of_invites
from app.invites.invite_log import columns_in_use, invite_ids
from app.invites.states import state_words
from app.invites.studies import Study
from app.keys.screens import LOG
from app.panel.lists.order import Ids
from app.screens.export_dialog import ExportDialog
from app.screens.studies.invite_actions import InviteActions
from app.screens.studies.invite_rows import COLUMNS, InviteRows, columns
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.filter_line import FilterLine
from app.widgets.footer import FooterHints
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane
from app.widgets.table.table import Column, Table

STATES = (
    *("", "uncertain", "to_confirm", "queued", "sent", "handed_over", "started", "completed"),
    *("declined", "bounced", "failed", "expired", "withdrawn"),
)

NO_INVITES = "No invites yet. Preview the study to send some."


class InviteLogScreen(InviteActions):
    """The invites of one study, or of all studies if ``study`` is None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(LOG)
    PAUSE = 0.5
    help_text = (
        "Each invite with its state. Press Space to select several, m to mark what happened, I to "
        "mark from a list, u to undo the last mark, and S for all studies."
    )

    class Found(Message):
        """The thread has read the list, or there was a problem."""

        def __init__(
            self, wish: int, ids: Ids | DatabaseProblem, in_use: frozenset[str] = frozenset()
        ) -> None:
            super().__init__()
            self.wish, self.ids, self.in_use = wish, ids, in_use

    def __init__(
        self, store: Store, connection_id: int, study: Study | None, *, masking: bool
    ) -> None:
        super().__init__()
        self._store, self._connection_id, self._study = store, connection_id, study
        self._masking = masking
        self._only = study  # what a key goes back to from all studies
        self._columns: tuple[Column, ...] = COLUMNS
        self._text, self._state = "", 0
        self._picked: set[int] = set()  # including those that are not in the list now
        self._ids: Ids | None = None
        self._wish = 0  # the number of the newest read
        self._reset = False

    def compose_content(self) -> ComposeResult:
        with Pane(id="log"):
            yield TextLine(id="log-how")
            yield FilterLine("Name, email or ID", id="log-search")
            yield Table(
                COLUMNS, "The invites.", empty=NO_INVITES, waiting="Reading…",
                opens=False,
                id="log-table",
            )  # fmt: skip

    def on_mount(self) -> None:
        self.query_one("#log-search").display = False
        self._entitle()
        self.table.focus()
        self.read(reset=True)

    @property
    def table(self) -> Table:
        """The table of invites."""
        return self.query_one("#log-table", Table)

    @property
    def current(self) -> int | None:
        return self.table.current

    # What is shown

    def show_content(self, snapshot: Snapshot) -> None:
        connection = snapshot.view.connection
        if connection is None or connection.id != self._connection_id:
            self.call_later(self.dismiss, None)
            return
        masked, self._masking = self._masking != snapshot.masking, snapshot.masking
        if masked or snapshot.fresh:
            self.read()

    def read(self, *, reset: bool = False) -> None:
        """Read the list again. ``reset`` begins at its top."""
        self._wish += 1
        self._reset = self._reset or reset
        self._find(self._wish, [STATES[self._state]] if self._state else [], self._text)

    @work(thread=True)
    def _find(self, wish: int, states: Sequence[str], text: str) -> None:
        study = self._study.id if self._study else None
        found: Ids | DatabaseProblem
        in_use: frozenset[str] = frozenset()
        try:
            in_use = columns_in_use(self._store, self._connection_id, study)
            found = invite_ids(
                self._store, self._connection_id, study_id=study, states=states, text=text
            )
        except DatabaseProblem as problem:
            found = problem
        finally:
            self._store.close()
        self.post_message(self.Found(wish, found, in_use))

    @on(Found)
    def _found(self, message: Found) -> None:
        message.stop()
        if message.wish != self._wish:
            return
        if isinstance(message.ids, DatabaseProblem):
            self.host.tell(str(message.ids), problem=True)
            return
        self._ids = message.ids
        self._columns = columns(message.in_use, all_studies=self._study is None)
        self.table.show_columns(self._columns)
        self._draw(reset=self._reset)
        self._reset = False

    def _draw(self, *, reset: bool = False) -> None:
        if self._ids is not None:
            rows = InviteRows(
                self._store, self._ids, self._picked, self._columns, masking=self._masking
            )
            narrowed = bool(self._text or self._state)
            empty = "No invite matches." if narrowed else NO_INVITES
            self.table.show(rows, empty=empty, reset=reset)
        self._say()

    def _say(self) -> None:
        state = state_words(STATES[self._state])
        parts = [f"only {state}" if state else "all states"]
        if self._picked:
            parts.append(f"{len(self._picked):,} selected")
        self.query_one("#log-how", TextLine).show(words((" · ".join(parts), "$muted")))
        first, last, total = self.table.seen
        rows = f"rows {first:,}–{last:,} of {total:,}" if total else ""
        self.query_one("#log", Pane).entitle(facts=words(rows))

    @on(Table.RowsSeen)
    def _seen(self) -> None:
        self._say()

    @on(Table.CursorMoved)
    @on(Table.RowChosen)
    def _moved(self, message: Table.CursorMoved | Table.RowChosen) -> None:
        message.stop()
        self._say()

    # Keys

    def back(self) -> bool:
        line = self.query_one("#log-search", FilterLine)
        if line.display:
            line.set("")
            line.display = False
            self._text = ""
            self.read(reset=True)
            self.table.focus()
        elif self._picked:
            self._picked.clear()
            self._draw()
        elif self.is_current:
            self.dismiss(None)
        return True

    def _entitle(self) -> None:
        title = plain(self._study.title, 60) if self._study else "all studies"
        self.query_one("#log", Pane).entitle(words(f"Invites: {title}"))

    def action_scope(self) -> None:
        """Show the invites of all studies, or of the one again."""
        self._study = None if self._study else self._only
        self._picked.clear()
        self._entitle()
        self.show_keys()
        self.read(reset=True)

    def hints(self) -> FooterHints:
        names = dict(super().hints().names)
        if self._study is None and self._only is not None:
            names["log.scope"] = "One study"
        without = frozenset() if self._only else frozenset({"log.scope"})
        return FooterHints(names=names, without=without)

    def action_search(self) -> None:
        """Open the search line."""
        line = self.query_one("#log-search", FilterLine)
        line.display = True
        line.focus()

    @on(FilterLine.Narrowed)
    def _narrowed(self, message: FilterLine.Narrowed) -> None:
        message.stop()
        self._text = message.text
        self.read(reset=True)

    @on(FilterLine.Entered)
    def _entered(self, message: FilterLine.Entered) -> None:
        message.stop()
        self.table.focus()

    @on(FilterLine.Left)
    def _left(self, message: FilterLine.Left) -> None:
        message.stop()
        self.back()

    def action_state(self) -> None:
        """Show only invites in the next state."""
        self._state = (self._state + 1) % len(STATES)
        self.read(reset=True)

    def action_select(self) -> None:
        """Pick the current invite, or unpick it."""
        current = self.table.current
        if current is not None:
            self._picked ^= {current}
            self._draw()
            self.table.action_move(1)

    def action_export(self) -> None:
        """Export the invites of the list."""
        if not self._ids:
            self.host.tell("No invites to export.")
            return
        source = of_invites(self._store, self._ids)
        title = f"invites {self._study.title if self._study else 'of all studies'}"

        def written(file: Path | None) -> None:
            said = source.counted(source.number)
            self.host.tell(f"Exported {said} to {file}." if file else "Nothing was exported.")

        self.app.push_screen(
            ExportDialog(self._store, source, title, masking=self._masking), written
        )
