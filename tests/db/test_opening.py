"""Opening a SQLite file, refusing one, and a file that is moved or replaced while it is open."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import peewee
import pytest

from app import paths
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.errors import DatabaseProblem
from app.db.rows import Fetched
from app.db.schema import VERSION
from app.db.store import Store
from app.panel.overview import overview
from app.settings import Settings
from tests.helpers.refusal import refusal
from tests.helpers.rows import connection, names, person, send


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
