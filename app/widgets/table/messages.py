"""The messages that a table posts to its screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from app.widgets.table.scroll_view import LongView


class TableMessage(Message, namespace="table"):
    """The base of a table's messages."""

    def __init__(self, table: LongView) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> LongView:
        return self.table


class ReplaceableMessage(TableMessage, namespace="table"):
    """A message of which only the latest counts."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self) and message.control is self.control


class RowChosen(TableMessage, namespace="table"):
    """Enter or a double click: open this row."""

    def __init__(self, table: LongView, key: int) -> None:
        super().__init__(table)
        self.key = key


class CursorMoved(ReplaceableMessage, namespace="table"):
    """Another row, or none, became the current one. Posted once after many moves."""

    def __init__(self, table: LongView, key: int | None) -> None:
        super().__init__(table)
        self.key = key


class RowsSeen(ReplaceableMessage, namespace="table"):
    """The rows on the screen changed: now ``first`` to ``last``, counted from 1."""

    def __init__(self, table: LongView, first: int, last: int, total: int) -> None:
        super().__init__(table)
        self.first, self.last, self.total = first, last, total


class SortRequested(TableMessage, namespace="table"):
    """A person asks for this order, or for its reverse if the rows have it already."""

    def __init__(self, table: LongView, column: str) -> None:
        super().__init__(table)
        self.column = column
