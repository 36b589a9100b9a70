"""``panelist verify --against``: what it prints and how it ends."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=5, seed=69) as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Home:
    """A home that has synced. Nothing here changes it."""
    home = at(sandbox, tmp_path_factory.mktemp("export") / "home")
    assert home.run("sync").code == 0
    return home


def export(file: Path, sandbox: Sandbox, **changed: str) -> str:
    """The account's customers as the Dashboard exports them, the first with other fields."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ("id", "Email", "Name", "Created (UTC)"))
        writer.writeheader()
        for number, one in enumerate(sandbox.world.customers()):
            made = datetime.fromtimestamp(one["created"], UTC)
            row = {"id": one["id"], "Email": one["email"], "Name": one["name"]}
            row["Created (UTC)"] = f"{made:%Y-%m-%d %H:%M}"
            writer.writerow(row if number else row | changed)
    return str(file)


def test_equal_ends_with_0(home: Home, sandbox: Sandbox, tmp_path: Path) -> None:
    ended = home.run("verify", "--against", export(tmp_path / "export.csv", sandbox))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "Compared 5 customers of the export with the panel: equal.\n"


def test_a_difference_ends_with_1(home: Home, sandbox: Sandbox, tmp_path: Path) -> None:
    file = export(tmp_path / "export.csv", sandbox, Name="A\x1b]0;name")
    ended = home.run("verify", "--against", file)
    assert ended.code == 1
    assert "Name here “" in ended.out
    assert ended.out.endswith("with the panel: 1 difference.\n")
    assert "\x1b" not in ended.out
    as_json = home.run("verify", "--against", file, "--jsonl")
    difference, finished = [json.loads(line) for line in as_json.out.splitlines()]
    assert (as_json.code, difference["type"], difference["field"]) == (1, "difference", "Name")
    assert (finished["type"], finished["equal"], finished["differences"]) == ("finished", False, 1)


def test_no_export_ends_with_1(home: Home, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "cut.csv").write_text("Email,id\nada@example.com\n")
    for name in ("other.csv", "cut.csv", "missing.csv"):
        ended = home.run("verify", "--against", str(tmp_path / name))
        assert ended.code == 1
        assert name in ended.said


def test_wrong_use_ends_with_2(home: Home, tmp_path: Path) -> None:
    for option in ("--stripe", "--all"):
        assert home.run("verify", "--against", str(tmp_path / "export.csv"), option).code == 2


def test_no_account_ends_with_3(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "home", key=False)
    ended = home.run("verify", "--against", export(tmp_path / "export.csv", sandbox))
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("Not connected")
