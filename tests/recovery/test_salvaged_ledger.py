"""What the ledger knows completes a salvaged database, and shows which of its rows are damaged."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_sqlite
from app.recovery.salvage import rescue
from tests.helpers.damage import Truth


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ("SELECT 1", 0),
        ("UPDATE ledger SET after = 'handed_over' WHERE number = 12", 1),  # it said queued
        ("UPDATE study SET subject = 'Win a prize'", 1),
        ("UPDATE invite SET state = 'completed' WHERE id IN (2, 3)", 2),
        ("UPDATE invite SET address = 'other@example.com' WHERE id = 4", 1),
        ("INSERT INTO opt_out (mailbox, kind, at, \"by\") VALUES ('made-up', 'bounced', 1, '')", 1),
        ("UPDATE planned SET mailbox = 'another' WHERE participant_id = 5", 1),  # of one plan
    ],
)
def test_rows_that_do_not_match_the_ledger_are_counted_and_kept(
    truth: Truth, tmp_path: Path, change: str, number: int
) -> None:
    file, into = tmp_path / "changed.db", tmp_path / "new.db"
    file.write_bytes(truth.content)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(change)
    report = rescue(file, into)
    assert report.mismatched == number
    assert report.whole == (number == 0)
    assert all(not one.unreadable for one in report.tables.values())
    assert truth.rows_of(into)["invite"] == truth.rows_of(file)["invite"]
    assert len(truth.rows_of(into)["ledger"]) == len(truth.rows_of(file)["ledger"])


def test_an_invite_that_left_is_not_queued_again(truth: Truth, tmp_path: Path) -> None:
    """Whatever a damaged row says."""
    file, into = tmp_path / "changed.db", tmp_path / "new.db"
    file.write_bytes(truth.content)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("UPDATE invite SET state = 'queued', sent_at = NULL WHERE id IN (2, 3)")
    assert rescue(file, into).mismatched == 2
    store = open_sqlite(into)
    assert (
        store.rows("SELECT state FROM invite WHERE id IN (2, 3) AND sent_at > 0")
        == [("handed_over",)] * 2
    )
    store.close()


def test_a_lost_invite_is_as_the_ledger_tells_whichever_index_is_left(
    truth: Truth, tmp_path: Path
) -> None:
    before = {
        (dict(row)["mailbox"], dict(row)["state"]) for row in truth.intact(truth.content)["invite"]
    }
    indexes = [tree.name for tree in truth.trees if tree.table == "invite" and tree.is_index]
    assert len(indexes) > 3
    for number, left in enumerate(indexes):
        file, into = tmp_path / f"{number}.db", tmp_path / f"{number}.new"
        file.write_bytes(truth.without(truth.of_table("invite") - {left}))
        rescue(file, into)
        after = truth.rows_of(into)["invite"]
        assert {(dict(row)["mailbox"], dict(row)["state"]) for row in after} == before, left


def test_opt_outs_come_from_the_second_copy_or_the_ledger(truth: Truth, tmp_path: Path) -> None:
    before = {dict(row)["mailbox"] for row in truth.intact(truth.content)["opt_out"]}
    for number, lost in enumerate(({"opt_out"}, {"opt_out", "opt_out_copy"})):
        into = tmp_path / f"{number}.db"
        file = tmp_path / f"{number}.broken"
        file.write_bytes(truth.without(lost))
        rescue(file, into)
        after = truth.rows_of(into)["opt_out"]
        assert {dict(row)["mailbox"] for row in after} == before


def test_a_lost_invite_keeps_its_mailbox_from_a_second_email(truth: Truth, tmp_path: Path) -> None:
    before = {dict(row)["mailbox"] for row in truth.intact(truth.content)["invite"]}
    into = tmp_path / "new.db"
    file = tmp_path / "broken.db"
    file.write_bytes(truth.without(truth.of_table("invite")))
    report = rescue(file, into)
    after = truth.rows_of(into)["invite"]
    assert {dict(row)["mailbox"] for row in after} == before
    assert report.tables["invite"].completed == len(before)
    assert report.tables["invite"].saved == 0
