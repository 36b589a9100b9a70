"""The dialog that marks the invites of a list, pasted or in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import contact_lists, lifecycle, opt_outs
from app.invites.errors import StudyProblem
from app.invites.lists.list_columns import read_list
from app.invites.lists.list_status import by_status, status_words
from app.invites.operator import by, read_text
from app.invites.studies import Study
from app.keys.dialogs import MARK_LIST
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import DecisionDialog, QuestionDialog
from app.widgets.forms.form_row import FormRow
from app.widgets.forms.select_field import SelectField
from app.widgets.lines.text_line import TextLine
from app.widgets.text_box import TextBox

OPT_OUT = "do not contact"
MARKS = ("started", "completed", "declined", "bounced", "failed", OPT_OUT)
LARGEST = 50_000_000  # bytes of a file: a million lines


@dataclass(frozen=True)
class MarkTargets:
    """What a list means: ``keys`` are invites, or mailboxes for an opt-out. The other names are
    ``ambiguous`` or ``unknown``. ``read``: sentences about what was read of the list."""

    mark: str
    keys: Sequence[int] | Sequence[str]
    ambiguous: Sequence[str]
    unknown: Sequence[str]
    read: Sequence[str]


class MarkListDialog(DecisionDialog[None]):
    """Finds the invites that a list means, asks, and marks them. Lines that it cannot match stay
    in the field. It calls ``marked`` in a thread when it has marked any."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(MARK_LIST)
    help_text = (
        "Paste addresses, Stripe IDs or tokens, one a line or as CSV, or type a file name. ctrl+t "
        "changes the mark. ctrl+s finds the invites and asks before it marks them."
    )

    class Ended(Message):
        """Matching ended with ``meant``, or ``said`` says what was marked or what failed."""

        def __init__(
            self, meant: MarkTargets | None = None, said: str = "", *, problem: bool = False
        ) -> None:
            super().__init__()
            self.meant, self.said, self.problem = meant, said, problem

    def __init__(
        self,
        store: Store,
        connection_id: int,
        study: Study | None,
        marked: Callable[[], None],
    ) -> None:
        super().__init__()
        self._marked = marked
        self._store, self._connection_id, self._study = store, connection_id, study
        self._busy = False

    def compose(self) -> ComposeResult:
        where = f"of “{plain(self._study.title, 50)}”" if self._study else "of all studies"
        with Vertical(id="dialog", classes="mark-list"):
            yield Static(words(("Import results", "bold"), f", {where}"))
            hint = "Paste addresses, Stripe IDs or tokens, as lines or CSV. Or type a file name."
            yield Static(words((hint, "$muted")))
            yield TextBox(id="mark-field", wrap=False)
            choices = [(one, one) for one in MARKS]
            yield FormRow("Mark as", SelectField(choices, MARKS[1], id="mark-as"))
            yield TextLine(id="mark-said")
            with Horizontal(id="buttons"):
                yield Button("Close", id="cancel", compact=True)
                yield Button("Find and mark…", id="match", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.area.focus()

    @property
    def area(self) -> TextBox:
        """The field for the list."""
        return self.query_one("#mark-field", TextBox)

    def action_mark(self) -> None:
        """Choose the next mark."""
        if not self._busy:
            now = self._marks.value
            self._marks.value = MARKS[(MARKS.index(now) + 1) % len(MARKS)]

    @property
    def _marks(self) -> SelectField:
        return self.query_one("#mark-as", SelectField)

    # Matching

    def action_match(self) -> None:
        """Find the invites that the list means."""
        if self._busy or not self.is_current:
            return
        text = self.area.text
        if not text.strip():
            self._say("The list is empty. Paste one.", problem=True)
            return
        self._begin("Finding the invites…")
        self._match(text, self._marks.value)

    def _begin(self, said: str) -> None:
        self._busy = self.area.read_only = True
        self._say(said)

    @work(thread=True)
    def _match(self, text: str, mark: str) -> None:
        def found() -> MarkTargets:
            written = from_file(text)
            if mark == OPT_OUT:  # every address counts, wherever it stands
                out = contact_lists.opt_out_list(self._store, written)
                return MarkTargets(mark, out.boxes, (), out.unknown, out.said)
            listed = read_list(written)
            listed.check()
            names, others = by_status(listed, mark)
            matched = contact_lists.match(
                self._store, self._connection_id, names, self._study.id if self._study else None
            )
            read = [listed.words, *status_words(listed, others)]
            here = (self._store, self._connection_id)
            if stays := lifecycle.staying(*here, matched.invites, mark):
                read.append(lifecycle.staying_words(stays, would=True))
            return MarkTargets(mark, matched.invites, matched.ambiguous, matched.unknown, read)

        self._answer(lambda: self.Ended(found()))

    def _answer(self, work: Callable[[], Ended]) -> None:
        try:
            answer = work()
        except (StudyProblem, DatabaseProblem) as problem:
            answer = self.Ended(said=str(problem), problem=True)
        finally:
            self._store.close()
        self.post_message(answer)

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        message.stop()
        self._busy = self.area.read_only = False
        if message.meant is None:
            self._say(message.said, problem=message.problem)
        elif not message.meant.keys:
            read = " ".join(message.meant.read)
            self._say(f"No one was found: {_rest(message.meant)}. {read}", problem=True)
        elif self.is_current:
            self._ask(message.meant)

    def _ask(self, meant: MarkTargets) -> None:
        what = "mailbox" if meant.mark == OPT_OUT else "invite"
        many = "mailboxes" if meant.mark == OPT_OUT else "invites"
        number = f"1 {what}" if len(meant.keys) == 1 else f"{len(meant.keys):,} {many}"
        lines = [f"Mark {number} as {meant.mark}?", *meant.read]
        if meant.ambiguous or meant.unknown:
            lines.append(f"{_rest(meant).capitalize()}. These lines stay in the field.")
        if meant.mark == OPT_OUT:
            lines.append("This is for all studies of all accounts.")

        def answered(yes: bool | None) -> None:
            if yes:
                self._begin("Marking…")
                self._write(meant)
            else:
                self._say("Nothing was marked.")

        self.app.push_screen(QuestionDialog([words(line) for line in lines], "Mark"), answered)

    # Marking

    @work(thread=True)
    def _write(self, meant: MarkTargets) -> None:
        def written() -> MarkListDialog.Ended:
            here = (self._store, self._connection_id)
            left = "\n".join((*meant.ambiguous, *meant.unknown))
            if meant.mark == OPT_OUT:
                boxes = [str(one) for one in meant.keys]
                new = opt_outs.record(*here, boxes, "opted_out", by(), "from a list")
                said = opt_outs.opted_out_words(len(boxes), new).removesuffix(".")
            else:
                invites = [int(one) for one in meant.keys]
                stays = lifecycle.staying(*here, invites, meant.mark)
                moved = lifecycle.mark(*here, invites, meant.mark, by(), "marked from a list")
                said = f"{moved:,} marked {meant.mark}"
                stay = lifecycle.staying_words(stays).removesuffix(".")
                said += f". {stay}" if stays else ""
            self._marked()
            self.app.call_from_thread(self._keep_in_field, left)
            rest = f"; {_rest(meant)}, in the field" if left else ""
            return self.Ended(said=f"{said}{rest}.")

        self._answer(written)

    def _keep_in_field(self, left: str) -> None:
        self.area.load_text(left)

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = words((f"✗ {text}", "$never")) if problem else words(text)
        self.query_one("#mark-said", TextLine).show(line)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "match":
            self.action_match()
        else:
            self.action_cancel()

    def action_cancel(self) -> None:
        """Close, unless it is marking."""
        if self.is_current and not self._busy:
            self.dismiss(None)


def from_file(text: str) -> str:
    """The list itself, or the text of the file if ``text`` is a file name. Raises
    StudyProblem."""
    name = text.strip()
    if "\n" in name or "\t" in name:
        return text
    try:
        file = Path(name).expanduser()
        named = file.is_file() or name.startswith(("/", "~", "./", "../"))
    except (OSError, ValueError, RuntimeError):  # too long, or the home of an unknown user
        return text
    return read_text(str(file), LARGEST, guess=True) if named else text


def _rest(meant: MarkTargets) -> str:
    return f"{len(meant.ambiguous):,} ambiguous, {len(meant.unknown):,} unknown"
