"""Makes a whole database of the rows that were saved: rows that only indexes know are completed,
and rows that others refer to get a stand-in that says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from app.db.people import LOST, LOST_ID
from app.db.salvage.definitions import ROWID
from app.db.salvage.records import Value
from app.db.salvage.salvage_file import Row, Salvage, put, references_of

# What refers to a lost row goes with it, as Stripe and the rules bring both again.
_FETCHED_AGAIN = {"member", "subscription_item"}
# Of these, what an index knows is enough for a row. The order is that of their references.
_COMPLETED = (
    "connection",
    "participant",
    "mailbox_key",
    "segment",
    "study",
    "plan",
    "run",
    "invite",
    "opt_out",
    "erasure",
)
_NEWEST = 2**30  # requests to Stripe, or lists of it, that a database has seen at most
_NO_SOURCE = f"{LOST_ID}{{id}}"
_STAND_INS: dict[str, Row] = {
    "connection": {
        "source": "stripe",
        "account": "unknown_{id}",
        "method": "unknown",
        "status": "disconnected",
    },
    "participant": {"stripe_id": _NO_SOURCE, "metadata": "{}", "deleted": 1},
    "study": {"title": "Study {id}, which could not be read", "state": "closed"},
    "run": {
        "kind": "invite",
        "way": "link",
        "state": "stopped",
        "trouble": "It could not be read.",
    },
    "invite": {"token": _NO_SOURCE, "mailbox": _NO_SOURCE, "state": "withdrawn"},
    "segment": {"kind": "builtin"},
    "opt_out": {"by": "panelist salvage"},
    "erasure": {"by": "panelist salvage"},
}


def complete(database: sqlite3.Connection, found: Salvage, stand_ins: Mapping[str, Row]) -> None:
    """Add what is missing.
    ``stand_ins``: more values for rows that were lost, by table."""
    completion = _Completion(database, stand_ins)
    database.execute("BEGIN")
    for table in _COMPLETED:
        for key, row in found.partial.get(table, {}).items():
            if _is_enough(table, row):
                completion.put(table, {**_known(table, row), **_key_row(key, row)})
    for (table,) in database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%REFERENCES%'"
    ).fetchall():
        completion.give_what_is_referred_to(table)
    lost = f"SELECT p.id FROM participant p WHERE {LOST}"
    database.execute(f"DELETE FROM member WHERE participant_id IN ({lost})")  # in no segment
    _resume(database)
    database.execute("COMMIT")


def _is_enough(table: str, row: Row) -> bool:
    """A custom segment is its rule, which no index has."""
    return table != "segment" or str(row.get("key", "own:")).partition(":")[0] != "own"


def _known(table: str, row: Row) -> Row:
    known: Row = {}
    if table == "participant" and "stripe_id" in row:
        known["deleted"] = 0  # as far as it is known: the next sync asks Stripe
    if table == "connection" and "account" in row:
        known["status"] = "pending"
    if table == "segment" and str(row["key"]).startswith("product:"):
        known["kind"] = "product"
    return known


def _key_row(key: tuple[Value, ...], row: Row) -> Row:
    return {ROWID: key[0], **row} if ROWID in row or len(key) == 1 else dict(row)


class _Completion:
    def __init__(self, database: sqlite3.Connection, more: Mapping[str, Row]) -> None:
        self._database, self._more = database, more
        self._unknown: dict[str, Value] = {}

    def put(self, table: str, known: Row) -> None:
        """Insert a row of which only ``known`` is known."""
        identity = known.get(ROWID) or self._next(table)
        row: Row = {}
        values = {**_STAND_INS.get(table, {}), **self._more.get(table, {}), **known}
        references = {column: parent for column, parent, _ in references_of(self._database, table)}
        for _, name, kind, needed, default, place in self._database.execute(
            f'PRAGMA table_info("{table}")'
        ).fetchall():
            if name in values:
                value = values[name]
                row[name] = (
                    value.format(id=identity)
                    if name not in known and isinstance(value, str) and "{id}" in value
                    else value
                )
            elif place and kind == "INTEGER" and ROWID in known:
                continue  # the row id
            elif not needed or default is not None:
                continue
            elif name in references:
                row[name] = self._parent(references[name], known)
            else:
                row[name] = "" if kind == "TEXT" else 0
        if ROWID in known:
            row[ROWID] = known[ROWID]
        put(self._database, table, row)

    def give_what_is_referred_to(self, table: str) -> None:
        """Give each row that was lost, and that a row of this table refers to, a stand-in."""
        run = self._database.execute
        columns = {row[1] for row in run(f'PRAGMA table_info("{table}")')}
        account = ", connection_id" if "connection_id" in columns else ", NULL"
        for column, parent, target in references_of(self._database, table):
            dangling = (
                f'"{column}" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{parent}" p'
                f' WHERE p."{target}" = "{table}"."{column}")'
            )
            if table in _FETCHED_AGAIN:
                run(f'DELETE FROM "{table}" WHERE {dangling}')
                continue
            for value, connection in run(
                f'SELECT "{column}"{account} FROM "{table}" WHERE {dangling} GROUP BY 1'
            ).fetchall():
                owner: Row = {"connection_id": connection} if connection is not None else {}
                if parent == "connection":
                    owner = {}
                self.put(parent, {ROWID: value, **self._fitting(parent, owner)})

    def _fitting(self, table: str, row: Row) -> Row:
        columns = {one[1] for one in self._database.execute(f'PRAGMA table_info("{table}")')}
        return {name: value for name, value in row.items() if name in columns}

    def _parent(self, table: str, known: Row) -> Value:
        """A row to refer to where it is not known which it was: the account, or a stand-in."""
        if table == "connection":
            found = self._database.execute("SELECT min(id) FROM connection").fetchone()[0]
            if found is not None:
                return int(found)
        if table not in self._unknown:
            self._unknown[table] = identity = self._next(table)
            self.put(
                table,
                {
                    ROWID: identity,
                    **self._fitting(
                        table,
                        {
                            name: known[name]
                            for name in ("connection_id", "study_id")
                            if name in known
                        },
                    ),
                },
            )
        return self._unknown[table]

    def _next(self, table: str) -> int:
        """A row id that is not used, or 0 for a table without row ids."""
        try:
            query = f'SELECT coalesce(max(rowid), 0) + 1 FROM "{table}"'
            return int(self._database.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _resume(database: sqlite3.Connection) -> None:
    """Let the next sync list everything again, with requests that are newer than all rows. Once
    more is known of subscriptions, so is who has none."""
    run = database.execute
    fetched = [
        table
        for table in ("participant", "subscription", "product", "price")
        if run("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    ]
    numbers = [(table, column) for table in fetched for column in ("seq", "generation")]
    for table, column in [*numbers, ("connection", "request_seq"), ("connection", "generation")]:
        wrong = f"typeof({column}) <> 'integer' OR {column} NOT BETWEEN 0 AND {_NEWEST}"
        run(f'UPDATE "{table}" SET {column} = 0 WHERE {wrong}')  # than which none is newer
    for column, source in (("request_seq", "seq"), ("generation", "generation")):
        newest = ", ".join(
            f"coalesce((SELECT max({source}) FROM {table} WHERE connection_id = connection.id), 0)"
            for table in fetched
        )
        run(f"UPDATE connection SET {column} = max({column}, {newest})")
    if run("SELECT 1 FROM sqlite_schema WHERE name = 'erasure'").fetchone():
        run(  # who was erased stays so, whatever Stripe says
            "UPDATE participant SET deleted = 1 WHERE seq = 0 AND EXISTS (SELECT 1 FROM erasure e"
            " WHERE e.connection_id = participant.connection_id"
            " AND e.stripe_id = participant.stripe_id AND e.done_at IS NOT NULL)"
        )
    run("UPDATE connection SET settled = -1")
    run("UPDATE connection SET status = 'pending' WHERE status <> 'disconnected'")
    if not run("SELECT 1 FROM syncer").fetchone():
        run("INSERT INTO syncer (turn, who) VALUES (0, '')")
    if run("SELECT 1 FROM sqlite_schema WHERE name = 'ledger_head'").fetchone():
        run(
            "INSERT OR IGNORE INTO ledger_head (connection_id, number, hash)"
            " SELECT connection_id, max(number), hash FROM ledger GROUP BY connection_id"
        )
