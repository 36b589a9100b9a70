"""The command line: what can be said, what is answered, and how every failure ends."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at

# root may write everywhere, unless it gives that up
ORDINARY = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    if os.geteuid() == 0
    else []
)
COMMANDS = ["demo", "sandbox", "connect", "sync", "serve", "status", "segments", "participants"]
COMMANDS += ["verify", "info"]
NOTHING: dict[str, Any] = {
    "connection": None,
    "participants": {"total": 0, "with_email": 0, "deleted": 0, "lost": 0},
    "segments": 0,
    "sync": {"steps": [], "last_event_at": None, "last_polled_at": None, "reads_30d": 0},
    "messages": [],
    "queue": [],
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=150, seed=31) as running:
        yield running


def test_help_names_every_command(home: Home) -> None:
    ended = home.run("--help")
    assert (ended.code, ended.err) == (0, "")
    for name in COMMANDS:
        assert f"\n    {name}" in ended.out
    assert "3 not connected" in " ".join(ended.out.split())
    assert not home.folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["sync", "--once", "--follow"],
        ["participants", "--json", "--csv"],
        ["status", "--nonsense"],
        ["demo", "--customers", "-1"],
        ["demo", "--customers", "many"],
        ["connect", "--key", "rk_test_51Abcdefghijklmnop"],
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2(home: Home, arguments: list[str]) -> None:
    ended = home.run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith(" --help.\n")
    assert ended.err.count("\n") == 1
    assert not home.folder.exists()


def test_without_a_connection(home: Home) -> None:
    assert home.run("status", "--json").json == NOTHING
    assert "Not connected" in home.run("status").out
    for arguments in (["segments", "--json"], ["participants"], ["sync"]):
        ended = home.run(*arguments)
        assert ended.code == 3, arguments
        assert ended.err.startswith("Not connected")
        assert ended.out == ""


def test_connect_without_a_key_is_wrong_use(home: Home) -> None:
    assert home.run("connect").code == 2
    assert home.run("connect", "--key-stdin").code == 2


def test_connect_prints_the_permissions_and_never_the_key(tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.options.forbid = frozenset({"prices"})
    home, key = at(sandbox, tmp_path / "home", key=False), sandbox.world.restricted_key
    ended = home.run("connect", "--key-stdin", given=f"{key}\n")
    assert ended.code == 0
    assert "The key is valid, but it was not stored: " in ended.err
    assert "--token-store" in ended.err
    assert sandbox.world.account_id in ended.out
    assert "TEST" in ended.out
    for line in ("yes  Customers Read", "yes  Events Read", "NO   Prices Read: without it"):
        assert line in ended.out
    home.variables["PANELIST_TOKEN_STORE"] = "session"
    again = json.loads(home.run("connect", "--key-stdin", "--json", given=key).out)
    assert again["connection"]["status"] == "pending"
    assert again["connection"]["method"] == "restricted_key"
    assert again["connection"]["mode"] == "test"
    files = (file for file in home.folder.rglob("*") if file.is_file())
    written = b"".join(file.read_bytes() for file in files)
    assert key[-12:] not in ended.out + json.dumps(again) + written.decode("utf-8", "replace")
    no_key = home.run("sync")
    assert no_key.code == 3
    assert "is connected, but there is no key here" in no_key.err


def test_a_refused_key_is_one_sentence_without_the_key(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "home", key=False)
    for key in ("rk_test_51Abcdefghijklmnop", "hunter2secret"):
        ended = home.run("connect", "--key-stdin", given=f"{key}\n")
        assert ended.code == 1
        assert key[-6:] not in ended.said


def test_sync_tells_its_progress_and_last_what_it_did(tmp_path: Path, sandbox: Sandbox) -> None:
    lines = at(sandbox, tmp_path / "home").run("sync", "--once", "--json").lines
    *progress, finished = lines
    assert {line["type"] for line in progress} <= {"progress"}
    for line in progress:
        assert set(line) == {"type", "status", "participants", "steps"}
    assert set(finished) == {"type", "status", "participants", "requests", "seconds"}
    assert (finished["type"], finished["status"]) == ("finished", "complete")
    assert finished["participants"] == 150
    assert finished["requests"]["GET /v1/customers"] >= 2
    assert all(isinstance(count, int) for count in finished["requests"].values())
    assert finished["seconds"] >= 0


def test_a_key_that_stripe_ended_disconnects_and_keeps_the_data(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    home = at(sandbox, tmp_path / "home")
    assert home.run("sync").code == 0
    sandbox.options.revoked = True
    ended = home.run("sync", "--json")
    assert ended.code == 3
    assert "Existing data is still available" in ended.said
    status = home.run("status", "--json").json
    assert status["connection"]["status"] == "disconnected"
    assert status["connection"]["disconnect_reason"] == "by Stripe"
    assert status["participants"]["total"] == 150
    assert len(home.run("participants", "--jsonl").lines) == 150


def test_another_account_is_refused(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "home")
    assert home.run("sync").code == 0
    with Sandbox(customers=1, seed=32) as other:
        ended = at(other, home.folder).run("sync")
    assert ended.code == 1
    assert "Disconnect it first" in ended.said


def test_files_are_private_whatever_the_umask(tmp_path: Path, sandbox: Sandbox) -> None:
    home = at(sandbox, tmp_path / "a" / "b")
    assert home.run("sync").code == 0
    folders = [home.folder, home.folder.parent]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700, 0o700]
    files = {file.name: file.stat().st_mode & 0o777 for file in home.folder.iterdir()}
    assert {"panelist.db", "panelist.log"} <= set(files)
    assert set(files.values()) == {0o600}


def test_info_names_no_key(tmp_path: Path, sandbox: Sandbox) -> None:
    home, key = at(sandbox, tmp_path / "home"), sandbox.world.restricted_key
    facts = home.run("info", "--json").json
    assert facts["home"] == str(home.folder)
    assert facts["status"] == "not connected"
    assert facts["key"] == "from PANELIST_STRIPE_KEY, not stored"
    assert facts["settings"]["stripe_key"] == "environment"
    shown = home.run("info")
    assert shown.code == 0
    assert key[-8:] not in shown.out + json.dumps(facts)


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE schema_version SET version = 99")
        database.commit()


def garbage(file: Path) -> None:
    file.write_bytes(b"Dear diary, " * 400)


@pytest.mark.parametrize("spoil", [newer, garbage])
def test_a_database_that_cannot_be_used_is_one_sentence(
    home: Home, spoil: Callable[[Path], None]
) -> None:
    assert home.run("status").code == 0
    file = home.folder / "panelist.db"
    spoil(file)
    before = file.read_bytes()
    for command in ("status", "info"):
        ended = home.run(command)
        assert ended.code == 1
        assert str(file) in ended.said
        assert "Nothing was changed" in ended.said
    assert file.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """Also for root, whom no mode keeps out: there is no folder inside a file."""
    (tmp_path / "file").write_text("in the way")
    ended = Home(tmp_path / "file").run("status")
    assert ended.code == 1
    assert str(tmp_path / "file") in ended.said
    elsewhere = Home(Path("/proc/nowhere/home")).run("status")
    assert elsewhere.code == 1
    assert "PANELIST_HOME" in elsewhere.said


def test_wrong_settings_are_one_sentence(home: Home) -> None:
    home.variables["PANELIST_STRIPE_RATE"] = "nan"
    ended = home.run("status")
    assert ended.code == 1
    assert "PANELIST_STRIPE_RATE" in ended.said


def test_a_full_disk_in_the_middle_of_a_sync_is_one_sentence(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """No file may grow past what the empty database needs; later the sync goes on."""
    home = at(sandbox, tmp_path / "home")
    assert home.run("status").code == 0
    size = (home.folder / "panelist.db").stat().st_size

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8_192, size + 8_192))

    ended = home.run("sync", preexec_fn=small_disk)
    assert ended.code == 1
    assert "disk" in ended.said
    assert "Everything saved before is kept" in ended.said
    assert home.run("sync", "--json").lines[-1]["participants"] == 150


@pytest.mark.parametrize("command", [["participants", "--json"], ["status", "--json"], ["info"]])
def test_a_reader_that_leaves_a_pipe_is_not_complained_about(
    tmp_path: Path, sandbox: Sandbox, command: list[str]
) -> None:
    home = at(sandbox, tmp_path / "home")
    assert home.run("sync").code == 0
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ended = home.run(*command, stdout=pipe)
    assert ended.err == ""
    assert ended.code != 0


def test_the_demo_without_a_terminal_gets_to_its_end(home: Home) -> None:
    """Connects to a sandbox of its own, syncs, sees live changes (at a 3 s pace), and invites."""
    ended = home.run("demo", "--headless", "--customers", "30")
    assert (ended.code, ended.err) == (0, "")
    assert "complete: 30 participants" in ended.out
    assert "Live changes since then" in ended.out
    assert "handed over" in ended.out
    assert not home.folder.exists(), "the demo's home is its own"


@pytest.mark.parametrize("command", [["status", "--json"], ["info"], ["--help"], ["--version"]])
@pytest.mark.parametrize("where", ["closed", "full"])
def test_output_that_is_lost_is_a_failure(home: Home, command: list[str], where: str) -> None:
    line = f'exec "$@" {">&-" if where == "closed" else ">/dev/full"}'
    words = ["sh", "-c", line, "sh", sys.executable, "-m", "app", *command]
    ended = subprocess.run(words, env=home.environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Standard output ")
    assert ended.stderr.count("\n") == 1


def test_a_missing_package_is_named(home: Home) -> None:
    words = [sys.executable, "-S", "-m", "app", "status"]  # without site-packages
    ended = subprocess.run(words, env=home.environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Panelist is not completely installed: the package ")
    assert ended.stderr.count("\n") == 1


def test_a_home_that_cannot_be_written_is_one_sentence(home: Home, tmp_path: Path) -> None:
    """A backup goes elsewhere, and the rest says what to do."""
    assert home.run("status").code == 0
    kept = tmp_path / "kept.db"
    home.folder.chmod(0o500)
    for arguments, code in (
        (["status"], 0), (["backup", str(kept)], 0), (["backup"], 1), (["salvage"], 1),
        (["restore", str(kept)], 1), (["restore", str(kept), "--replace"], 1),
    ):  # fmt: skip
        words = [*ORDINARY, sys.executable, "-m", "app", *arguments]
        ended = subprocess.run(words, env=home.environ, capture_output=True, text=True, check=False)
        assert ended.returncode == code, arguments
        if code:
            assert "cannot be created (Permission denied). Nothing was changed." in ended.stderr
            assert "name a file in another folder" in ended.stderr
            assert ended.stderr.count("\n") == 1
    home.folder.chmod(0o700)
