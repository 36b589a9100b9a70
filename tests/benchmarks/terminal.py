"""A terminal without a screen, that keys come from and that knows when their effect is written."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from textual import events
from textual.drivers.headless_driver import HeadlessDriver

from app.widgets.row_list import RowList
from app.widgets.table.table import Table

LOST = 2.0  # seconds after which a key is given up


class Terminal(HeadlessDriver):
    """A terminal that is not there, but that everything is written to."""

    on_write: Callable[[], None] | None = None

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        if self.on_write is not None:
            self.on_write()


class Watch:
    """Knows where the list was when it was last drawn, and when that came to be written."""

    def __init__(self, lines: RowList) -> None:
        self._lines = lines
        self._drawn = self._from = lines.scroll_offset.y
        self.painted = threading.Event()
        self.at = 0.0
        render = lines.render_line

        def drawn(y: int) -> object:
            self._drawn = lines.scroll_offset.y
            return render(y)

        lines.render_line = drawn  # type: ignore[assignment,method-assign]

    def start(self) -> None:
        """From now on wait for another place."""
        self._drawn = self._from = self._lines.scroll_offset.y
        self.painted.clear()

    def on_write(self) -> None:
        if self._drawn != self._from and not self.painted.is_set():
            self.at = time.perf_counter()
            self.painted.set()


def strike(driver: Terminal, lines: RowList, keys: tuple[str, str], number: int) -> list[float]:
    """Press keys in this thread; milliseconds of each, or LOST."""
    watch = Watch(lines)
    driver.on_write = watch.on_write
    found = []
    there, back = keys
    key = there
    for _ in range(number):
        time.sleep(random.uniform(0.03, 0.08))  # as a person types, out of step with the painting
        if lines.scroll_offset.y >= lines.max_scroll_y:
            key = back
        elif lines.scroll_offset.y <= 0:
            key = there
        watch.start()
        started = time.perf_counter()
        driver.process_message(events.Key(key, None))
        met = watch.painted.wait(LOST)
        found.append((watch.at - started) * 1000 if met else LOST * 1000)
    driver.on_write = None
    del lines.render_line  # the class's own again
    return found


def press_keys(
    driver: Terminal, table: Table, keys: tuple[str, str], number: int, turn: int
) -> list[float]:
    """Press keys in this thread, ``turn`` of the one and then of the other; milliseconds of each
    until another row is drawn as the current one, or LOST."""
    painted, before, drawn, at = threading.Event(), table.current, table.current, 0.0
    render = table.render_line

    def on_render(y: int) -> object:
        nonlocal drawn
        drawn = table.current
        return render(y)

    def on_write() -> None:
        nonlocal at
        if drawn != before and not painted.is_set():
            at = time.perf_counter()
            painted.set()

    table.render_line = on_render  # type: ignore[assignment,method-assign]
    driver.on_write = on_write
    found = []
    for press in range(number):
        time.sleep(random.uniform(0.03, 0.08))  # as a person types, out of step with the painting
        before = drawn = table.current
        painted.clear()
        started = time.perf_counter()
        driver.process_message(events.Key(keys[press // turn % 2], None))
        found.append((at - started) * 1000 if painted.wait(LOST) else LOST * 1000)
    driver.on_write = None
    del table.render_line  # the class's own again
    return found
