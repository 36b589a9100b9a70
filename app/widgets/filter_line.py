"""The line that narrows a list as a person types, and marks what it does not understand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from app.keys.dialogs import FILTER
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.filter_colours import FilterColours
from app.widgets.inputs import TextField
from app.widgets.state_widget import StateWidget
from app.widgets.table.cells import fit

DELAY = 0.12  # seconds without a key after which the list is narrowed
LONGEST = 500  # characters
MOST = 5  # suggestions that are explained
KEPT = 20  # earlier filters
PROMPT = "/ "
INPUT = "filter-input"

Span = tuple[int, int]  # the first index in the text, and the index after the last


class Suggestion(NamedTuple):
    """A text that may replace a part of what was typed."""

    text: str
    span: Span
    about: str = ""


class Trouble(NamedTuple):
    """What is wrong, and where in the text."""

    text: str
    span: Span


@dataclass(frozen=True)
class NoteState:
    """The line below the input: a problem with its position in cells, or suggestions."""

    trouble: str = ""
    begin: int = 0
    end: int = 0
    suggestions: tuple[tuple[str, str], ...] = ()  # text, and what it means
    chosen: int = 0  # the suggestion that is used next


class Note(StateWidget[NoteState]):
    """The line below the input. It takes a line even when empty, so that nothing jumps."""

    DEFAULT_CSS = "Note { min-height: 1; }"

    def __init__(self) -> None:
        super().__init__(NoteState())

    def draw(self, state: NoteState, width: int) -> list[Content]:
        if state.trouble:
            return _under(state, width)
        if not state.suggestions:
            return []
        if any(about for _, about in state.suggestions):
            first = max(0, state.chosen + 1 - MOST)
            return _explained(state.suggestions[first : first + MOST], state.chosen - first)
        parts = [
            words(("tab ", "$muted"), (one, "bold $primary")) if at == state.chosen else words(one)
            for at, (one, _) in enumerate(state.suggestions)
        ]
        return [words("  ").join(parts)]


def _explained(suggestions: Sequence[tuple[str, str]], chosen: int) -> list[Content]:
    """A line for each suggestion, with what it means. Beside the chosen one stands the key that
    uses it, and below that the key that chooses the next."""
    most = max(cell_len(text.strip()) for text, _ in suggestions)
    lines = []
    for index, (text, about) in enumerate(suggestions):
        key = {chosen: "tab ", chosen + 1: "  ↓ "}.get(index, "    ")
        style = "bold $primary" if index == chosen else ""
        name = (fit(text.strip(), most), style)
        lines.append(words((key, "$muted"), name, (f"  {about}", "$muted")))
    return lines


def _under(state: NoteState, width: int) -> list[Content]:
    """A marker under the position, with the text beside it, or below when there is no room."""
    begin = max(0, min(state.begin, width - 1))
    end = max(begin + 1, min(state.end, width))
    marker = words((" " * begin, ""), ("^" * (end - begin), "bold $never"))
    text = words((f"✗ {state.trouble}", "$never"))
    if end + 1 + text.cell_length <= width:
        return [words(marker, " ", text)]
    if text.cell_length + 1 <= begin:
        gap = " " * (begin - text.cell_length)
        return [words(text, gap, ("^" * (end - begin), "bold $never"))]
    return [marker, *text.wrap(width)]


class Count(StateWidget[str]):
    """The number of matches, at the right."""

    DEFAULT_CSS = "Count { width: auto; height: 1; color: $muted; }"

    def __init__(self) -> None:
        super().__init__("")

    def draw(self, state: str, width: int) -> list[Content]:
        return [words(state)]

    def show(self, state: str) -> None:
        super().show(state)
        self.styles.width = cell_len(plain(state)) + 1 if state else 0


class FilterInput(TextField):
    """The input of the filter line. Pasted text becomes one line."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(FILTER)
    help_text = "The list shows only matches as you type."

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder, id=INPUT, longest=LONGEST)
        # Set here, because the stylesheet gives every other field of the app a border.
        self.styles.border = ("none", "transparent")
        self.styles.height, self.styles.padding = 1, 0

    def validate_value(self, value: str) -> str:
        """The value without control characters, cut to the limit."""
        return plain(value[:LONGEST])

    def replace(self, text: str, start: int, end: int) -> None:
        """As in Input, but line breaks become spaces and a text that is too long is cut."""
        room = LONGEST - len(self.value) + abs(end - start)
        super().replace(plain(text[: max(0, room)]), start, end)

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()  # Input would use only the first line
        event.stop()
        self.replace(event.text[: LONGEST * 4].strip(), *self.selection)

    def action_complete(self) -> None:
        line = self.query_ancestor(FilterLine)
        if not line.complete():
            self.screen.focus_next()

    async def action_next(self) -> None:
        if not self.query_ancestor(FilterLine).choose(1):
            await self.action_submit()

    def action_earlier(self) -> None:
        line = self.query_ancestor(FilterLine)
        if not line.choose(-1):
            line.earlier()

    async def action_submit(self) -> None:
        """Use the suggestion that the arrows chose, or go to the list."""
        line = self.query_ancestor(FilterLine)
        if not (line.chosen and line.complete()):
            await super().action_submit()

    def action_clear(self) -> None:
        self.query_ancestor(FilterLine).clear()


