"""What Status shows after the first sync: numbers, changes by day, and who moved between
segments."""

from __future__ import annotations

import time

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.pulse import Pulse, pulse
from app.widgets.charts.block_digits import block_digits
from app.widgets.charts.day_bars import DayBars, DayBarsState
from app.widgets.content import Content, para, words
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane

LEAST = 2.0  # seconds between two reads
SHARE = 20  # the pause after a read is so many times as long as the read
TALL = 30  # lines of the terminal from which the numbers are large
BARS = ((46, 12), (38, 10), (TALL, 9), (0, 7))  # lines of the terminal -> of the bars
NUMBER, GAP = 4, 4  # cells of a large digit, and between two numbers
NAME, BAR = 42, 40  # cells at most
EIGHTHS = " ▏▎▍▌▋▊▉"
MEANINGS = {  # of where people moved to
    "Active Subscribers": "$completed",
    "Trialing": "$completed",
    "Past Due": "$warn",
    "Unpaid": "$warn",
    "Former Subscribers": "$never",
}


class CurrentPane(Vertical):
    """The account as it is now. A thread reads it."""

    class Read(Message):
        """What the thread read of an account."""

        def __init__(self, connection: int, read: Pulse) -> None:
            super().__init__()
            self.connection, self.read = connection, read

    def __init__(self, store: Store) -> None:
        super().__init__(id="current")
        self._store = store
        self._connection: int | None = None
        self._pulse: Pulse | None = None
        self._people = 0
        self._may_read_at = 0.0

    def compose(self) -> ComposeResult:
        yield TextLine(id="numbers")
        with Pane(id="daily"):
            yield DayBars(id="day-bars")
        with Pane(id="moved"):
            yield TextLine(id="moved-lines")

    def on_mount(self) -> None:
        self.query_one("#daily", Pane).entitle(words("Subscriptions started and ended per day"))
        self.query_one("#moved", Pane).entitle(
            words("Moved between segments"), words("last 7 days")
        )

    def show(self, connection: int, people: int, *, changed: bool) -> bool:
        """Show an account with so many people, and read what ``changed`` unless it was read a
        moment ago. Returns False if it was, and should be asked for again."""
        if connection != self._connection:
            self._connection, self._pulse, self._may_read_at = connection, None, 0.0
        self._people = people
        self.draw()
        if not (changed or self._pulse is None):
            return True
        if time.monotonic() < self._may_read_at:
            return False
        self._may_read_at = float("inf")
        self._ask(connection)
        return True

    @work(thread=True, exclusive=True, group="pulse")
    def _ask(self, connection: int) -> None:
        started = time.monotonic()
        try:
            self._store.read_through()
            read = pulse(self._store, connection, int(time.time()))
            self.post_message(self.Read(connection, read))
        except DatabaseProblem:
            pass  # the next snapshot reports it
        finally:
            took = time.monotonic() - started
            self._may_read_at = time.monotonic() + max(LEAST, SHARE * took)
            self._store.close()

    @on(Read)
    def _show_read(self, message: Read) -> None:
        message.stop()
        if message.connection == self._connection:
            self._pulse = message.read
            self.draw()

    def draw(self) -> None:
        """Draw what is known at the size of the terminal."""
        height, read = self.screen.size.height, self._pulse or Pulse()
        self.query_one("#numbers", TextLine).show(_numbers(self._people, read, height >= TALL))
        days = tuple((one.at, one.started, one.ended) for one in read.days)
        bars = self.query_one("#day-bars", DayBars)
        bars.show(DayBarsState(days, next(lines for least, lines in BARS if height >= least)))
        self.query_one("#daily", Pane).display = any(up or down for _, up, down in days)
        shown = bars.shown(bars.size.width)
        self.query_one("#daily", Pane).entitle(facts=words(f"last {shown} days" if shown else ""))
        lines = _moved(read, self.size.width)
        if self._pulse is None:
            lines = [words(("Reading…", "$muted"))]
        self.query_one("#moved-lines", TextLine).show(para(lines))


def _numbers(people: int, read: Pulse, large: bool) -> Content:
    """How many people there are, and what became of invites, once there are some."""
    shown = [(people, "participants", _lately(read.new_customers), "")]
    if read.awaiting or read.completed:
        shown.append((read.awaiting, "awaiting reply", "", "$awaiting"))
        shown.append((read.completed, "completed", _lately(read.lately), "$completed"))
    if not large:
        parts = [
            words(
                (f"{number:,}", f"bold {style}"),
                f" {name}",
                (f"  {more}" if more else "", "$muted"),
            )
            for number, name, more, style in shown
        ]
        return words("    ").join(parts)
    columns = []
    for number, name, more, style in shown:
        digits = block_digits(f"{number:,}", "small")
        width = max(len(digits[0]), len(name), len(more)) + GAP
        columns.append(
            [
                *(words((f"{line:<{width}}", style)) for line in digits),
                words((f"{name:<{width}}", "bold")),
                words((f"{more:<{width}}", "$muted")),
            ]
        )
    return para(words(*line) for line in zip(*columns, strict=True))


def _lately(number: int) -> str:
    return f"+{number:,} this week" if number else ""


def _moved(read: Pulse, width: int) -> list[Content]:
    rows = [
        (f"{one.left} → {one.joined}", one.number, MEANINGS.get(one.joined, "$muted"))
        for one in read.moved
    ]
    if read.new_customers:
        rows.append(("New customers", read.new_customers, "$completed"))
    if not rows:
        return [words(("No one joined or left a segment.", "$muted"))]
    most = max(number for _, number, _ in rows)
    name = min(NAME, max(len(one) for one, _, _ in rows))
    digits = len(f"{most:,}")
    room = max(1, min(BAR, width - name - digits - 6))
    return [
        words(f"{text[:name]:>{name}}  ", (f"{number:>{digits},}", "bold"), "  ",
              (_bar(number, most, room), style))
        for text, number, style in rows
    ]  # fmt: skip


def _bar(number: int, most: int, room: int) -> str:
    eighths = max(1, number * room * 8 // most)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
