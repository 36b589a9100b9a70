"""The ledger can be read: who did what, when and from where."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.rows import Fetched
from app.invites import corrections, lifecycle, opt_outs
from app.invites.erasure import HOURS, perform, request
from app.invites.ledger_log import STRANGER, entry_numbers, ledger_rows
from app.invites.mail.addresses import hasher
from app.paths import Folders
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.command import Home
from tests.helpers.study_world import BY, account, queued, send, sender, study

FIRST = "cus_00000@example.com"


@pytest.fixture
def home(settings: Settings) -> Home:
    """Three people who were invited. One declined by mistake, and one opted out."""
    store = open_store(settings)
    here = account(store, 3)
    queued(store, study(store, here), "eml")
    send(sender(store, here, settings.home))
    study(store, here, "Other")
    lifecycle.mark(store, here, [1], "declined", BY)
    corrections.undo_marks(store, here, [1], BY, "the wrong one")
    opt_outs.record(store, here, [hasher(store).stored("cus_00001@example.com")], "opted_out", BY)
    store.close()
    variables = {"PANELIST_TOKEN_STORE": "plain"}
    if settings.database_url:
        variables["PANELIST_DATABASE_URL"] = settings.database_url
    return Home(settings.home, variables)


def test_who_did_what_and_when(home: Home, settings: Settings) -> None:
    lines = home.run("ledger", "--jsonl").lines
    assert [one["number"] for one in lines] == sorted((o["number"] for o in lines), reverse=True)
    whats = {one["what"] for one in lines}
    assert whats >= {"study", "plan", "run", "invite", "unmarked", "opted-out", "mailbox-key"}
    assert "seal" not in whats  # for proofs
    (plan,) = (one for one in lines if one["what"] == "plan")
    assert (plan["by"], plan["study_title"], len(plan["detail"])) == (BY, "Pricing", 64)
    assert all(one["machine"] for one in lines)
    assert all(bool(one["login"]) == bool(settings.database_url) for one in lines)
    assert not any(one["by"].startswith("process") for one in lines)  # a person sent it
    text = home.run("ledger").out
    assert "mark undone: declined → handed over" in text
    assert "the wrong one" in text
    assert f"invite 1 to {FIRST}" in text


def test_only_of_a_study_or_a_person(home: Home, tmp_path: Path) -> None:
    other = home.run("ledger", "--study", "Other", "--jsonl").lines
    assert {one["what"] for one in other} == {"study", "study-segments"}
    by_id = home.run("ledger", "--person", "cus_00001", "--jsonl").lines
    assert by_id == home.run("ledger", "--person", "CUS_00001@example.com", "--jsonl").lines
    assert {one["what"] for one in by_id} == {"invite", "opted-out"}
    for stranger in ("cus_9", "Ann", "nobody@example.com"):
        unknown = home.run("ledger", "--person", stranger)
        assert (unknown.code, unknown.out) == (2, "")
        assert f"{stranger!r} was not found" in unknown.err
    file = tmp_path / "ledger.csv"
    assert home.run("ledger", "--output", str(file)).code == 0  # its name says that it is a CSV
    lines_read = list(csv.DictReader(io.StringIO(file.read_text())))
    assert {row["what"] for row in lines_read} >= {"plan", "run"}


def test_an_opt_out_names_who_is_known(home: Home, settings: Settings) -> None:
    store = open_store(settings)
    (here,) = store.row("SELECT id FROM connection")
    never_invited = rows.person("cus_new", name="Ada", email="Ada@Example.com")
    rows.send(store, here, Fetched(7, participants=[never_invited]))
    boxes = [hasher(store).stored(box) for box in ("ada@example.com", "stranger@example.com")]
    opt_outs.record(store, here, boxes, "opted_out", BY)
    request(store, here, "cus_00002", BY)
    perform(store, Folders(settings.home, settings.home), int(time.time()) + HOURS * 3_600 + 1)
    store.close()
    said = [line for line in home.run("ledger").out.splitlines() if " opted out" in line]
    assert {line.partition("opted out · ")[2] for line in said} == {
        *("cus_00001@example.com", "Ada@Example.com", STRANGER),
    }
    assert "erased, do not contact · cus_00002" in home.run("ledger").out
    entries = [one for one in home.run("ledger", "--jsonl").lines if one["what"] == "opted-out"]
    assert ("Ada", "cus_new") in {(one["name"], one["stripe_id"]) for one in entries}


@pytest.mark.parametrize(
    "options",
    [
        ("ledger", "--exact"),
        ("ledger", "--study", ""),
        ("ledger", "--json", "--exact"),
        ("invites", "--study", "", "mark", "completed", "file"),
        ("invites", "--exact"),
        ("verify", "--all"),
        ("verify", "--sample", "5"),
    ],
)
def test_what_would_do_nothing_is_refused(home: Home, options: tuple[str, ...]) -> None:
    refused = home.run(*options)
    assert (refused.code, refused.out) == (2, "")
    assert "Nothing was changed." in refused.err


def test_an_erased_person_is_not_named(settings: Settings, home: Home) -> None:
    store = open_store(settings)
    store.execute("UPDATE participant SET name = NULL, email = NULL WHERE stripe_id = 'cus_00000'")
    store.execute("UPDATE invite SET address = NULL WHERE id = 1")
    (here,) = store.row("SELECT id FROM connection")
    found = ledger_rows(store, here, entry_numbers(store, here, person="cus_00000"), {})
    assert {(row.name, row.address) for row in found} == {(None, None)}
    store.close()
