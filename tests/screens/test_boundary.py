"""Forgetting ``plain`` must be hard: only ``app.widgets.content`` makes texts for widgets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.widgets.content import hang, no_emails, words

ROOT = Path(__file__).parents[2] / "app"
FILES = [
    ROOT / "tui.py",
    *sorted((ROOT / "screens").rglob("*.py")),
    *sorted((ROOT / "widgets").rglob("*.py")),
]
MAKERS = {
    "Content",
    "Text",
    "RichText",
    "Markdown",
    "Label",
    "Log",
    "RichLog",
    "Select",
    "DataTable",
}


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            target = node.func
            name = ast.unparse(target)
            yield name, node


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_text_reaches_a_widget_around_words(file: Path) -> None:
    for name, call in calls(file):
        first = name.split(".")[0]
        if file.name != "content.py":
            assert first not in MAKERS, f"{file.name}:{call.lineno} makes its own {name}"
        if name in ("Static", "Option"):
            made = ast.unparse(call.args[0]) if call.args else ""
            safe = made.startswith(("words(", "para("))
            assert safe, f"{file.name}:{call.lineno} {made}"
        if name.endswith("notify") and "style" not in name:
            assert "markup=False" in ast.unparse(call), f"{file.name}:{call.lineno}"


def test_words_makes_everything_safe() -> None:
    made = words("a\x1b[2J", ("\u202eb[/]", "bold"), words("\x9bc"))
    assert made.plain == "a�[2J�b[/]�c"


def test_hanging_lines_fit() -> None:
    for width in (10, 20, 60):
        for line in hang(words("12:30 "), words("a few words " * 9), width):
            assert line.cell_length <= width


def test_emails_are_hidden_in_sentences() -> None:
    assert no_emails("to ada@example.com, now", True) == "to a•••@e•••, now"
    assert no_emails("to ada@example.com, now", False) == "to ada@example.com, now"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_secret_can_be_printed_with_a_thread_or_copied(file: Path) -> None:
    """A thread's arguments may be printed; fields for secrets are all of one kind."""
    for name, call in calls(file):
        place = f"{file.name}:{call.lineno}"
        if name.endswith("Thread"):
            given = {one.arg: ast.unparse(one.value) for one in call.keywords}
            assert given.get("args", "()") in ("()", "(page,)", "(approval,)"), place
            assert given.get("daemon") == "True", place
        if name.endswith("copy_to_clipboard"):
            assert file.name == "tui.py", place
        if name.endswith(("host.copy", "host_of(self).copy")):
            assert ast.unparse(call.args[0]) in ("page.url", "copied"), place
        assert not name.endswith(("run_worker", "push_screen_wait")), place
        if name.endswith("Input") and file.name != "inputs.py":
            assert "password" not in ast.unparse(call), place
