"""What a table tells its screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from app.widgets.table.table import Table


class TableMessage(Message, namespace="table"):
    """Something a table tells."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Table:
        return self.table


class ReplaceableMessage(TableMessage, namespace="table"):
    """Of these only the latest counts."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self) and message.control is self.control


class RowChosen(TableMessage, namespace="table"):
    """Enter or a double click: this row is to be opened."""

    def __init__(self, table: Table, key: int) -> None:
        super().__init__(table)
        self.key = key


class CursorMoved(ReplaceableMessage, namespace="table"):
    """Another row is the current one, or none. Told once after many moves."""

    def __init__(self, table: Table, key: int | None) -> None:
        super().__init__(table)
        self.key = key


class RowsSeen(ReplaceableMessage, namespace="table"):
    """Other rows are on the screen: from ``first`` to ``last``, counted from 1."""

    def __init__(self, table: Table, first: int, last: int, total: int) -> None:
        super().__init__(table)
        self.first, self.last, self.total = first, last, total


class SortRequested(TableMessage, namespace="table"):
    """Somebody wants this order; if it is the one that there is: the other way round."""

    def __init__(self, table: Table, column: str) -> None:
        super().__init__(table)
        self.column = column
