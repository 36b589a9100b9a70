"""Opening a database, refusing one, and what a person is told when it fails."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import peewee
import pytest

from app import paths
from app.db import connections
from app.db.engines import postgres, watched_postgres
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.errors import DatabaseAway, DatabaseProblem, sentence
from app.db.rows import Fetched
from app.db.schema import VERSION
from app.db.store import Store
from app.panel.overview import overview
from app.settings import Settings
from tests.conftest import drop_database, frozen
from tests.helpers.rows import connection, names, person, send


def refusal(settings: Settings) -> str:
    """What is said when this database is opened."""
    with pytest.raises(DatabaseProblem) as caught:
        open_store(settings)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_a_new_database_is_empty_and_of_this_version(store: Store) -> None:
    assert overview(store).connection is None
    assert store.rows("SELECT version FROM schema_version") == [(VERSION,)]


def test_opened_again_everything_is_there(settings: Settings) -> None:
    first = open_store(settings)
    here = connection(first)
    send(first, here, Fetched(1, participants=[person("cus_a", name="Ada")]))
    first.close()
    assert names(open_store(settings), here) == {"cus_a": "Ada"}


def test_a_sqlite_file_is_private_and_says_whose_it_is(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    connection(store)
    file = paths.database(sqlite_settings.home)
    assert {one.name for one in file.parent.iterdir()} >= {file.name, f"{file.name}-wal"}
    for one in file.parent.iterdir():
        assert one.stat().st_mode & 0o777 == 0o600, one
    assert file.parent.stat().st_mode & 0o777 == 0o700
    store.close()
    assert file.read_bytes()[68:72] == b"PANL"


def test_a_file_that_others_can_read_is_private_once_it_is_opened(
    sqlite_settings: Settings,
) -> None:
    """As after it was restored from a copy, with what lies beside it."""
    connection(open_store(sqlite_settings))
    file = paths.database(sqlite_settings.home)
    beside = [file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm", ".version-7")]
    beside[-1].touch()
    for one in (file, *beside):
        one.chmod(0o664)
    open_store(sqlite_settings).close()
    assert {one.stat().st_mode & 0o777 for one in (file, *beside)} == {0o600}


@pytest.fixture
def locked_away(sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A database on a volume where nothing can be written, also not by root."""
    store = open_store(sqlite_settings)
    send(store, connection(store), Fetched(1, participants=[person("cus_a", name="Ada")]))
    store.close()
    folder = sqlite_settings.home
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert [one.name for one in folder.iterdir()] == ["panelist.db"]
    return sqlite_settings


def test_a_database_that_cannot_be_written_is_read(locked_away: Settings) -> None:
    before = paths.database(locked_away.home).read_bytes()
    store = open_store(locked_away)
    view = overview(store)
    assert view.connection
    assert names(store, view.connection.id) == {"cus_a": "Ada"}
    with pytest.raises(DatabaseProblem, match="cannot be written"):
        connection(store)
    store.close()
    assert [one.name for one in locked_away.home.iterdir()] == ["panelist.db"]
    assert paths.database(locked_away.home).read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE schema_version SET version = version - 1", "by an earlier Panelist"),
        ("DROP TABLE schema_version", "no Panelist tables"),
    ],
)
def test_a_read_only_database_that_would_need_a_change_is_refused(
    locked_away: Settings, change: str, words: str
) -> None:
    with closing(sqlite3.connect(paths.database(locked_away.home), isolation_level=None)) as other:
        other.execute(change)
    assert words in refusal(locked_away)


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_postgresql_that_cannot_be_written_is_read(settings: Settings) -> None:
    """As a standby."""
    store = open_store(settings)
    connection(store)
    store.close()
    assert settings.database_url
    url = f"{settings.database_url}&options=-c%20default_transaction_read_only=on"
    standby = open_store(replace(settings, database_url=url))
    assert overview(standby).connection
    with pytest.raises(DatabaseProblem, match="is read-only"):
        connection(standby)
    standby.close()


