"""The dialog of a database that may be a copy: why it does not send, what is known, the answer."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import RestoreSuspected
from app.invites.restore_guard import Answer, RestoreGuard
from app.invites.witness.lost_words import LostRow, last_known, lost_rows, lost_words, taken_words
from app.keys.dialogs import TRUST
from app.screens.base import host_of
from app.text import masked, plain, when
from app.widgets.bindings import bindings
from app.widgets.content import Content, para, words
from app.widgets.dialog import DecisionDialog

NAMES = 12  # participants that are named
LOOKING = "Checking what is known…"


class TrustDialog(DecisionDialog["str | None"]):
    """Returns what was done, for a person, or None if nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(TRUST)
    help_text = (
        "Panelist does not send from a database that may be a copy. Press m if it was only moved. "
        "Press c if it is a copy. Everyone listed is then marked as invited. Press Escape to "
        "answer later."
    )

    class Looked(Message):
        """What is known. ``why``: None if there is no question."""

        def __init__(self, why: str | None, lines: list[Content], may_be_moved: bool) -> None:
            super().__init__()
            self.why, self.lines, self.may_be_moved = why, lines, may_be_moved

    class Answered(Message):
        """The answer was stored, or not."""

        def __init__(self, said: str, *, problem: bool) -> None:
            super().__init__()
            self.said, self.problem = said, problem

    def __init__(self, store: Store, connection_id: int, *, masking: bool) -> None:
        super().__init__()
        self._store, self._connection_id, self._masking = store, connection_id, masking
        self._answers: tuple[Answer, ...] = ()  # those that can be given

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(para([words(LOOKING)]), id="question")
            with Horizontal(id="buttons"):
                yield Button("Answer later (Escape)", id="cancel")
                yield Button("It was moved (m)", id="moved")
                yield Button("It is a copy (c)", id="copy", variant="error")

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()
        self._show_buttons()
        self._look()

    def _show_buttons(self) -> None:
        for answer in Answer:
            self.query_one(f"#{answer.value}").display = answer in self._answers

    @property
    def _guard(self) -> RestoreGuard:
        return host_of(self).sending.guard(self._connection_id)

    @work(thread=True)
    def _look(self) -> None:
        try:
            guard = self._guard
            why, lost = guard.suspicion(), guard.lost()
            lines = [words(line) for line in lost_words(lost)]
            rows = lost_rows(self._store, lost)
            lines += [words(self._row(row)) for row in rows[:NAMES]]
            if len(rows) > NAMES:
                more = f"   … and {len(rows) - NAMES:,} more. panelist invites trust lists them."
                lines.append(words(more))
            lines.append(words(last_known(self._store, self._connection_id)))
            if guard.trouble is not None:
                lines.append(words((guard.trouble, "$warn")))
            self.post_message(self.Looked(why, lines, not lost))
        except DatabaseProblem as problem:
            self.post_message(self.Answered(str(problem), problem=True))
        finally:
            self._store.close()

    def _row(self, row: LostRow) -> str:
        name = row.name or row.address or row.stripe_id
        shown = masked(name) if self._masking else plain(name, 60)
        study = plain(row.study, 40) if row.study else "an unknown study"
        doubt = ", uncertain" * row.uncertain
        return f"   {when(row.at)}  {row.what} to {shown}, {study}{doubt}"

    def on_trust_dialog_looked(self, message: Looked) -> None:
        message.stop()
        if message.why is None:
            self._show([words("This database can send. No answer is needed.")])
            return
        self._answers = tuple(Answer) if message.may_be_moved else (Answer.COPY,)
        self._show_buttons()
        lines = [words((message.why, "bold")), *message.lines, words("")]
        if message.may_be_moved:
            lines.append(words("m: this is the same database, moved. No other copy sends."))
        copy = "c: this is a restored copy, or one of two copies."
        if not message.may_be_moved:
            copy += " Everyone listed is marked as invited, and opt-outs are recorded again."
        self._show([*lines, words(copy)])

    def _show(self, lines: list[Content]) -> None:
        self.query_one("#question", Static).update(para(lines))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "cancel":
            self.action_cancel()
        else:
            self.action_answer(event.button.id or "")

    def action_answer(self, value: str) -> None:
        """Store the answer."""
        answer = Answer(value)
        if self.deaf or not self.is_current or answer not in self._answers:
            return
        self._answers = ()
        self._accept(answer)

    @work(thread=True)
    def _accept(self, answer: Answer) -> None:
        try:
            guard = self._guard
            taken = guard.accept(host_of(self).sending.user, answer)
            said = f"This database can send again. {taken_words(taken)} {guard.trouble or ''}"
            self.post_message(self.Answered(said.strip(), problem=False))
        except (RestoreSuspected, DatabaseProblem) as problem:
            self.post_message(self.Answered(str(problem), problem=True))
        finally:
            self._store.close()

    def on_trust_dialog_answered(self, message: Answered) -> None:
        message.stop()
        if message.problem:
            self._show([words((message.said, "$never"))])
        elif self.is_current:
            self.dismiss(message.said)

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#dialog").scroll_relative(y=lines, animate=False)

    def action_cancel(self) -> None:
        """Answer later."""
        if self.is_current:
            self.dismiss(None)
