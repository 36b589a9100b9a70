"""A PostgreSQL that Panelist opens, refuses, shares, loses and finds again."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.db import connections
from app.db.engines import postgres, watched_postgres
from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseAway, DatabaseProblem, sentence
from app.db.rows import Fetched
from app.db.store import Store
from app.panel.overview import overview
from app.settings import Settings
from tests.conftest import drop_database, frozen
from tests.helpers.refusal import refusal
from tests.helpers.rows import connection, names, person, send


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
        ("postgresql://app:p@ss:w/hunter2secret@127.0.0.1:1/panel", "Percent-encode the special"),
        ("postgresql://app:hunter2secret@127.0.0.1:99999/panel", "The port in"),
        ("postgresql://app:hunter2secret@one:1,two:2/panel", "Name only the primary"),
        ("postgresql://app:hunter2secret@127.0.0.1:1/%00panel", "is not of the form"),
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
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER ROLE many CONNECTION LIMIT 0", "has no connection left"),
        ("ALTER DATABASE {} CONNECTION LIMIT 0", "has no connection left"),
        ("ALTER DATABASE {} ALLOW_CONNECTIONS false", "accepts no connections"),
        ("ALTER ROLE many SET search_path = nowhere", "set search_path to public"),
        ("ALTER ROLE many SET default_transaction_read_only = on", "set PANELIST_DATABASE_URL"),
    ],
)
def test_limits_of_a_database_are_named(settings: Settings, change: str, words: str) -> None:
    import psycopg

    url = settings.database_url
    assert url
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")
        session.execute("DROP ROLE IF EXISTS many")
        session.execute("CREATE ROLE many LOGIN")
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as session:
        session.execute(change.format(name).encode())
    assert words in refusal(replace(settings, database_url=url.replace("postgres:@", "many:@")))


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
        for words in ("no response in time", "no longer responds"):
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


@pytest.mark.parametrize("state", ["XX001", "XX002"])
def test_a_damaged_postgresql_is_one_sentence_with_its_cure(state: str) -> None:
    import psycopg

    error = psycopg.errors.lookup(state)("invalid page in block 3 of relation base/1/2")
    said = sentence(error, "PostgreSQL database 'panel'") or ""
    assert "is damaged" in said
    assert "panelist restore" in said


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
