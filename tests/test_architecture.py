"""What is imported when, and what knows what."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {
    *("textual", "rich", "msgspec", "peewee", "keyring"),
    *("stripe", "httptools", "httpx", "httpcore", "h11", "anyio", "aiohttp", "truststore"),
    *("psycopg", "asyncio", "platformdirs", "starlette", "uvicorn", "lark"),
}
SCREEN = {"textual", "rich"}
LATE = {"stripe", "httpx", "httpcore", "aiohttp", "truststore"}  # imported where they are used
WIRE = LATE | {"httptools", "h11", "msgspec"}
WEB = {"starlette", "uvicorn"}


def imported_by(code: str) -> set[str]:
    """The top-level modules that a new interpreter has after running this code."""
    shown = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", shown], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(ended.stdout.splitlines()[-1])}


HELP = """
from app.cli import run
try:
    run(["--help"])
except SystemExit as end:
    assert end.code == 0
"""


def test_help_imports_nothing_heavy() -> None:
    assert imported_by("import app.cli") & HEAVY == set()
    assert imported_by(HELP) & HEAVY == set()


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("app.db.store", SCREEN | WIRE | {"keyring"}),
        ("app.db.apply", SCREEN | WIRE),
        ("app.panel.overview", SCREEN | WIRE),
        ("app.panel.participants", SCREEN | WIRE | {"lark"}),
        ("app.panel.filters.compile", SCREEN | WIRE | {"lark"}),
        ("app.commands.sync.sync_run", SCREEN | WEB | LATE),
        ("app.tui", WEB | LATE | {"lark"}),
        ("app.commands.serve.webhook_service", SCREEN | LATE | {"keyring"}),
        ("app.sync.engine", SCREEN | WEB | LATE | {"keyring"}),
        ("app.sync.auth.connect", SCREEN | LATE | {"keyring"}),
        ("app.sandbox.server.server", SCREEN | {"peewee", "stripe"}),
    ],
)
def test_a_lower_part_brings_no_higher_one_along(module: str, never: set[str]) -> None:
    assert imported_by(f"import {module}") & never == set()


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / "app" / folder).rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports anywhere, also inside a function."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("file", list(sources("screens", "widgets")), ids=lambda file: file.name)
def test_screens_and_widgets_never_know_the_wire(file: Path) -> None:
    assert {name.partition(".")[0] for name in imports(file)} & WIRE == set()


def test_the_import_contracts_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run(
        [command, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ", 0 broken" in ended.stdout
