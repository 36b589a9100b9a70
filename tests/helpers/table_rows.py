"""Rows in memory for tables under test, as many as one likes, and an app around a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from app.widgets.table.table import Cell, Column, Table
from app.widgets.themes import DARK, TERMINAL, ThemedApp

COLUMNS = (
    Column("Name", 16, grow=2, most=40, sort="name"),
    Column("Email", 20, grow=3, most=48, sort="email", priority=1),
    Column("Status", 10, priority=2),
    Column("Plans", 12, grow=1, most=30, priority=4),
    Column("Customer since", 16, sort="created", priority=3),
    Column("Spent", 12, align="right", sort="spent", priority=5),
    Column("Stripe ID", 18, priority=6),
)
STATUSES = (("active", "$success"), ("trialing", "$primary"), ("past_due", "$warning"))


class Everyone:
    """The people with the keys of a range: nothing of them exists before it is asked for."""

    def __init__(self, keys: range) -> None:
        self.keys = keys
        self.asked: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> int:
        return self.keys[index]

    def index(self, key: int, near: int) -> int | None:
        return self.keys.index(key) if key in self.keys else None

    def cells(self, start: int, stop: int) -> list[tuple[Cell, ...]]:
        self.asked.append((start, stop))
        return [person(key) for key in self.keys[start:stop]]


class These(Everyone):
    """A few people with the names that are given."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(range(len(names)))
        self.names = names

    def cells(self, start: int, stop: int) -> list[tuple[Cell, ...]]:
        return [person(key, self.names[key]) for key in self.keys[start:stop]]


def person(key: int, name: str | None = None) -> tuple[Cell, ...]:
    """The cells of someone."""
    status, style = STATUSES[key % 3]
    return (
        Cell(f"Person {key}" if name is None else name, "bold"),
        Cell(f"person{key}@example.com" if name is None else f"{name}@x"),
        Cell(f"● {status}", style),
        Cell("Plan A, Plan B" if name is None else name, "dim"),
        Cell("3 Feb 2024", "dim"),
        Cell(f"{key * 7:,}.00"),
        Cell(f"cus_{key:012}", "dim"),
    )


class Written(HeadlessDriver):
    """A terminal that is not there and remembers what is written to it."""

    text = ""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.text += data


class Stage(ThemedApp):
    """A table, alone but for a field that takes the focus away; it remembers what was told."""

    CSS = "Screen { layout: vertical; } Input { height: 1; border: none; }"

    def __init__(self, columns: Sequence[Column] = COLUMNS, *, colour: bool = True) -> None:
        super().__init__(ansi_color=None if colour else True)
        self.columns = columns
        self.theme = DARK if colour else TERMINAL
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Table(self.columns, "People.", empty="No one is in this segment.", id="people")
        yield Input()

    def on_table_row_chosen(self, message: Table.RowChosen) -> None:
        self.told.append(message)

    on_table_cursor_moved = on_table_rows_seen = on_table_sort_requested = on_table_row_chosen

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    @property
    def lines(self) -> list[str]:
        """What the terminal would show."""
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    @property
    def marked(self) -> tuple[int, str]:
        """On which line the marker of the current row is, and the first word after it."""
        found = [(y, line) for y, line in enumerate(self.lines) if line[0] in "▸▹"]
        assert len(found) == 1, found
        return found[0][0], " ".join(found[0][1][2:].split()[:2])


def offsets(line: str, parts: Sequence[str]) -> list[int]:
    """On which cells of a line these texts begin, each after the one before."""
    found, at = [], 0
    for part in parts:
        at = line.index(part, at)
        found.append(cell_len(line[:at]))
        at += len(part)
    return found


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys and wait until their effect is drawn."""
    await pilot.press(*keys)
    await pilot.pause()


async def until(pilot: Pilot[None], met: Callable[[], object]) -> None:
    """Wait for a message of the table. The test's time limit ends it otherwise."""
    while not met():
        await pilot.pause(0.01)
