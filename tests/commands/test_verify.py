"""``panelist verify --stripe`` as someone runs it."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.db import sync_messages
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.lease import Lease
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from app.settings import Settings
from tests.helpers.command import Home, at, without_versions
from tests.helpers.verify_run import dump


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=150, seed=61) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox) -> Home:
    """A home that has synced."""
    home = at(sandbox, tmp_path / "home")
    assert home.run("sync").code == 0
    return home


def spoil(home: Home, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(home.folder / "panelist.db")) as database:
        assert database.execute(sql, parameters).rowcount == 1
        database.commit()


def asked(home: Home, sql: str) -> Any:
    with closing(sqlite3.connect(home.folder / "panelist.db")) as database:
        return database.execute(sql).fetchone()[0]


@pytest.mark.parametrize("part", [["--all"], [], ["--sample", "20"]], ids=" ".join)
def test_equal_ends_with_0_and_changes_nothing(home: Home, part: list[str]) -> None:
    settings = Settings(home=home.folder)
    store = open_store(settings)
    before = dump(store)
    ended = home.run("verify", "--stripe", *part)
    assert (ended.code, ended.err) == (0, "")
    assert "equal" in ended.out
    assert dump(store) == before
    (reads,) = store.row("SELECT sum(requests) FROM read_count")
    finished = home.run("verify", "--stripe", *part, "--json").lines[-1]
    assert (finished["type"], finished["equal"], finished["differences"]) == ("finished", True, 0)
    assert finished["scope"] == ("all" if part == ["--all"] else "sample")
    (after,) = store.row("SELECT sum(requests) FROM read_count")
    assert after - reads == sum(finished["requests"].values())
    store.close()


def test_the_summary_says_what_was_compared(home: Home) -> None:
    rows = sum(
        asked(home, f"SELECT count(*) FROM {table}")
        for table in ("participant", "subscription", "product", "price")
    )
    out = home.run("verify", "--stripe", "--all").out
    assert out.startswith(f"Compared {rows:,} of {rows:,} objects with Stripe in ")
    assert out.endswith(" requests: equal.\n")
    out = home.run("verify", "--stripe", "--sample", "30").out
    assert "a sample of 30: with 95% certainty, fewer than 9.5% of the participants and" in out
    assert "newest 100" in out
    assert "Everything here was checked" in home.run("verify", "--stripe").out


def test_differences_end_with_1_one_a_line(home: Home) -> None:
    key = asked(home, "SELECT stripe_id FROM participant WHERE email > 'b' ORDER BY id LIMIT 1")
    there = asked(home, f"SELECT email FROM participant WHERE stripe_id = '{key}'")
    spoil(home, "UPDATE participant SET email = 'a@x' WHERE stripe_id = ?", key)
    ended = home.run("verify", "--stripe", "--all")
    assert (ended.code, ended.err) == (1, "")
    line, summary = ended.out.splitlines()
    assert line == f'participant {key}: email here "a@x" in Stripe "{there}"'
    assert summary.endswith(": 1 difference; `panelist sync --full` repairs them.")
    ended = home.run("verify", "--stripe", "--json")
    assert ended.code == 1
    finished = json.loads(ended.out)
    (found,) = finished["findings"]
    lines = home.run("verify", "--stripe", "--jsonl").out.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["difference", "finished"]
    assert without_versions(found) == {
        "type": "difference",
        "object": "participant",
        "id": key,
        "kind": "field",
        "field": "email",
        "item": None,
        "here": "a@x",
        "there": there,
    }
    assert (finished["differences"], finished["equal"]) == (1, False)
    assert home.run("sync", "--full").code == 0
    assert home.run("verify", "--stripe", "--all").code == 0


def test_what_lasts_is_not_promised_to_be_repaired(home: Home) -> None:
    spoil(home, "UPDATE segment SET count = count + 1 WHERE key = 'active'")
    count = asked(home, "SELECT count FROM segment WHERE key = 'active'")
    ended = home.run("verify", "--stripe", "--all")
    line, summary = ended.out.splitlines()
    assert ended.code == 1
    assert line == f"segment active: count {count}, members {count - 1}"
    assert "cannot repair them" in summary


def test_foreign_text_does_not_reach_the_terminal(home: Home) -> None:
    evil = "\x1b]0;owned\x07\u202e"
    key = asked(home, "SELECT stripe_id FROM participant ORDER BY id LIMIT 1")
    spoil(home, "UPDATE participant SET name = ? WHERE stripe_id = ?", evil, key)
    spoil(
        home,
        "UPDATE participant SET stripe_id = ? WHERE id ="
        " (SELECT id FROM participant ORDER BY id DESC LIMIT 1)",
        f"cus_{evil}",
    )
    ended = home.run("verify", "--stripe", "--all")
    assert ended.code == 1
    assert not set(evil) & set(ended.out) - set("]0;owned")
    for line in home.run("verify", "--stripe", "--all", "--jsonl").out.splitlines():
        assert line.isascii()
        assert json.loads(line)


def test_pending_ends_with_0(home: Home, sandbox: Sandbox) -> None:
    made = sandbox.world.create_customer(name="New")
    ended = home.run("verify", "--stripe", "--all")
    assert (ended.code, ended.err) == (0, "")
    line, summary = ended.out.splitlines()
    assert line.startswith(f"participant {made}: not checked yet, customer.created at ")
    assert "equal. 1 changed since the last sync" in summary


def test_a_missing_permission_is_named(home: Home, sandbox: Sandbox) -> None:
    sandbox.options.forbid = frozenset({"prices"})
    ended = home.run("verify", "--stripe", "--all")
    assert (ended.code, ended.err) == (0, "")
    line, summary = ended.out.splitlines()
    assert line == "prices: not compared, the key lacks the permission “Prices Read”"
    assert "equal as far as Panelist could compare" in summary


def test_wrong_use(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for arguments in (
        ["verify", "--all"],
        ["verify", "--stripe", "--all", "--sample", "5"],
        ["verify", "--stripe", "--sample", "0"],
    ):
        ended = home.run(*arguments)
        assert (ended.code, ended.out) == (2, "")
    assert not home.folder.exists()


def test_not_connected(tmp_path: Path, sandbox: Sandbox) -> None:
    ended = Home(tmp_path / "home").run("verify", "--stripe")
    assert ended.code == 3
    assert ended.out == ""
    assert ended.err.startswith("Not connected. Run panelist connect")
    home = at(sandbox, tmp_path / "home")
    ended = home.run("verify", "--stripe")
    assert ended.code == 3
    assert "is not connected" in ended.said
    assert home.run("status", "--json").json["connection"] is None


def test_before_the_first_sync(tmp_path: Path, sandbox: Sandbox) -> None:
    home, key = at(sandbox, tmp_path / "home"), sandbox.world.restricted_key
    home.variables["PANELIST_TOKEN_STORE"] = "session"
    assert home.run("connect", "--key-stdin", given=key).code == 0
    ended = home.run("verify", "--stripe")
    assert ended.code == 1
    assert "has not finished" in ended.said


def test_the_access_that_is_kept(tmp_path: Path, sandbox: Sandbox) -> None:
    home, key = at(sandbox, tmp_path / "home", key=False), sandbox.world.restricted_key
    home.variables["PANELIST_TOKEN_STORE"] = "plain"
    assert home.run("connect", "--key-stdin", given=key).code == 0
    assert home.run("sync").code == 0
    ended = home.run("verify", "--stripe", "--all")
    assert (ended.code, ended.err) == (0, "")


def test_another_account_is_refused(home: Home) -> None:
    with Sandbox(customers=1, seed=62) as other:
        ended = at(other, home.folder).run("verify", "--stripe")
    assert ended.code == 1
    assert "Another account is connected" in ended.said
    assert home.run("status", "--json").json["connection"]["status"] == "complete"


@pytest.mark.parametrize("way", ["revoked", "expired"])
def test_access_that_ended_changes_nothing(home: Home, sandbox: Sandbox, way: str) -> None:
    """The sync says it, and ends the connection; who only looks does not."""
    setattr(sandbox.options, way, True)
    ended = home.run("verify", "--stripe")
    assert ended.code == 3
    assert "Nothing was changed here" in ended.said
    assert sandbox.world.restricted_key[-8:] not in ended.said
    assert home.run("status", "--json").json["connection"]["status"] == "complete"


def test_access_that_ends_on_the_way(home: Home, sandbox: Sandbox) -> None:
    def revoke(path: str, _: object) -> None:
        sandbox.options.revoked = path == "/v1/customers"

    sandbox.on_request = revoke
    ended = home.run("verify", "--stripe", "--all")
    assert ended.code == 3
    assert "Access was revoked" in ended.said


def test_beside_a_sync(home: Home) -> None:
    """It needs no right to sync."""
    store = open_store(Settings(home=home.folder))
    with Lease(store):
        assert home.run("sync").code == 1
        assert home.run("verify", "--stripe", "--all").code == 0
    store.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_how_far_it_came(tmp_path: Path, number: signal.Signals) -> None:
    with Sandbox(customers=900, seed=63) as sandbox:
        home = at(sandbox, tmp_path / "home")
        assert home.run("sync").code == 0
        sandbox.options = SandboxOptions(latency=0.2)
        process = home.start("verify", "--stripe", "--all")

        def stop(path: str, query: dict[str, Any]) -> None:
            if path == "/v1/customers" and query.get("starting_after"):
                process.send_signal(number)

        sandbox.on_request = stop
        out, err = process.communicate()
        assert process.returncode == 1
        assert out == ""
        assert err.startswith("Stopped. ")
        assert "objects were compared until then" in err
        assert err.count("\n") == 1
        assert asked(home, "SELECT sum(requests) FROM read_count") > 20


def test_a_key_that_stripe_does_not_know_is_one_sentence(home: Home) -> None:
    home.variables["PANELIST_STRIPE_KEY"] = "rk_test_51Abcdefghijklmnop"
    ended = home.run("verify", "--stripe")
    assert ended.code == 1
    assert "does not know this key" in ended.said
    assert "Abcdef" not in ended.said


def test_a_terminal_shows_how_far_it_is(home: Home, sandbox: Sandbox) -> None:
    sandbox.options.latency = 0.3
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "verify", "--stripe", "--all"],
        env=home.environ,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    out, _ = process.communicate()
    shown = os.read(leader, 10_000).decode()
    os.close(leader)
    assert process.returncode == 0
    assert b"equal" in out
    assert "objects compared" in shown
    assert shown.endswith("\r\x1b[J")


def test_a_sync_does_not_end_with_an_error_of_an_earlier_one(home: Home) -> None:
    (file,) = home.folder.rglob("panelist.db")
    store = open_sqlite(file)
    (here,) = store.row("SELECT id FROM connection")
    sync_messages.record_message(store, here, "error", None, "Stripe cannot be reached.")
    store.close()
    ended = home.run("sync", "--once")
    assert ended.code == 0
    assert "cannot be reached" not in ended.out
    assert "cannot be reached" in home.run("status").out
