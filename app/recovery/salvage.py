"""Salvages a damaged SQLite file: what can be read goes to a new database beside it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.db import connections, membership
from app.db.engines.store_factory import open_sqlite
from app.db.errors import DatabaseProblem
from app.db.new_file import new_file
from app.db.salvage.completion import complete
from app.db.salvage.salvage_file import Row, Salvage, salvage
from app.db.schema.creation import TABLES
from app.db.store import Store
from app.invites.mail.addresses import hasher
from app.invites.mail.template import Template
from app.invites.plan.options import Options
from app.invites.rules import Rules
from app.problems import Problem
from app.recovery.ledger_replay import replay
from app.recovery.seal_check import mismatched

# What no one misses: it is made by every start, or again by the next sync.
UNCOUNTED = {"schema_version", "syncer", "window", "hint", "seen_event", "step"}


@dataclass
class TableReport:
    """``saved``: rows as they were. ``completed``: rows that are known in part, from an index or
    from the ledger. ``unreadable``: rows that are known to have been there and are not whole.
    There may be more where an index is damaged too."""

    saved: int = 0
    completed: int = 0
    unreadable: int = 0


@dataclass
class SalvageReport:
    """``pages``: of the file. ``lost_pages``: those that could not be read or were damaged so far
    that they belong to nothing. ``log_damaged``: whether the last changes are missing.
    ``key_lost``: whether the key that recognises mailboxes is lost, and with it what opt-outs
    mean. ``mismatched``: rows that are not what the ledger recorded (:mod:`.seal_check`)."""

    file: str
    pages: int = 0
    lost_pages: int = 0
    log_damaged: bool = False
    key_lost: bool = False
    mismatched: int = 0
    tables: dict[str, TableReport] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing is known to be missing."""
        complete = all(not one.completed and not one.unreadable for one in self.tables.values())
        lost = self.lost_pages or self.log_damaged or self.key_lost or self.mismatched
        return complete and not lost


def rescue(file: Path, into: Path) -> SalvageReport:
    """Save what is readable of ``file`` in ``into``, which must not exist yet. ``file`` is only
    read. Raises DatabaseProblem, OSError, and Problem if nothing of Panelist's is in it."""
    report = SalvageReport(str(into))
    with new_file(into) as part:
        found = salvage(file, part)
        with closing(sqlite3.connect(part, isolation_level=None)) as database:
            before = _counts(database)
            if not any(count for table, count in before.items() if table != "schema_version"):
                raise Problem(
                    f"No row of a Panelist database can be read in {file}. Nothing was"
                    " changed. Restore a backup with panelist restore."
                )
            complete(database, found, {"plan": _empty_plan()})
        store = open_sqlite(part)
        try:
            _finish(store, found, before, report)
        finally:
            store.close()
    return report


def _finish(store: Store, found: Salvage, before: dict[str, int], report: SalvageReport) -> None:
    """Complete what needs the rules of the panel, and count."""
    report.key_lost = _key_is_lost(store)
    for key, source, account, live, name, method, status in store.rows(
        "SELECT id, source, account, livemode, account_name, method, status FROM connection"
    ):
        report.mismatched += replay(store, key)
        if status != "disconnected":
            connections.record(store, source, account, bool(live), name, method)
        if _lacks_subscriptions(found):
            with store.transaction():
                membership.set_known(store, key, known=False)
        membership.recount(store, key)
    if not report.key_lost:
        report.mismatched += mismatched(store)
    report.pages, report.lost_pages = found.pages, found.lost_pages
    report.log_damaged = found.log_damaged
    for table in (model._meta.table_name for model in TABLES):
        if table not in UNCOUNTED:
            (there,) = store.row(f'SELECT count(*) FROM "{table}"')
            saved = min(there, before.get(table, 0))
            lost = max(len(found.partial.get(table, ())), found.unreadable[table], there - saved)
            report.tables[table] = TableReport(saved, there - saved, lost)


def _key_is_lost(store: Store) -> bool:
    try:
        hasher(store)
    except DatabaseProblem:
        return True
    return False


def _lacks_subscriptions(found: Salvage) -> bool:
    tables = {"subscription", "subscription_item"}
    return bool(found.lost_pages or any(found.partial.get(one) for one in tables))


def _counts(database: sqlite3.Connection) -> dict[str, int]:
    tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        table: database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        for (table,) in tables
    }


def _empty_plan() -> Row:
    """The options and the message of a plan that was lost."""
    terms = {"rules": asdict(Rules()), "delivery": None, "follows_study": False}
    return {
        "options": json.dumps({**json.loads(Options(()).json()), **terms}),
        "letter": Template(*[""] * 9).json(),
    }
