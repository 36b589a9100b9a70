"""A table of any length. It reads and draws only the rows on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip

from app.keys.dialogs import TABLE
from app.widgets.bindings import bindings
from app.widgets.table import messages
from app.widgets.table.cells import Cell, Column
from app.widgets.table.cursor import Cursor
from app.widgets.table.painter import Mark, Painter, SortedColumn
from app.widgets.table.rows import Rows, VisibleRows
from app.widgets.table.scroll_view import HEADER, LongView

__all__ = ["Cell", "Column", "Rows", "SortedColumn", "Table"]

HELP = " Enter or a double click opens a row. Click a heading to sort."


class Table(LongView, can_focus=True):
    """Rows under a header, one of them the current one.

    A key identifies the current row, so it stays current when other rows come and go.
    """

    RowChosen: TypeAlias = messages.RowChosen
    CursorMoved: TypeAlias = messages.CursorMoved
    RowsSeen: TypeAlias = messages.RowsSeen
    SortRequested: TypeAlias = messages.SortRequested

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header", "table--row", "table--cursor", "table--away", "table--note",
    }  # fmt: skip
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        & > .table--header { text-style: bold; color: $muted; }
        & > .table--cursor { background: $cursor; text-style: bold; }
        & > .table--away { background: $surface; }
        & > .table--note { color: $muted; }
        &:nocolor > .table--cursor { background: $background; text-style: reverse; }
        &:ansi > .table--cursor { background: ansi_default; text-style: reverse; }
        &:ansi > .table--away { background: ansi_default; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(TABLE)

    def __init__(
        self,
        columns: Sequence[Column],
        about: str,
        *,
        empty: str = "Nothing to show.",
        waiting: str = "Reading…",
        opens: bool = True,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """``about`` says what the rows are, in the help. ``opens``: enter opens a row."""
        super().__init__(id=id)
        self.help_text = about + (HELP if opens else "")
        self._opens = opens
        self._painter = Painter(self, tuple(columns))
        self._empty, self._waiting = empty, waiting
        self._window = VisibleRows(None)
        self._at = 0  # the current row's index
        self._cursor: Cursor | None = None  # the last position among rows
        self._sorted: SortedColumn | None = None
        self._strips: dict[int, Strip] = {}  # by line of the screen
        self._announced: tuple[object, object] = (None, None)
        self._announcing = False

    # What is shown

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show these columns from now on. Call it before :meth:`show`."""
        if tuple(columns) != self._painter.columns:
            self._painter.columns = tuple(columns)
            if self._painter.width:
                self._painter.arrange(self._painter.width, 0)
            self._strips.clear()

    def show(
        self,
        rows: Rows | None,
        *,
        sorted_by: SortedColumn | None = None,
        empty: str | None = None,
        reset: bool = False,
    ) -> None:
        """Show these rows, or a note that they are being read if None.

        The current row stays current and on its line of the screen. If it is gone, a row next to
        it becomes the current one. ``reset`` begins at the first row.
        """
        cursor = self._window.cursor(self._at, self.top, self._page)
        self._cursor = None if reset else cursor or self._cursor
        before, self._window = self._window.count, VisibleRows(rows)
        self._sorted = sorted_by
        self._empty = self._empty if empty is None else empty
        self._at, top = 0, 0
        if self._cursor is not None and rows is not None and self._count:
            self._at, top = self._cursor.found_in(rows)
        top = max(0, min(top, self._count - self._page))
        if self._cursor is not None and self._cursor.held is None:
            top = self._revealed(top)
        # This order never scrolls to, and so never reads, a row that is not there.
        if self._count >= before:
            self.set_length(self._count)
        self.scroll_to(y=top, force=True)
        self.set_length(self._count)
        self._repaint()
        self._announce_later()

    @property
    def current(self) -> int | None:
        """The current row's key."""
        return self._window.key(self._at)

    @property
    def seen(self) -> tuple[int, int, int]:
        """The first and last row on the screen, counted from 1, and the number of rows."""
        first = min(self.top + 1, self._count)
        return first, min(self.top + self._page, self._count), self._count

    def go_to(self, key: int) -> bool:
        """Make the row of this key the current one. Returns False if it is not there."""
        rows = self._window.rows
        at = rows.index(key, self._at) if rows is not None else None
        if at is not None:
            self._go(at)
        return at is not None

    @property
    def _count(self) -> int:
        return self._window.count

    # Drawing

    def render_line(self, y: int) -> Strip:
        """A line of the screen. Textual asks for all of them to draw one, so they are cached."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip(y)
        return strip

    def _strip(self, y: int) -> Strip:
        if y < HEADER:
            return self._painter.header(self._sorted)
        index = self.top + y - HEADER
        if index >= self._count:
            note = self._waiting if self._window.rows is None else self._empty
            middle = HEADER + (self._page - 1) // 2
            return self._painter.note(note if y == middle and not self._count else "")
        mark = Mark.NONE
        if index == self._at:
            mark = Mark.CURRENT if self.has_focus else Mark.AWAY
        return self._painter.row(self._window.cells(index, self.top, self._page), mark)

    def _repaint(self) -> None:
        """Make all lines, and draw those that changed. Every visible change ends here."""
        if not self._painter.width:
            return
        now = {y: self._strip(y) for y in range(HEADER + self._page)}
        before, self._strips = self._strips, now
        changed = [y for y, strip in now.items() if before.get(y) is not strip]
        if len(changed) > self._page // 2:
            self.refresh(self.size.region)
        elif changed:
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def scrolled(self) -> None:
        self._repaint()
        self._announce_later()

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self._repaint()

    def notify_style_update(self) -> None:
        self._painter.forget()
        self._strips.clear()
        super().notify_style_update()
        if self.is_attached:
            self.call_after_refresh(self._fit)  # Textual does not report a new border as a resize

    def on_resize(self, event: events.Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        """Fill the room, and keep the current row in sight if it was."""
        width, height = self.scrollable_content_region.size
        if (width, height - HEADER) == (self._painter.width, self._page):
            return
        in_sight = self.top <= self._at < self.top + self._page
        self._page = max(1, height - HEADER)
        if width != self._painter.width:
            self._painter.arrange(width, self._painter.skip)
        self.set_length(self._count)
        if in_sight:
            self._reveal()
        self._strips.clear()
        self.refresh()
        self._announce_later()

    # Moving

    def landing(self, at: int, way: int) -> int:
        """The index at which a move to ``at`` ends, going up (-1) or down (1).

        Tables override it if the cursor must not stand on some of their rows.
        """
        return at

    def _go(self, at: int) -> None:
        way = -1 if at < self._at else 1
        self._at = self.landing(max(0, min(at, self._count - 1)), way)
        self._reveal()
        self._repaint()
        self._announce_later()

    def _revealed(self, top: int) -> int:
        """The first index on the screen, nearest to this one, that shows the current row."""
        return min(max(top, self._at - self._page + 1), self._at)

    def _reveal(self) -> None:
        if (top := self._revealed(self.top)) != self.top:
            self.scroll_to(y=top, force=True)

    def action_move(self, by: int) -> None:
        self._go(self._at + by)

    def action_page(self, pages: float) -> None:
        """Move by pages. The current row stays on its line of the screen if it can."""
        by = int(self._page * pages) or (1 if pages > 0 else -1)
        if self.top <= self._at < self.top + self._page:
            self._at = max(0, min(self._at + by, self._count - 1))
            self.scroll_to(y=self.top + by, force=True)
            by = 0
        self._go(self._at + by)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(self._count - 1)

    def action_columns(self, by: int) -> None:
        painter = self._painter
        painter.arrange(painter.width, painter.skip + by)
        self._repaint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key works: enter does nothing where rows open nothing."""
        return self._opens or action != "choose"

    def action_choose(self) -> None:
        if (key := self.current) is not None:
            self.post_message(self.RowChosen(self, key))

    def action_sort(self, by: int) -> None:
        names = [one.sort for one in self._painter.columns if one.sort]
        now = self._sorted.by if self._sorted else None
        at = names.index(now) + by if now in names else min(by, 0)
        if names:
            self.post_message(self.SortRequested(self, names[at % len(names)]))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        event.stop()
        if offset.y < HEADER:
            column = self._painter.column_at(offset.x)
            if column is not None and column.sort:
                self.post_message(self.SortRequested(self, column.sort))
        elif (at := self.top + offset.y - HEADER) < self._count:
            twice = event.chain == 2 and at == self._at  # else the rows moved in between
            self._go(at)
            if twice:
                self.action_choose()

    # Messages

    def _announce_later(self) -> None:
        """Post messages after the paint, because their handlers may take longer than a key."""
        if not self._announcing and self.is_attached:
            self._announcing = self.call_after_refresh(self._announce)

    def _announce(self) -> None:
        self._announcing = False
        before, self._announced = self._announced, (self.current, self.seen)
        if before[0] != self._announced[0]:
            self.post_message(self.CursorMoved(self, self.current))
        if before[1] != self._announced[1]:
            self.post_message(self.RowsSeen(self, *self.seen))
