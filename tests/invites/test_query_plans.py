"""Statements over many ids look each of them up by an index, and never read a table for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites import contact_lists, corrections, lifecycle, opt_outs, studies
from app.invites.invite_log import invite_rows
from app.invites.ledger_log import entry_numbers, ledger_rows
from app.invites.plan import plan, sampling
from app.invites.plan.options import Options
from app.invites.sending import outbox
from app.settings import Settings
from tests.conftest import new_database
from tests.helpers.study_world import BY, account, planned, study

# A whole read of a large table, by any of its names in a statement.
WHOLE = re.compile(r"SCAN (invite|ledger|participant|subscription|subscription_item|[ipslw])\b")


@contextmanager
def statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Every statement that runs in between → its plan."""
    plans: dict[str, str] = {}
    real: Callable[..., Any] = store.database.execute_sql

    def execute(sql: str, parameters: object = ()) -> object:
        if sql.split()[0] in ("SELECT", "WITH", "UPDATE", "DELETE"):
            rows = real(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
            plans[sql] = "\n".join(row[3] for row in rows)
        return real(sql, parameters)

    monkeypatch.setattr(store.database, "execute_sql", execute)
    yield plans


def test_many_ids_are_looked_up_on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(Settings(home=tmp_path))
    here = account(store, 40)
    key = study(store, here)
    kept = planned(store, key)
    with statements(store, monkeypatch) as plans:
        outbox.queue(store, kept, "eml", BY, undo=0)
        rows = store.rows("SELECT id, participant_id, token, mailbox FROM invite")
        invites, people, tokens, boxes = (list(column) for column in zip(*rows, strict=True))
        plans.clear()
        invite_rows(store, invites)
        contact_lists.match(store, here, tokens, None)
        contact_lists.mailboxes(store, tokens)
        opt_outs.record(store, here, boxes[:10], "opted_out", BY)
        store.execute("UPDATE invite SET state = 'sent', sent_at = 1")
        lifecycle.mark(store, here, invites, "declined", BY)
        corrections.undo_marks(store, here, invites, BY)
        corrections.withdraw(store, here, invites[:5], BY)
        corrections.lift(store, here, boxes[:10], "opted_out", BY, "a reason")
        for kind in ("plan", "product"):
            sampling.held(store, here, people, kind)
        ledger_rows(store, here, entry_numbers(store, here, study_id=key)[:5], {})
        plan.make(store, studies.get(store, key), Options(("all",)))
    plans = {
        sql: how
        for sql, how in plans.items()
        if not sql.startswith(("SELECT id, participant_id, token", "UPDATE invite SET state = 's"))
    }
    assert len(plans) > 25
    found = {sql: how for sql, how in plans.items() if WHOLE.search(how) and " LIMIT 1" not in sql}
    assert found == {}
    held = [how for sql, how in plans.items() if "CROSS JOIN subscription" in sql]
    assert len(held) == 2
    for how in held:  # from each participant to their subscriptions
        assert how.index("SEARCH p ") < how.index("SEARCH s ") < how.index("SEARCH i ")
    (open_,) = (how for sql, how in plans.items() if "participant_id = ?) AND +study_id" in sql)
    assert "study_id=?" not in open_  # or each would look through all that are open


def test_many_ids_are_looked_up_on_postgresql(postgres: str, prepared: str, tmp_path: Path) -> None:
    """As in a full database: a small one is read whole, unless that is switched off."""
    store = open_store(Settings(home=tmp_path, database_url=new_database(postgres, prepared)))
    here = account(store, 40)
    store.execute("SET enable_seqscan = off")
    for sql, values in (
        (f"SELECT id FROM invite WHERE {store.among('mailbox')}", (["a", "b"],)),
        (f"SELECT mailbox FROM opt_out WHERE {store.among('mailbox')}", (["a", "b"],)),
        (f"SELECT at FROM ledger WHERE {store.among('invite')}", ([1, 2],)),
        (
            f"SELECT id FROM participant WHERE {store.among('connection_id')}"
            f" AND {store.among('stripe_id')}",
            ([here], ["a", "b"]),
        ),
    ):
        how = "\n".join(row[0] for row in store.rows(f"EXPLAIN {sql}", values))
        assert "Index" in how, how
        assert "Seq Scan" not in how, how
    store.close()