def test_a_file_that_goes_away_takes_nothing_until_it_is_back(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    here = connection(store)
    file, away = paths.database(sqlite_settings.home), sqlite_settings.home / "away"
    store.close()
    assert store.rows("SELECT count(*) FROM connection") == [(1,)]
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").rename(f"{away}{suffix}")
    for _ in range(2):
        with pytest.raises(DatabaseProblem, match="is missing"):
            send(store, here, Fetched(1, participants=[person("cus_a")]))
    assert not file.exists()
    away.rename(file)
    send(store, here, Fetched(1, participants=[person("cus_a")]))
    assert names(store, here) == {"cus_a": "cus_a"}
    store.close()
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT count(*) FROM participant").fetchone() == (1,)


def test_a_file_that_takes_its_place_is_used_only_if_it_fits(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    store = open_store(sqlite_settings)
    here = connection(store)
    file = paths.database(sqlite_settings.home)
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    (tmp_path / "copy").write_bytes(file.read_bytes())
    send(store, here, Fetched(1, participants=[person("cus_a")]))
    for journal in ("-wal", "-shm"):
        Path(f"{file}{journal}").unlink()
    os.replace(tmp_path / "copy", file)
    assert names(store, here) == {}
    store.close()
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    os.replace(tmp_path / "other", file)
    with pytest.raises(DatabaseProblem, match="was replaced by another file"):
        names(store, here)
    store.close()


def test_a_newer_database_is_refused_and_left_as_it_is(settings: Settings) -> None:
    store = open_store(settings)
    with store.transaction():
        store.execute("UPDATE schema_version SET version = ?", (VERSION + 7,))
    store.close()
    file = paths.database(settings.home)
    before = file.read_bytes() if not store.postgres else b""
    text = refusal(settings)
    assert "newer Panelist" in text
    assert str(VERSION + 7) in text
    assert (file.read_bytes() if not store.postgres else b"") == before
    assert store.rows("SELECT version FROM schema_version") == [(VERSION + 7,)]


def test_a_damaged_file_is_refused_and_left_as_it_is(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    here = connection(store)
    send(store, here, Fetched(1, participants=[person(f"cus_{n}") for n in range(500)]))
    store.close()
    file = paths.database(sqlite_settings.home)
    content = bytearray(file.read_bytes())
    content[20_000:40_000] = b"\xa5" * 20_000
    file.write_bytes(content)
    assert "damaged" in refusal(sqlite_settings)
    assert file.read_bytes() == bytes(content)


@pytest.mark.parametrize(
    "content", [b"Dear diary, " * 500, b"\0" * 4_096, b"SQLite format 3\0short"]
)
def test_garbage_is_refused_and_left_as_it_is(sqlite_settings: Settings, content: bytes) -> None:
    file = paths.database(sqlite_settings.home)
    file.parent.mkdir()
    file.write_bytes(content)
    assert str(file) in refusal(sqlite_settings)
    assert file.read_bytes() == content


def test_another_programs_database_is_refused_and_keeps_its_tables(
    sqlite_settings: Settings,
) -> None:
    file = paths.database(sqlite_settings.home)
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
        other.execute("INSERT INTO recipes VALUES ('soup')")
        other.commit()
    assert "belongs to another program" in refusal(sqlite_settings)
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
        assert other.execute("SELECT name FROM recipes").fetchall() == [("soup",)]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    text = refusal(Settings(home=tmp_path / "file" / "home"))
    assert "cannot be written" in text
    assert "PANELIST_HOME" in text


OPEN = """
import sys
from pathlib import Path
from app.db.engines.store_factory import open_store
from app.settings import Settings
from app.db.schema import VERSION
print("ready", flush=True)
sys.stdin.readline()
store = open_store(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2]))
print(len(store.rows("SELECT version FROM schema_version")))
"""


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_two_first_starts_on_one_postgresql_at_once(settings: Settings) -> None:
    """One creates the tables, the other waits and finds them."""
    assert settings.database_url
    command = [sys.executable, "-c", OPEN, str(settings.home), settings.database_url]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in both:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [one.communicate()[0] for one in both] == ["1\n", "1\n"]


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_two_that_connect_one_account_at_once(store: Store, settings: Settings) -> None:
    """The second waits for the first and finds its connection."""
    given = (store, "stripe", "acct_both", False, None, "restricted_key")
    found: list[int] = []

    def second() -> None:
        found.append(connections.record(*given))
        store.close()

    thread = threading.Thread(target=second)
    other = open_store(settings)
    with other.transaction():
        first = connections.record(other, *given[1:])
        thread.start()
        while not other.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
            pass
    thread.join()
    assert found == [first]
    other.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://localhost/panel", "postgresql://user"),
        ("postgresql://localhost", "postgresql://user"),
        ("postgresql://ada:hunter2secret@127.0.0.1:1/panel", "Check that the server runs"),
        ("postgresql://ada:hunter2secret@127.0.0.1:1/panel", "Connection refused"),
        ("postgresql://ada:hunter2secret@127.0.0.1:1/panel?pgbouncer=true", '"pgbouncer"'),
        ("postgresql://ada:hunter2secret@127.0.0.1:1/panel?sslmode=maybe", '"maybe"'),
        ("postgresql://app:p@ss/hunter2secret#1@127.0.0.1:1/panel", "Percent-encode the special"),
        ("postgresql://app:p#hunter2secret@127.0.0.1:1/panel", "Percent-encode the special"),
        ("postgresql://app:hunter2secret/2026!x@127.0.0.1:1/panel", "/ is %2F"),
        ("postgresql://app:12/hunter2secret@127.0.0.1:1/panel", "Percent-encode the special"),
        ("postgresql://app:p?hunter2secret@127.0.0.1:1/panel", "Percent-encode the special"),
    ],
)
def test_a_postgresql_that_cannot_be_used_is_named_without_the_password(
    tmp_path: Path, url: str, words: str
) -> None:
    text = refusal(Settings(home=tmp_path, database_url=url))
    assert words in text
    assert "hunter2secret" not in text


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_postgresql_database_that_is_not_there(settings: Settings) -> None:
    assert settings.database_url
    nowhere = settings.database_url.replace("/panelist_", "/nowhere_")
    assert "does not exist" in refusal(replace(settings, database_url=nowhere))


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_login_that_postgresql_refuses_is_quoted(settings: Settings) -> None:
    assert settings.database_url
    nobody = settings.database_url.replace("postgres:@", "nobody_here:@")
    said = refusal(replace(settings, database_url=nobody))
    assert "refuses the login" in said
    assert 'role "nobody_here" does not exist' in said


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_postgresql_that_cannot_store_every_name_is_refused(
    settings: Settings, encoding: str
) -> None:
    import psycopg

    url = settings.database_url
    assert url
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(
            f"CREATE DATABASE odd_{encoding} TEMPLATE template0 ENCODING '{encoding}'"
            " LC_COLLATE 'C' LC_CTYPE 'C'".encode()
        )
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    odd = url.replace(f"/{name}?", f"/odd_{encoding.lower()}?")
    said = refusal(replace(settings, database_url=odd))
    assert f"stores text as {encoding}" in said
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(f"DROP DATABASE odd_{encoding} WITH (FORCE)".encode())


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_missing_right_is_named(settings: Settings) -> None:
    import psycopg

    assert settings.database_url
    with psycopg.connect(settings.database_url, autocommit=True) as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")
        session.execute("DROP ROLE IF EXISTS guest")
        session.execute("CREATE ROLE guest LOGIN")
        session.execute("GRANT USAGE ON SCHEMA public TO guest")
    guest = settings.database_url.replace("postgres:@", "guest:@")
    said = refusal(replace(settings, database_url=guest))
    assert "permission denied for schema public" in said
    assert "GRANT ALL ON SCHEMA public" in said


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("study (x int)", "contains tables of another program"),
        ("schema_version (rank int, version text)", "that is not Panelist's"),
        ("schema_version (version int)", "that is not Panelist's"),
        ("schema_version (something text)", "that is not Panelist's"),
    ],
)
def test_tables_of_another_program_are_left_alone(
    settings: Settings, table: str, words: str
) -> None:
    import psycopg

    assert settings.database_url
    with psycopg.connect(settings.database_url, autocommit=True) as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")
        session.execute(f"CREATE TABLE {table}".encode())
        assert words in refusal(settings)
        found = session.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert found.fetchone() == (1,)


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_schema_of_its_own_beside_another_program(settings: Settings) -> None:
    import psycopg

    assert settings.database_url
    with psycopg.connect(settings.database_url, autocommit=True) as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")
        session.execute("CREATE TABLE public.study (x int)")
        session.execute("CREATE SCHEMA panel")
    url = f"{settings.database_url}&options=-csearch_path%3Dpanel"
    for count in range(2):
        store = open_store(replace(settings, database_url=url))
        assert len(store.rows("SELECT 1 FROM connection")) == count
        connection(store)
        store.close()


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_frozen_postgresql_is_given_up_and_taken_up_again(
    store: Store, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still has our connections, and takes new ones that it never answers."""
    monkeypatch.setattr(watched_postgres, "SILENCE", 0.2)
    here = connection(store)
    with frozen(request.getfixturevalue("postgres")):
        for words in ("no answer in time", "no longer responds"):
            with pytest.raises(DatabaseAway, match=words):
                overview(store)
    while True:
        with contextlib.suppress(DatabaseAway):
            send(store, here, Fetched(1, participants=[person("cus_a")]))
            break
    assert names(store, here) == {"cus_a": "cus_a"}


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_slow_statement_is_no_silence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_postgres, "SILENCE", 0.05)
    assert store.rows("SELECT 1 FROM pg_sleep(0.5)") == [(1,)]


def test_a_value_never_shows_in_what_the_database_says(store: Store) -> None:
    here = connection(store)
    with pytest.raises(DatabaseProblem) as caught, store.transaction():
        store.execute("UPDATE connection SET id = ? WHERE id = ?", ("ada@example.com", here))
    assert "ada" not in str(caught.value)


def test_text_that_is_not_utf_8_is_shown_and_ends_nothing(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a", name="Ada")]))
    with store.transaction():
        store.execute("UPDATE participant SET name = CAST(x'41ff42' AS TEXT)")
    assert store.rows("SELECT name FROM participant") == [("A\ufffdB",)]
    store.close()


@pytest.mark.parametrize("state", ["XX001", "XX002"])
def test_a_damaged_postgresql_is_one_sentence_with_its_cure(state: str) -> None:
    import psycopg

    error = psycopg.errors.lookup(state)("invalid page in block 3 of relation base/1/2")
    said = sentence(error, "PostgreSQL database 'panel'") or ""
    assert "is damaged" in said
    assert "panelist restore" in said


@pytest.mark.parametrize("end", [0.3, 0.7])
def test_a_truncated_file_is_one_sentence_that_names_the_salvage(
    sqlite_settings: Settings, end: float
) -> None:
    open_store(sqlite_settings).close()
    file = sqlite_settings.home / "panelist.db"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * end)])
    with pytest.raises(DatabaseProblem) as caught:
        open_store(sqlite_settings)
    assert "is damaged" in str(caught.value)
    assert f"panelist salvage {file}" in str(caught.value)


@pytest.mark.parametrize(
    "values", [[], ["a"], ["a", "it's", '"', "%s", "?", "é\u2028", "\\"], [1], [1, 2**62]]
)
def test_among_finds_exactly_the_values(store: Store, values: list[Any]) -> None:
    numbers = values and isinstance(values[0], int)
    column, more = ("created", [3, 4]) if numbers else ("name", ["b", "A", "its"])
    here = connection(store)
    rows = [person(f"cus_{n}", **{column: value}) for n, value in enumerate(values + more)]
    send(store, here, Fetched(1, participants=rows))
    found = store.rows(
        f"SELECT {column} FROM participant WHERE {store.among(column)}", (store.values(values),)
    )
    assert sorted(value for (value,) in found) == sorted(values)


def test_percent_and_question_marks_mean_the_same_everywhere(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a", name="100% sure?")]))
    assert store.rows("SELECT name FROM participant WHERE name LIKE '%0% %' AND id > ?", (0,)) == [
        ("100% sure?",)
    ]


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    here = connection(store)

    def change_and_fail() -> None:
        with store.transaction():
            store.execute("UPDATE connection SET account_name = 'half' WHERE id = ?", (here,))
            with store.transaction():
                store.execute("UPDATE connection SET method = 'half' WHERE id = ?", (here,))
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        change_and_fail()
    assert store.rows("SELECT account_name, method FROM connection") == [("Test", "restricted_key")]


def test_threads_write_one_after_the_other(store: Store) -> None:
    here = connection(store)

    def add() -> None:
        for _ in range(10):
            with store.transaction():
                (seen,) = store.row("SELECT request_seq FROM connection WHERE id = ?", (here,))
                store.execute(
                    "UPDATE connection SET request_seq = ? WHERE id = ?", (seen + 1, here)
                )
        store.close()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert store.row("SELECT request_seq FROM connection WHERE id = ?", (here,)) == (40,)


def test_a_full_disk_is_said_and_nothing_is_lost(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a")]))
    (pages,) = store.row("PRAGMA page_count")
    store.rows(f"PRAGMA max_page_count = {pages + 2}")
    many = Fetched(2, participants=[person(f"cus_{n}", name="x" * 400) for n in range(500)])
    with pytest.raises(DatabaseProblem, match="The disk is full"):
        send(store, here, many)
    assert names(store, here) == {"cus_a": "cus_a"}
    store.rows("PRAGMA max_page_count = 100000")
    send(store, here, many)
    assert len(names(store, here)) == 501


def test_a_read_only_file_is_said(sqlite_settings: Settings) -> None:
    connection(open_store(sqlite_settings))
    file = paths.database(sqlite_settings.home)
    with pytest.raises(DatabaseProblem, match="cannot be written"):
        connection(Store(peewee.SqliteDatabase(f"file:{file}?mode=ro", uri=True), str(file)))


_ALONE = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)  # SQLite's SHARED_FIRST
"""


def test_a_second_opening_keeps_the_locks_of_the_first(sqlite_settings: Settings) -> None:
    file = paths.database(sqlite_settings.home)
    first = open_store(sqlite_settings)
    connection(first)
    open_sqlite(file).close()
    alone = [sys.executable, "-S", "-c", _ALONE, str(file)]
    found = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert "BlockingIOError" in found.stderr, "another process takes the file for unused"
    first.close()
    assert subprocess.run(alone, check=False).returncode == 0


def test_a_file_behind_a_link_is_private_from_its_first_byte(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/panelist.db").symlink_to(tmp_path / "elsewhere.db")
    open_sqlite(tmp_path / "home/panelist.db").close()
    assert (tmp_path / "elsewhere.db").stat().st_mode & 0o777 == 0o600


def test_a_database_that_another_program_holds_is_said(sqlite_settings: Settings) -> None:
    store = open_sqlite(paths.database(sqlite_settings.home))
    here = connection(store)
    store.rows("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(store.where, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseProblem, match="in use by another program"):
            send(store, here, Fetched(1, participants=[person("cus_a")]))
        assert names(store, here) == {}, "reading goes on"
        other.execute("ROLLBACK")
    send(store, here, Fetched(1, participants=[person("cus_a")]))
    assert names(store, here) == {"cus_a": "cus_a"}


def test_a_long_statement_is_ended_from_outside(store: Store) -> None:
    """And rolled back; the next one works."""
    here = connection(store)
    begun, told = threading.Event(), queue.SimpleQueue[Callable[[], None] | str]()

    def work() -> None:
        told.put(store.interrupter())
        try:
            with store.transaction():
                send(store, here, Fetched(1, participants=[person("cus_a")]))
                begun.set()
                store.rows(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                    " WHERE i < 1000000000) SELECT count(*) FROM n"
                )
        except DatabaseProblem as problem:
            told.put(str(problem))
        store.close()

    thread = threading.Thread(target=work)
    thread.start()
    interrupt = told.get()
    assert callable(interrupt)
    begun.wait()
    while thread.is_alive():
        interrupt()
        thread.join(0.05)
    assert told.get()
    assert store.rows("SELECT * FROM participant") == []
    send(store, here, Fetched(2, participants=[person("cus_a")]))


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_postgresql_that_is_gone_is_a_sentence_for_every_thread(
    settings: Settings, request: pytest.FixtureRequest
) -> None:
    """The threads in the background retry after a sentence, and would die of anything else."""
    store = open_store(settings)
    store.close()
    assert settings.database_url
    drop_database(request.getfixturevalue("postgres"), settings.database_url)
    for use in (store.interrupter, lambda: store.rows("SELECT 1"), lambda: overview(store)):
        with pytest.raises(DatabaseProblem):
            use()


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_database_administrator_sees_who_is_connected(settings: Settings) -> None:
    store = open_store(settings)
    (name,) = store.row("SELECT current_setting('application_name')")
    assert name.startswith(f"panelist, process {os.getpid()} on ")
    with closing(store.session()) as session:
        assert session.execute("SHOW application_name").fetchone() == (name,)


def test_a_server_that_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.SESSION, "connect_timeout", 2)  # libpq's shortest
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://ada:hunter2secret@127.0.0.1:{silent.getsockname()[1]}/panel"
        said = refusal(Settings(home=tmp_path, database_url=url))
    assert "timeout expired" in said
