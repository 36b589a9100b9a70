"""The ledger can be read: who did what, when and from where."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.invites import corrections, lifecycle, opt_outs
from app.invites.ledger_log import entry_numbers, ledger_rows
from app.invites.mail.addresses import hasher
from app.settings import Settings
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
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert {row["what"] for row in rows} >= {"plan", "run"}


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
    found = ledger_rows(store, here, entry_numbers(store, here, person="cus_00000"))
    assert {(row.name, row.address) for row in found} == {(None, None)}
    store.close()
