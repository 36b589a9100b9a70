"""The line that shows progress fits the terminal, and no piece of it stays behind."""

from __future__ import annotations

import io
import sys

import pytest

from app.commands.shared.progress import Progress, cells, fitting

PARTS = ["customers 12,300, all since 2025-02-03, 1,200/s", "products 12 ✓", "prices 40 ✓"]


class Terminal(io.StringIO):
    """Shows the lines of what was written, as a terminal of some width does."""

    columns = 80

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        rows, row, column = [""], 0, 0
        text = self.getvalue()
        at = 0
        while at < len(text):
            if text.startswith("\x1b[J", at):
                rows[row] = rows[row][:column]
                del rows[row + 1 :]
                at += 3
            elif text.startswith("\x1b[", at):
                end = text.index("A", at)
                row -= int(text[at + 2 : end])
                assert row >= 0
                at = end + 1
            else:
                sign = text[at]
                if sign == "\r":
                    column = 0
                elif sign == "\n":
                    row, column = row + 1, 0
                    rows += [""] * (row + 1 - len(rows))
                else:
                    if column == self.columns:
                        row, column = row + 1, 0
                        rows += [""] * (row + 1 - len(rows))
                    rows[row] = rows[row][:column] + sign + rows[row][column + 1 :]
                    column += 1
                at += 1
        return rows


def opened(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Stands in for standard error; not a fixture, because pytest puts its own in place again."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    return made


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_each_line_replaces_the_last(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    terminal = opened(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal.columns = columns
    progress = Progress()
    for number in range(0, 30_000, 999):
        progress.show([f"subscriptions {number:,}, all since 2025-02-03", *PARTS])
        (line,) = terminal.screen()
        assert line.startswith(f"subscriptions {number:,}")
        assert len(line) < columns
    progress.clear()
    assert terminal.screen() == [""]


def test_a_line_that_a_narrower_terminal_wrapped_is_replaced_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = opened(monkeypatch)
    monkeypatch.setenv("COLUMNS", "100")
    terminal.columns = 40  # it has wrapped what was written for 100
    progress = Progress()
    progress.show(PARTS)
    assert len(terminal.screen()) == 2
    monkeypatch.setenv("COLUMNS", "40")
    progress.show(PARTS)
    (line,) = terminal.screen()
    assert len(line) < 40
    progress.finish("done")
    assert terminal.screen() == ["done", ""]


@pytest.mark.parametrize("width", range(3, 120))
def test_what_fits(width: int) -> None:
    line = fitting(["müßig 名前 9,000", *PARTS], width)
    assert 0 < cells(line) <= width


def test_a_part_ends_before_a_comma() -> None:
    """A date or a rate that is cut would be another one."""
    whole = "subscriptions 2,062, all since 2026-11-29, 512/s"
    assert fitting([whole, "prices 5"], 39) == "subscriptions 2,062"
    assert fitting([whole, "prices 5"], 45) == "subscriptions 2,062, all since 2026-11-29"
