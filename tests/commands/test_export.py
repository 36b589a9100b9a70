"""``panelist export``: the lists of the app as files, by command."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import signal
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.commands.shared import progress
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.rows import Fetched
from app.panel.export.writer import MARK
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from tests.helpers.command import Home, at
from tests.helpers.rows import connection, make_segments, person, send
from tests.panel.export.test_people import in_seconds, read, read_csv

PEOPLE = 60
GOLD = {"name": "=Gold", "email": "gold@example.com", "metadata": {"note": "unheard-of"}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    with Sandbox(customers=PEOPLE - 1, seed=17) as sandbox:
        sandbox.world.create_customer(**GOLD)
        made = at(sandbox, tmp_path_factory.mktemp("export") / "home")
        assert made.run("sync").code == 0
    made.variables.clear()  # reading needs neither a key nor Stripe
    return made


def test_a_list_as_csv_and_as_json_lines(home: Home, tmp_path: Path) -> None:
    people = home.run("participants", "--jsonl").lines
    everybody = {one["stripe_id"]: in_seconds(one) for one in people}
    found = []
    for name, form in (("a.csv", "csv"), ("a.jsonl", "jsonl")):
        file = tmp_path / name
        ended = home.run("export", str(file))
        assert (ended.code, ended.err) == (0, "")
        assert ended.out == f"60 participants were exported to {file}.\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        found.append(read(file, "csv" if form == "csv" else "jsonl"))
    assert found[0] == found[1]
    assert len(found[0]) == PEOPLE
    for line in found[0]:
        same = ("email", "name", "phone", "currency", "metadata", "created", "deleted")
        assert {name: line[name] for name in same} == {
            name: everybody[line["stripe_id"]][name] for name in same
        }


def test_a_file_that_is_there_is_replaced_only_when_asked(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("old")
    ended = home.run("export", str(file))
    assert ended.code == 1
    assert "already exists. It was not changed" in ended.said
    assert file.read_text() == "old"
    assert home.run("export", "--replace", "--jsonl", str(file)).code == 0
    assert len(read(file, "jsonl")) == PEOPLE
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("how", [("--segment", "active"), ("--filter", "-status:active has:email")])
def test_those_who_are_asked_for(home: Home, how: tuple[str, ...]) -> None:
    wanted = {one["stripe_id"] for one in home.run("participants", "--jsonl", *how).lines}
    found = home.run("export", "--jsonl", *how).lines
    assert {one["stripe_id"] for one in found} == wanted
    assert 0 < len(wanted) < PEOPLE


@pytest.mark.parametrize("text", ["GOLD@example.c", "UNHEARD-OF"])
def test_a_search_finds_what_participants_finds(home: Home, text: str) -> None:
    these = home.run("participants", "--jsonl", "--search", text).lines
    those = home.run("export", "--jsonl", "--search", text, "-").lines
    assert {one["stripe_id"] for one in these} == {one["stripe_id"] for one in those}
    assert GOLD["name"] in {one["name"] for one in those}


def test_the_order_is_the_one_asked_for(home: Home) -> None:
    def listed(*how: str) -> list[int]:
        return [one["created"] for one in home.run("export", "--jsonl", *how).lines]

    newest = listed("--sort", "created")
    assert newest == sorted(newest, reverse=True)
    assert listed("--sort", "created", "--reverse") == newest[::-1]
    plans = [one["plan"] for one in home.run("export", "--jsonl", "--sort", "plan").lines]
    first = plans[: len([plan for plan in plans if plan])]
    assert all(first)  # who has none comes last
    names = [plan.partition(",")[0].casefold() for plan in first]
    assert names == sorted(names)


def test_masked(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    assert home.run("export", "--masked", str(file)).out.endswith("a.csv, masked.\n")
    assert "@example" not in file.read_text()
    assert "unheard-of" not in file.read_text()
    assert len(read_csv(file)) == PEOPLE


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        (("--segment", "nobody\x1b"), 2, "Unknown segment"),
        (("--filter", "emial:x"), 2, "Did you mean email"),
        (("--sort", "phone"), 2, "unknown value"),
        (("no/such/folder/a.csv",), 1, "could not be written"),
        (("/dev/null", "--replace"), 1, "is not a file"),
        (("--account", "acct_nobody"), 2, "Unknown account"),
    ],
)
def test_what_cannot_be_is_said(home: Home, how: tuple[str, ...], code: int, said: str) -> None:
    ended = home.run("export", *how)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert "\x1b" not in ended.err
    assert "fault in itself" not in ended.err


def test_without_a_connection(tmp_path: Path) -> None:
    ended = Home(tmp_path / "empty").run("export")
    assert ended.code == 3
    assert "Not connected" in ended.err


@pytest.mark.parametrize("command", ["export", "participants"])
def test_a_full_disk_behind_standard_output_is_said(home: Home, command: str) -> None:
    with open("/dev/full", "w") as full:
        ended = home.run(command, "--csv", stdout=full)
    assert ended.code == 1
    assert "No space left on device). The output is incomplete" in ended.said


@pytest.mark.parametrize(
    ("end", "nohup"), [(signal.SIGTERM, False), (signal.SIGHUP, False), (signal.SIGHUP, True)]
)
def test_it_is_stopped_in_a_sentence(home: Home, end: signal.Signals, nohup: bool) -> None:
    """Who began it with nohup wants no hang-up to stop it."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4_096)  # less than there is: so it waits for us
    start = [sys.executable, "-m", "app", "export", "--jsonl"]
    if nohup:
        start = ["nohup", *start]
    with subprocess.Popen(
        start,
        env=home.environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as process:
        os.close(writing)
        with open(reading, "rb", buffering=0) as out:
            found = out.read(1)
            process.send_signal(end)
            while piece := out.read(65_536):
                found += piece
        said = process.communicate()[1].decode()
    lines = found.count(b"\n")
    if nohup:
        assert (process.returncode, lines) == (0, PEOPLE)
    else:
        assert said.endswith("Stopped. The output is incomplete.\n")
        assert process.returncode == 1
        assert lines < PEOPLE


def test_a_file_is_the_same_in_every_locale(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    home.run("export", str(file))
    home.variables["PYTHONIOENCODING"] = "ascii"
    with open(tmp_path / "out", "w") as out:
        assert home.run("export", stdout=out).code == 0
    home.variables.clear()
    assert MARK.encode() + (tmp_path / "out").read_bytes() == file.read_bytes()
    assert not file.read_text("utf-8").isascii()


@pytest.mark.parametrize("output", ["a.csv", None])
def test_how_far_it_is_is_told_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, output: str | None
) -> None:
    """Not where the results go to a terminal themselves."""
    shown, terminal = os.openpty()
    monkeypatch.setattr(progress, "REFRESH", 0)
    with open(terminal, "w") as both:
        monkeypatch.setattr(sys, "stderr", both)
        monkeypatch.setattr(sys, "stdout", both)
        assert list(progress.counted(iter("abc"), 3_000, output, 1_000)) == ["a", "b", "c"]
        print("END", file=both, flush=True)
        told = ""
        while "END\r\n" not in told:  # a terminal may hand it on in pieces
            told += os.read(shown, 9_999).decode()
    os.close(shown)
    assert ("2,000 of 3,000" in told) == (output is not None)
    assert told.endswith("3,000 of 3,000\x1b[J\r\nEND\r\n" if output else "END\r\n")


def test_a_csv_is_for_spreadsheets_or_exact(tmp_path: Path) -> None:
    """Excel reads UTF-8 only after a byte order mark, and a phone number as a number."""
    home = Home(tmp_path / "home")
    store = open_store(Settings(home=home.folder))
    here = connection(store)
    some = [
        person(
            "cus_a", name="Zoë", phone="0151 23", created=1_700_000_000, metadata='{"team":"x"}'
        ),
        person("cus_b", phone="+49 151", created=1_700_000_001, metadata='{"=a":"y"}'),
    ]
    send(store, here, Fetched(1, participants=some))
    make_segments(store, here)
    store.close()
    file = tmp_path / "a.csv"
    wide = ("--metadata-columns", "--sort", "name", str(file))
    assert home.run("export", *wide).code == 0
    assert file.read_bytes().startswith(b"\xef\xbb\xbfstripe_id,")
    first, second = sorted(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))), key=str)
    assert (first["created"], first["phone"]) == ("2023-11-14 22:13:20", "'0151 23")
    assert (first["metadata.team"], second["phone"], second["metadata.=a"]) == (
        "x",
        "'+49 151",
        "y",
    )
    assert "metadata" not in first
    exact = home.run("export", "--exact", "--csv", "-").out
    assert exact.startswith("stripe_id,")
    rows = {row["stripe_id"]: row for row in csv.DictReader(io.StringIO(exact))}
    assert (rows["cus_a"]["created"], rows["cus_a"]["phone"]) == ("1700000000", "0151 23")
    assert rows["cus_a"]["metadata"] == '{"team": "x"}'
    dated = home.run("participants", "--csv").out
    assert "2023-11-14 22:13:20" in dated


def test_a_dash_is_standard_output_everywhere(home: Home, tmp_path: Path) -> None:
    for command in (("invites",), ("ledger",), ("segments", "show", "active")):
        assert home.run(*command, "--csv", "--output", "-", cwd=tmp_path).code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_the_database_is_never_replaced(home: Home, tmp_path: Path, suffix: str) -> None:
    """Nor opened by anything but SQLite, by whatever name."""
    link = tmp_path / "a.csv"
    with closing(open_sqlite(home.folder / "panelist.db")):
        link.symlink_to(home.folder / f"panelist.db{suffix}")
        ended = home.run("export", str(link), "--replace")
        assert (ended.code, "is Panelist's database" in ended.err) == (1, True)
        ended = home.run("verify", "--against", str(link))
        assert (ended.code, "is not a CSV file" in ended.err) == (1, True)
        ended = home.run("invites", "opt-out", str(link), "--yes")
        assert (ended.code, "is not UTF-8 text" in ended.err) == (1, True)
