"""A database of version 15 is sealed as it is, and what is changed afterwards is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.migration_steps.migration_work import MigrationWork
from app.db.store import Store
from app.invites import contact_lists, ledger, opt_outs, studies
from app.invites.ledger_proof import prove
from app.settings import Settings
from tests.helpers.study_world import BY, account, queued, send, sender, study

NEW = (ledger.REPLY_TIME, "record of ", "opt-out ", ledger.FORMER_KEYS)


def as_version_15(store: Store, here: int) -> None:
    """The ledger without the entries that this version brought."""
    rows = store.rows(
        "SELECT what, study, invite, mailbox, before, after, detail FROM ledger"
        " WHERE connection_id = ? ORDER BY number",
        (here,),
    )
    kept = [row for row in rows if row[0] != ledger.SEAL or not row[5].startswith(NEW)]
    with store.transaction():
        store.execute("DELETE FROM ledger")
        MigrationWork(store.database).append(here, 0, ledger.START, kept)
        store.execute("UPDATE schema_version SET version = 15")


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE invite SET expires_at = expires_at + 86400 WHERE id = 1", "postponed"),
        ("UPDATE run SET state = 'paused'", "changed"),
        ("""UPDATE opt_out SET "by" = 'eve'""", "altered"),
        ("INSERT INTO mailbox_key (id, key) VALUES (3, '00')", "keys_added"),
    ],
)
def test_what_was_stored_before_is_sealed(
    settings: Settings, tmp_path: Path, sql: str, what: str
) -> None:
    store = open_store(settings)
    here = account(store, 4)
    key = study(store, here, expire_days=3)
    queued(store, key, "eml")
    send(sender(store, here, tmp_path))
    studies.change(store, key, BY, expire_days=20)  # what was sent expires as it was said then
    boxes, _ = contact_lists.mailboxes(store, ["someone@example.org"])
    opt_outs.record(store, here, boxes, "opted_out", BY, "by phone")
    store.execute("INSERT INTO mailbox_key (id, key) VALUES (2, '11')")  # of an older version
    as_version_15(store, here)
    store.close()
    store = open_store(settings)
    assert prove(store, here).holds
    store.execute(sql)
    assert getattr(prove(store, here), what)
    store.close()