class FilterLine(Vertical):
    """A line for a filter, with the number of matches and what is wrong with the filter."""

    class LineMessage(Message):
        """The base of the line's messages. ``text`` is what is typed."""

        def __init__(self, line: FilterLine, text: str) -> None:
            super().__init__()
            self.line, self.text = line, text

        @property
        def control(self) -> FilterLine:
            return self.line

        def can_replace(self, message: Message) -> bool:
            return type(message) is type(self) and message.control is self.line

    class Typed(LineMessage):
        """The text changed. Answer with :meth:`answer` at once, without reading the database."""

    class Narrowed(LineMessage):
        """Typing paused or ended: narrow the list to this text."""

    class Entered(LineMessage):
        """Enter was pressed: go to the list."""

    class Left(LineMessage):
        """Escape was pressed in an empty line: leave it."""

    DEFAULT_CSS = """
    FilterLine { height: auto; }
    FilterLine > Horizontal { height: 1; }
    FilterLine #filter-prompt { width: 2; height: 1; color: $primary; text-style: bold; }
    FilterLine FilterInput { width: 1fr; }
    """

    def __init__(self, placeholder: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._placeholder = placeholder
        self._trouble: Trouble | None = None
        self._suggestions: tuple[Suggestion, ...] = ()
        self.chosen = 0  # the suggestion that is used next
        self._about = ""  # the text that the last answer was about
        self._narrowed = ""
        self._earlier: list[str] = []  # filters, the newest first
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(words(PROMPT), id="filter-prompt")
            yield FilterInput(self._placeholder)
            yield Count()
        yield Note()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        for field in self.query(FilterInput):
            field.highlighter = FilterColours(self.app.theme_variables)

    def on_mount(self) -> None:
        self._input.highlighter = FilterColours(self.app.theme_variables)
        self.watch(self._input, "scroll_x", self._draw, init=False)

    @property
    def _input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def text(self) -> str:
        """What is typed."""
        return self._input.value

    def set(self, text: str) -> None:
        """Set a text that the list is narrowed to already."""
        self._narrowed = plain(text[:LONGEST])
        self._input.value = text
        for place in (0, len(self.text)):  # moving the cursor makes the input scroll
            self._input.cursor_position = place

    def focus(self, scroll_visible: bool = True) -> FilterLine:
        """Focus the input."""
        self._input.focus(scroll_visible)
        return self

    def answer(
        self,
        text: str,
        *,
        trouble: Trouble | None = None,
        suggestions: Sequence[Suggestion] = (),
    ) -> None:
        """Show a problem or suggestions for ``text``, unless the text has changed since."""
        if text == self.text:
            self._about = text
            if tuple(suggestions) != self._suggestions:
                self.chosen = 0
            self._trouble, self._suggestions = trouble, tuple(suggestions)
            self._draw()

    def count(self, text: str) -> None:
        """Show the number of matches, in words, until the next call."""
        self.query_one(Count).show(text)

    def complete(self) -> bool:
        """Use the chosen suggestion. Returns False if there is none."""
        if not self._suggestions:
            return False
        text, (begin, end), _ = self._suggestions[self.chosen]
        self._input.replace(text, begin, end)
        return True

    def choose(self, step: int) -> bool:
        """Choose another suggestion. Returns False at the end of them, or if there is none."""
        if self._trouble is not None or not 0 <= self.chosen + step < len(self._suggestions):
            return False
        self.chosen += step
        self._draw()
        return True

    def earlier(self) -> None:
        """Bring back the filter before this one. After the oldest comes the newest again."""
        others = [one for one in self._earlier if one != self.text]
        if not others:
            return
        at = self._earlier.index(self.text) if self.text in self._earlier else -1
        self._input.value = self._earlier[(at + 1) % len(self._earlier)]
        self._input.cursor_position = len(self.text)

    def _remember(self) -> None:
        """Keep this filter while the app runs, the newest first."""
        if self.text.strip():
            kept = [self.text, *(one for one in self._earlier if one != self.text)]
            self._earlier = kept[:KEPT]

    def clear(self) -> None:
        """Clear the filter, or leave the line if it is empty."""
        if self.text:
            self._remember()
            self._input.value = ""
            self._narrow()
        else:
            self.post_message(self.Left(self, ""))

    def _draw(self) -> None:
        offered = tuple((one.text, one.about) for one in self._suggestions)
        state = NoteState(suggestions=offered, chosen=self.chosen)
        if self._trouble is not None:
            begin, end = (self._cell(at) for at in self._trouble.span)
            state = NoteState(self._trouble.text, begin, end)
        self.query_one(Note).show(state)

    def _cell(self, at: int) -> int:
        """The cell of the line at which this index of the text is drawn."""
        seen = cell_len(self.text[: max(0, at)]) - self._input.scroll_offset.x
        return len(PROMPT) + max(0, seen)

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        """Ask what can be typed, before the first letter."""
        if not self.text:
            self.post_message(self.Typed(self, ""))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.text != self._about:  # an answer may have been faster than this message
            self._trouble, self._suggestions, self.chosen = None, (), 0
        self._draw()
        self.post_message(self.Typed(self, self.text))
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DELAY, self._narrow)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._narrow()
        self._remember()
        self.post_message(self.Entered(self, self.text))

    def _narrow(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.text != self._narrowed:
            self._narrowed = self.text
            self.post_message(self.Narrowed(self, self.text))
