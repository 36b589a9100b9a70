"""The index that finds participants by any part of a text.

SQLite uses an FTS5 table of trigrams that holds no text. It gives candidates, and then the search
checks each row. ``search_state.through`` is the row id up to which participants are indexed. When
one of them changes, a trigger stores the old row in ``search_due``. A writer therefore pays for one
small row, does not wait for the index and does not fail when it is damaged. The search also checks
every participant who is not indexed yet, so its result is always exact.

PostgreSQL uses a pg_trgm index, which the server maintains. Without the extension, participants are
searched one by one.

Neither index is part of the schema. :mod:`app.db.indexes.index_builder` creates them after a first
copy. They hold only what ``participant`` holds and can be dropped at any time.
"""

from __future__ import annotations

import sqlite3
import time

from app.db.errors import DatabaseProblem
from app.db.folded_text import folded_entry, folded_metadata
from app.db.store import Store

VERSION = 2  # of the indexed text. Any other version is rebuilt
TARGET = 0.03  # target seconds per transaction
SMALLEST, LARGEST = 20, 500  # participants per transaction
INDEX = "participant_search"  # PostgreSQL's index
FIELDS = ("name", "email", "stripe_id", "metadata")


def _entry(name: str) -> str:
    return folded_entry(name, postgres=False, table="{p}")


# The texts are folded where they are not ASCII, as the search asks for them. Two extra line ends,
# so that the last two characters of a text begin a trigram too.
_TEXT = (
    f"CASE WHEN NOT {{p}}.deleted THEN coalesce({_entry('name')}, {{p}}.name, '') || char(10)"
    f" || coalesce({_entry('email')}, {{p}}.email, '') || char(10) || {{p}}.stripe_id || char(10)"
    " || CASE WHEN json_valid({p}.metadata) THEN"
    " coalesce((SELECT group_concat(value, char(10))"
    f" FROM json_each({folded_metadata(postgres=False, table='{p}')})), '')"
    " ELSE '' END || char(10) || char(10) END"
)
# The old row, not its text: a trigger may not read JSON where the schema is not trusted.
_NOTED = (
    "INSERT INTO search_due (participant_id, stripe_id, name, email, metadata, deleted, folded)"
    " SELECT old.id, old.stripe_id, old.name, old.email, old.metadata, old.deleted, old.folded"
    " WHERE NOT EXISTS (SELECT 1 FROM search_due WHERE participant_id = old.id);"
)
_IN_INDEX = "old.id <= (SELECT through FROM search_state)"
_CREATE = (
    "CREATE TABLE search_state (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
    " through INTEGER NOT NULL, damaged INTEGER NOT NULL) STRICT",
    "CREATE TABLE search_due (participant_id INTEGER PRIMARY KEY, stripe_id TEXT NOT NULL,"
    " name TEXT, email TEXT, metadata TEXT NOT NULL, deleted INTEGER NOT NULL, folded TEXT)"
    " STRICT",
    "CREATE VIRTUAL TABLE search_text USING fts5"
    " (text, content = '', columnsize = 0, detail = none, tokenize = 'trigram')",
    "CREATE TRIGGER search_changed AFTER UPDATE OF name, email, metadata, deleted ON participant"
    f" WHEN {_IN_INDEX} AND (old.name IS NOT new.name OR old.email IS NOT new.email"
    " OR old.metadata IS NOT new.metadata OR old.deleted IS NOT new.deleted)"
    f" BEGIN {_NOTED} END",
    f"CREATE TRIGGER search_gone AFTER DELETE ON participant WHEN {_IN_INDEX} BEGIN {_NOTED} END",
    f"INSERT INTO search_state (id, version, through, damaged) VALUES (1, {VERSION}, 0, 0)",
)
_DROP = (
    "DROP TRIGGER IF EXISTS search_changed",
    "DROP TRIGGER IF EXISTS search_gone",
    "DROP TABLE IF EXISTS search_state",
    "DROP TABLE IF EXISTS search_due",
)


def ready(store: Store) -> bool:
    """Whether searches can use the index. It need not contain every participant yet."""
    if store.postgres:
        return bool(
            store.rows(
                "SELECT 1 FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
                " WHERE c.relname = ? AND i.indisvalid AND pg_table_is_visible(c.oid)",
                (INDEX,),
            )
        )
    state = _state(store)
    return state is not None and state[0] == VERSION and state[1] > 0 and not state[2]


def missing(store: Store) -> int:
    """About how many participants are missing in SQLite's index, judged by row ids."""
    state = _state(store)
    (last,) = store.row("SELECT coalesce(max(id), 0) FROM participant")
    return int(last - (state[1] if state else 0))


