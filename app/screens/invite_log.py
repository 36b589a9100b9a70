"""The invitation log: each invite with its state and dates, and what a person says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import life, optouts
from app.invites.links import hand_out
from app.invites.log import InviteRow, invite_ids, invite_rows
from app.invites.problems import StudyProblem
from app.invites.studies import Study
from app.panel.lists import Ids
from app.screens.frame import PanelistScreen, Picture
from app.text import plain, when
from app.widgets.dialog import Question
from app.widgets.filter_line import FilterLine
from app.widgets.line import Line
from app.widgets.table import Cell, Column, Table
from app.widgets.titles import entitle
from app.widgets.words import hidden, words

COLUMNS = (
    Column("Person", 14, grow=2, most=36),
    Column("Address", 18, grow=2, most=44, priority=1),
    Column("State", 12),
    Column("Since", 12, priority=2),
    Column("Invited", 12, priority=4),
    Column("Reminder", 10, priority=5),
    Column("Study", 12, grow=1, most=30, priority=3),
    Column("Why", 12, grow=2, most=60, priority=6),
)
COLOURS = {
    **dict.fromkeys(("sent", "handed_over"), "$primary"),
    **dict.fromkeys(("failed", "bounced"), "$error"),
    "uncertain": "bold $error",
    "started": "$accent",
    "completed": "$success",
    "declined": "$warning",
}
STATES = ("", "uncertain", "queued", "sent", "handed_over", "started", "completed", "declined",
          "bounced", "failed", "expired", "withdrawn")  # fmt: skip


class InviteRows:
    """The invites with these row ids, as rows."""

    def __init__(self, store: Store, ids: Ids, picked: set[int], *, masking: bool) -> None:
        self.ids, self._picked = ids, picked
        self._store, self._masking = store, masking
        self._at = {key: at for at, key in enumerate(ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def key(self, index: int) -> int:
        return self.ids[index]

    def index(self, key: int, near: int) -> int | None:
        return self._at.get(key)

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        ids = self.ids[start:stop]
        try:
            found = {one.id: one for one in invite_rows(self._store, ids)}
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$error"),) for _ in ids]
        return [
            _cells(found[one], one in self._picked, self._masking) if one in found else ()
            for one in ids
        ]


class InviteLog(PanelistScreen):
    """The invites of a study, or of all."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", id="log.search", key_display="/",
                tooltip="Narrow the invites by name, address or id"),
        Binding("f", "state", "State", id="log.state",
                tooltip="Only those in one state; again: the next one"),
        Binding("space", "pick", "Pick", id="log.pick", show=False,
                tooltip="Pick this invite, to mark several at once; or let it go"),
        Binding("s", "mark('started')", "Started", id="log.started",
                tooltip="The interview has started"),
        Binding("c", "mark('completed')", "Completed", id="log.completed",
                tooltip="The interview is done"),
        Binding("d", "mark('declined')", "Declined", id="log.declined",
                tooltip="The person does not want to be interviewed"),
        Binding("b", "mark('bounced')", "Bounced", id="log.bounced", show=False,
                tooltip="The mail came back; the mailbox is written to no more"),
        Binding("plus", "resolve(True)", "It arrived", id="log.arrived", show=False,
                key_display="+", tooltip="An uncertain one arrived"),
        Binding("minus", "resolve(False)", "It did not", id="log.lost", show=False,
                key_display="-", tooltip="An uncertain one did not arrive; it may be asked again"),
        Binding("o", "opt_out", "Opt out", id="log.optout", show=False,
                tooltip="Never write to this mailbox again, in any study"),
        Binding("y", "link", "Copy link", id="log.link", show=False,
                tooltip="Copy the person's link; a queued invite counts as handed over then"),
    ]  # fmt: skip
    PAUSE = 0.5
    help_text = (
        "Each invite with its state. space picks several; s, c, d and b say what became of them;"
        " + and - resolve uncertain ones; o: never write to this mailbox again. Escape goes back."
    )

    def __init__(
        self, store: Store, connection_id: int, study: Study | None, *, masking: bool
    ) -> None:
        super().__init__()
        self._store, self._connection_id, self._study = store, connection_id, study
        self._masking = masking
        self._text, self._state = "", 0
        self._picked: set[int] = set()
        self._ids: Ids | None = None

    def compose_content(self) -> ComposeResult:
        with Vertical(id="log"):
            yield Line(id="log-how")
            yield FilterLine("name, address or id", id="log-search")
            yield Table(
                COLUMNS, "The invites.", empty="No invite is here.", waiting="Reading…",
                id="log-table",
            )  # fmt: skip

    def on_mount(self) -> None:
        self.query_one("#log-search").display = False
        title = plain(self._study.title, 60) if self._study else "all studies"
        entitle(self.query_one("#log"), words(f"Invites: {title}"))
        self.table.focus()
        self.read(anew=True)

    @property
    def table(self) -> Table:
        """The invites."""
        return self.query_one("#log-table", Table)

    # What is shown

    def show_content(self, picture: Picture) -> None:
        connection = picture.view.connection
        if connection is None or connection.id != self._connection_id:
            self.call_later(self.dismiss, None)
            return
        masked, self._masking = self._masking != picture.masking, picture.masking
        if masked or picture.fresh:
            self.read()

    def read(self, *, anew: bool = False) -> None:
        """Read the list again."""
        state = STATES[self._state]
        try:
            self._ids = invite_ids(
                self._store, self._connection_id,
                study_id=self._study.id if self._study else None,
                states=[state] if state else (), text=self._text,
            )  # fmt: skip
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            return
        self._picked &= set(self._ids)
        self._draw(anew=anew)

    def _draw(self, *, anew: bool = False) -> None:
        if self._ids is not None:
            rows = InviteRows(self._store, self._ids, self._picked, masking=self._masking)
            self.table.show(rows, anew=anew)
        self._say()

    def _say(self) -> None:
        state = STATES[self._state].replace("_", " ")
        parts = [f"only {state}" if state else "all states"]
        if self._picked:
            parts.append(f"{len(self._picked):,} picked")
        self.query_one("#log-how", Line).show(words((" · ".join(parts), "dim")))
        first, last, total = self.table.seen
        rows = f"rows {first:,}–{last:,} of {total:,}" if total else ""
        entitle(self.query_one("#log"), below=words(rows))

    @on(Table.Seen)
    def _seen(self) -> None:
        self._say()

    @on(Table.Moved)
    @on(Table.Chosen)
    def _moved(self, message: Table.Moved | Table.Chosen) -> None:
        message.stop()
        self._say()

    # Keys

    def back(self) -> bool:
        line = self.query_one("#log-search", FilterLine)
        if line.display:
            line.set("")
            line.display = False
            self._text = ""
            self.read(anew=True)
            self.table.focus()
        elif self.is_current:
            self.dismiss(None)
        return True

    def action_search(self) -> None:
        """Type what to search for."""
        line = self.query_one("#log-search", FilterLine)
        line.display = True
        line.focus()

    @on(FilterLine.Narrowed)
    def _narrowed(self, message: FilterLine.Narrowed) -> None:
        message.stop()
        self._text = message.text
        self.read(anew=True)

    @on(FilterLine.Entered)
    def _entered(self, message: FilterLine.Entered) -> None:
        message.stop()
        self.table.focus()

    @on(FilterLine.Left)
    def _left(self, message: FilterLine.Left) -> None:
        message.stop()
        self.back()

    def action_state(self) -> None:
        """Only those in the next state."""
        self._state = (self._state + 1) % len(STATES)
        self.read(anew=True)

    def action_pick(self) -> None:
        """Pick the current one, or let it go."""
        current = self.table.current
        if current is not None:
            self._picked ^= {current}
            self._draw()
            self.table.action_move(1)

    def _meant(self) -> list[int]:
        current = self.table.current
        found = sorted(self._picked) or ([current] if current is not None else [])
        if not found:
            self.host.tell("No invite is chosen.")
        return found

    def action_mark(self, state: str) -> None:
        """Say what became of those that are picked, or of the current one."""
        meant = self._meant()
        if not meant:
            return

        def go(by: str) -> str:
            moved = life.mark(self._store, self._connection_id, meant, state, by)
            stayed = f"; {len(meant) - moved:,} cannot be" if moved < len(meant) else ""
            return f"{moved:,} marked {state}{stayed}."

        if len(meant) == 1 and state != "bounced":
            self._do(go)
        else:
            line = f"Mark {len(meant):,} invites as {state}?"
            self._ask([line], "Mark", go)

    def action_resolve(self, arrived: bool) -> None:
        """Say whether uncertain ones arrived."""
        meant = self._meant()
        if not meant:
            return

        def go(by: str) -> str:
            moved = life.resolve(self._store, self._connection_id, meant, arrived, by)
            return f"{moved:,} resolved." if moved else "This one is not uncertain."

        said = "arrived" if arrived else "did not arrive, so that it may be sent again"
        self._ask([f"Say of {len(meant):,} uncertain invites: it {said}?"], "Say so", go)

    def action_opt_out(self) -> None:
        """Never write to these mailboxes again."""
        meant = self._meant()
        if not meant:
            return

        def go(by: str) -> str:
            rows = self._store.rows(
                f"SELECT DISTINCT mailbox FROM invite WHERE {self._store.among('id')}",
                (self._store.values(meant),),
            )
            boxes = [row[0] for row in rows]
            optouts.record(self._store, self._connection_id, boxes, "opted_out", by)
            return "They are not written to any more, in any study."

        line = f"Never write to {len(meant):,} mailboxes again, in any study? It cannot be undone."
        self._ask([line], "Opt out", go)

    def action_link(self) -> None:
        """Copy the link of the current one."""
        current = self.table.current
        if current is None:
            self.host.tell("No invite is chosen.")
            return
        try:
            copied = hand_out(self._store, current, self.host.outgoing.user)
        except (StudyProblem, DatabaseProblem) as problem:
            self.host.tell(str(problem), problem=True)
            return
        self.app.copy_to_clipboard(copied)
        self.host.tell("Copied the person's link, where the terminal allows it.")
        self.read()

    def _ask(self, lines: list[str], yes: str, go: Callable[[str], str]) -> None:
        def answered(said: bool | None) -> None:
            if said:
                self._do(go)

        self.app.push_screen(Question([words(line) for line in lines], yes), answered)

    @work(thread=True)
    def _do(self, go: Callable[[str], str]) -> None:
        problem = False
        try:
            said = go(self.host.outgoing.user)
        except (StudyProblem, DatabaseProblem) as trouble:
            said, problem = str(trouble), True
        finally:
            self._store.close()
        self.app.call_from_thread(self._done, said, problem)

    def _done(self, said: str, problem: bool) -> None:
        self.host.tell(said, problem=problem)
        self._picked.clear()
        self.read()


def _cells(one: InviteRow, picked: bool, masking: bool) -> tuple[Cell, ...]:
    since = one.ended_at or one.sent_at or one.queued_at
    why = one.reason or one.answer or ""
    name = hidden(one.name, masking) if one.name else one.stripe_id
    return (
        Cell(f"{'✓ ' if picked else ''}{name}", "bold" if picked else ""),
        Cell(hidden(one.address, masking) if one.address else "erased", ""),
        Cell(one.state.replace("_", " "), COLOURS.get(one.state, "dim")),
        Cell(when(since), "dim"),
        Cell(when(one.sent_at) if one.sent_at else "", "dim"),
        Cell((one.reminder or "").replace("_", " "), "dim"),
        Cell(one.study, "dim"),
        Cell(why, "dim"),
    )
