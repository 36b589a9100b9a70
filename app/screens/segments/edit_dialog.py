"""The form of a custom segment: a name, a filter, and the participants that it finds."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Static

from app.db.errors import DatabaseProblem
from app.db.indexes.subscription_indexes import left_out
from app.db.store import Store
from app.keys.dialogs import SEGMENT_FORM
from app.panel.filters.compile import compiled
from app.panel.filters.complete import complete, still_typed, vocabulary
from app.panel.filters.describe import describe
from app.panel.filters.errors import FilterError
from app.panel.filters.parse import parse
from app.panel.filters.subscription_use import asks_subscriptions
from app.panel.knowledge import knowledge
from app.panel.lists.lister import Lister, ListResult
from app.panel.lists.order import Order
from app.panel.lists.selection import Selection
from app.panel.segments import custom
from app.panel.segments.custom import LONGEST_NAME, CustomSegmentProblem
from app.panel.segments.views import SegmentView
from app.screens.people_rows import COLUMNS, PeopleRows
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import DecisionDialog, QuestionDialog
from app.widgets.filter_line import FilterInput, FilterLine, Suggestion, Trouble
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine
from app.widgets.table.table import Table

FILLING = (
    "Subscriptions are still syncing. Create segments when Status shows that subscriptions "
    "are complete."
)


class SegmentEditDialog(DecisionDialog["str | None"]):
    """Creates a segment or changes ``segment``. Returns its key, or None if nothing was saved."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(SEGMENT_FORM)
    help_text = (
        'A filter such as: status:"active" AND currency:"eur" AND created>-90d. You can use OR,'
        ' a minus for "not", parentheses, has:email, in:"segment", email~"@acme.com" and'
        ' metadata["tier"]:"free". Tab accepts the suggestion.'
    )

    class Read(Message):
        """The thread has read participants that the filter finds."""

        def __init__(self, listed: ListResult) -> None:
            super().__init__()
            self.listed = listed

    class Saved(Message):
        """Saving ended. ``problem`` says why it failed, or is ""."""

        def __init__(self, key: str, problem: str = "") -> None:
            super().__init__()
            self.key, self.problem = key, problem

    def __init__(
        self,
        store: Store,
        connection_id: int,
        segment: SegmentView | None = None,
        *,
        masking: bool = False,
        text: str = "",
    ) -> None:
        """``text`` is the filter that a new segment begins with."""
        super().__init__()
        self._store, self._connection_id, self._masking = store, connection_id, masking
        self._segment, self._text = segment, text
        self._known = vocabulary(store, connection_id)
        self._lister: Lister | None = None
        self._wish = 0
        self._saving = False

    def compose(self) -> ComposeResult:
        title = f"Edit “{self._segment.name}”" if self._segment else "New segment"
        with Vertical(id="dialog", classes="form"):
            yield Static(words((title, "bold")))
            yield TextField("Name", id="segment-name", longest=LONGEST_NAME)
            yield FilterLine('A filter like status:"active" AND created>-90d', id="segment-filter")
            yield TextLine(id="segment-rule")
            yield TextLine(id="segment-said")
            yield Table(
                COLUMNS,
                "Participants who match the filter.",
                empty="No one.",
                waiting="",
                opens=False,
                id="found",
            )
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Save (ctrl+s)", id="save", variant="primary")

    def on_mount(self) -> None:
        if self._segment is not None or self._text:
            self._name_field.value = self._segment.name if self._segment else ""
            self._filter.set((self._segment.filter or "") if self._segment else self._text)
            self._explain(self._filter.text)
            self._count(self._filter.text)
        if left_out(self._store):
            self._say(FILLING, problem=True)
        elif known := knowledge(self._store, self._connection_id).sentence:
            self._say(known, problem=True)
        self._name_field.focus()

    def on_unmount(self) -> None:
        if self._lister is not None:
            self._lister.close()

    @property
    def _name_field(self) -> TextField:
        return self.query_one("#segment-name", TextField)

    @property
    def _filter(self) -> FilterLine:
        return self.query_one("#segment-filter", FilterLine)

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = words((f"✗ {text}", "$never")) if problem and text else words((text, "$muted"))
        self.query_one("#segment-said", TextLine).show(line)

    # The filter

    @on(FilterLine.Typed)
    def _typed(self, message: FilterLine.Typed) -> None:
        message.stop()
        self._explain(message.text)

    def _explain(self, text: str) -> None:
        """Show what the filter means, what may follow, or what is wrong with it."""
        at = self.query_one(FilterInput).cursor_position
        completions = complete(text, at, self._known)
        offered = [Suggestion(one.text, (one.start, one.end), one.about) for one in completions]
        rule, trouble = words(), None
        try:
            if text.strip():
                rule = words((describe(parse(text), 300), "italic"))
        except FilterError as error:
            if not still_typed(error, completions, text):
                trouble = Trouble(error.sentence, (error.start, max(error.end, error.start + 1)))
        self._filter.answer(text, trouble=trouble, suggestions=offered)
        self.query_one("#segment-rule", TextLine).show(rule)

    def _parses(self, text: str) -> bool:
        try:
            parse(text)
        except FilterError:
            return False
        return True

    @on(FilterLine.Narrowed)
    def _narrowed(self, message: FilterLine.Narrowed) -> None:
        message.stop()
        self._count(message.text)

    def _count(self, text: str) -> None:
        """List the participants that the filter finds. Only the newest request counts."""
        self._wish = 0
        try:
            asked = compiled(text, self._store, self._connection_id, time.time(), everybody=True)
        except FilterError as error:
            self._filter.count("")
            self.query_one("#found", Table).show(None)
            # A mistake is marked in the filter itself. This line names a missing segment.
            self._say(error.sentence if self._parses(text) else "", problem=True)
            return
        except DatabaseProblem as problem:
            self._say(str(problem), problem=True)
            return
        known = knowledge(self._store, self._connection_id)
        if known.sentence and asks_subscriptions(parse(text), self._store, self._connection_id):
            self._filter.count(known.word)
            self.query_one("#found", Table).show(None)
            self._say(known.sentence, problem=True)
            return
        if self._lister is None:
            self._lister = Lister(self._store, self._post)
        self._wish = self._lister.ask(Selection(self._connection_id, None, (asked,)), Order())
        self._filter.count("counting…")
        self._say("")

    def _post(self, listed: ListResult) -> None:
        self.post_message(self.Read(listed))

    @on(Read)
    def _read(self, message: Read) -> None:
        listed = message.listed
        if listed.wish != self._wish:
            return
        if listed.problem is not None:
            self._say(str(listed.problem), problem=True)
            return
        people = PeopleRows(self._store, self._connection_id, listed.ids, masking=self._masking)
        self.query_one("#found", Table).show(people)
        if listed.complete:
            self._filter.count(f"{len(listed.ids):,} participant{'s' * (len(listed.ids) != 1)}")

    # Keys

    @on(Input.Submitted, "#segment-name")
    def _named(self, event: Input.Submitted) -> None:
        event.stop()
        self._filter.focus()

    @on(FilterLine.Entered)
    def _entered(self, message: FilterLine.Entered) -> None:
        message.stop()
        self.query_one("#save", Button).focus()

    @on(FilterLine.Left)
    def _left(self, message: FilterLine.Left) -> None:
        message.stop()
        self.action_cancel()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_cancel()

    def action_save(self) -> None:
        """Save in a thread: with a million participants it takes a second."""
        if self._saving or self.deaf or not self.is_current:
            return
        if left_out(self._store):
            self._say(FILLING, problem=True)
            return
        self._saving = True
        self._say("Saving…")
        self._save(self._name_field.value, self._filter.text)

    @work(thread=True)
    def _save(self, name: str, text: str) -> None:
        try:
            if self._segment is None:
                key = custom.make(self._store, self._connection_id, name, text)
            else:
                key = self._segment.key
                custom.change(self._store, self._connection_id, key, name, text)
            self.post_message(self.Saved(key))
        except FilterError as error:
            self.post_message(self.Saved("", error.sentence))
        except (CustomSegmentProblem, DatabaseProblem) as problem:
            self.post_message(self.Saved("", str(problem)))
        finally:
            self._store.close()

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        self._saving = False
        if message.problem:
            self._say(message.problem, problem=True)
        elif self.is_current:
            self.dismiss(message.key)

    def action_cancel(self) -> None:
        """Leave, after a question if something was typed."""
        if self._saving or not self.is_current:
            return
        segment = self._segment
        before = (segment.name, segment.filter) if segment else ("", self._text)
        if (self._name_field.value, self._filter.text) == before:
            self.dismiss(None)
            return
        line = words("Discard your changes?")
        self.app.push_screen(
            QuestionDialog([line], "Discard"), lambda yes: self._leave() if yes else None
        )

    def _leave(self) -> None:
        if self.is_current:
            self.dismiss(None)