class SearchIndexBuilder:
    """Updates SQLite's index in short transactions, each complete in itself."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._size = SMALLEST

    def step(self) -> bool:
        """Run one transaction and return whether more work remains. Raises DatabaseProblem. Earlier
        work is kept. Another process may do the same at the same time."""
        store = self._store
        state = _state(store)
        if state is None:
            drop(store)  # remove the remains of an old index
            with store.transaction():
                if _state(store) is None:
                    _create(store)
            return True
        if state[0] != VERSION or state[2]:
            drop(store)
            return True
        started = time.perf_counter()
        try:
            with store.transaction():
                more = self._renew() or self._go_on()
        except DatabaseProblem as problem:
            if not is_damage(problem):
                raise
            mark_damaged(store)
            return True
        took = time.perf_counter() - started
        self._size = max(SMALLEST, min(LARGEST, int(self._size * min(1.5, TARGET / took))))
        return more

    def _renew(self) -> bool:
        """Reindex participants that changed since they were indexed."""
        store = self._store
        due = store.rows("SELECT participant_id FROM search_due LIMIT ?", (self._size,))
        if not due:
            return False
        store.execute_many(
            "INSERT INTO search_text (search_text, rowid, text)"
            f" SELECT 'delete', d.participant_id, {_TEXT.format(p='d')} FROM search_due d"
            " WHERE d.participant_id = ? AND NOT d.deleted",
            due,
        )
        store.execute_many(
            "INSERT INTO search_text (rowid, text)"
            f" SELECT p.id, {_TEXT.format(p='p')} FROM participant p"
            " WHERE p.id = ? AND NOT p.deleted",
            due,
        )
        gone = "DELETE FROM search_due WHERE participant_id = ?"
        store.execute_many(gone, due)
        return True

    def _go_on(self) -> bool:
        """Index participants that are not in the index yet."""
        store = self._store
        (through,) = store.row("SELECT through FROM search_state")
        (last, number) = store.row(
            "SELECT max(id), count(*) FROM ("
            "SELECT id FROM participant WHERE id > ? ORDER BY id LIMIT ?) x",
            (through, self._size),
        )
        if number:
            store.execute(
                "INSERT INTO search_text (rowid, text)"
                f" SELECT p.id, {_TEXT.format(p='p')} FROM participant p"
                " WHERE p.id > ? AND p.id <= ? AND NOT p.deleted",
                (through, last),
            )
            store.execute("UPDATE search_state SET through = ?", (last,))
        return bool(number == self._size)


def remove_old_values(store: Store) -> None:
    """Remove every old value of changed participants from SQLite's index."""
    if not ready(store):
        drop(store)
        return
    builder = SearchIndexBuilder(store)
    while ready(store) and store.rows("SELECT 1 FROM search_due LIMIT 1"):
        builder.step()


def build_postgres(store: Store) -> bool:
    """Build PostgreSQL's index without blocking others, and return whether it exists. It cannot be
    built if the user may not create pg_trgm."""
    try:
        store.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseProblem:
        return False
    store.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # left by a killed build
    columns = ", ".join(f"lower({field}) gin_trgm_ops" for field in FIELDS)
    columns += ", folded gin_trgm_ops"
    store.execute(f"CREATE INDEX CONCURRENTLY {INDEX} ON participant USING gin ({columns})")
    return True


def drop(store: Store) -> None:
    """Drop the index until it is built again. The triggers go first, so that writes work whatever
    is wrong with the rest."""
    with store.transaction():
        for statement in _DROP:
            store.execute(statement)
    try:
        with store.transaction():
            store.execute("DROP TABLE IF EXISTS search_text")
    except DatabaseProblem:  # too damaged for SQLite to open it as an FTS5 table
        _drop_by_force(store)


def mark_damaged(store: Store) -> None:
    """Request a rebuild of the index. Searches do not use it until then."""
    with store.transaction():
        store.execute("UPDATE search_state SET damaged = 1")


def is_damage(problem: DatabaseProblem) -> bool:
    """Whether the search index is damaged, rather than the database."""
    codes: set[int] = set()
    one: BaseException | None = problem
    while one is not None:
        codes.add(getattr(one, "sqlite_errorcode", sqlite3.SQLITE_OK))
        one = one.__cause__ or one.__context__
    # Our statements never vary, so if SQLite calls one wrong, a part of the index is missing. A
    # full disk and similar failures have their own codes.
    wrong = codes - {sqlite3.SQLITE_OK} == {sqlite3.SQLITE_ERROR}
    return wrong or sqlite3.SQLITE_CORRUPT_VTAB in codes


def _create(store: Store) -> None:
    for statement in _CREATE:
        store.execute(statement)


def _drop_by_force(store: Store) -> None:
    store.rows("PRAGMA writable_schema = on")
    try:
        with store.transaction():
            store.execute("DELETE FROM sqlite_master WHERE name = 'search_text'")
    finally:
        store.rows("PRAGMA writable_schema = reset")
    with store.transaction():
        for part in ("data", "idx", "content", "docsize", "config"):
            store.execute(f"DROP TABLE IF EXISTS search_text_{part}")


def _state(store: Store) -> tuple[int, int, bool] | None:
    """(version, through, damaged) of SQLite's index. None when there is no index."""
    tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('search_state', 'search_text')"
    if store.row(tables)[0] < 2:
        return None
    rows = store.rows("SELECT version, through, damaged FROM search_state")
    return (rows[0][0], rows[0][1], bool(rows[0][2])) if rows else (0, 0, True)
