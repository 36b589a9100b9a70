"""The index of texts: built in pieces, kept by whoever writes, thrown away without harm."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from app.db import index_builder as upkeep
from app.db import order_indexes as ordering
from app.db import search_index as searching
from app.db.errors import DatabaseProblem
from app.db.rows import DeletedObject, Fetched
from app.db.store import APPLICATION_ID, Store, open_sqlite
from app.panel.lists.order import whole
from app.panel.lists.search import search
from app.panel.lists.selection import Selection
from app.settings import Settings
from tests.helpers.rows import connection, person, send


@pytest.fixture
def lite(sqlite_settings: Settings) -> Store:
    """SQLite, whose index we keep ourselves."""
    return open_sqlite(sqlite_settings.home / "panelist.db")


def fill(store: Store, number: int = 300) -> int:
    here = connection(store)
    rows = [person(f"cus_{n:04}", name=f"Name{n:04}") for n in range(number)]
    send(store, here, Fetched(1, participants=rows))
    store.execute("UPDATE connection SET status = 'complete'")
    return here


def built(store: Store) -> None:
    upkeep.work(store, lambda _: False)


def indexed(store: Store, gram: str) -> int:
    """How many people the index names for a trigram."""
    asked = "SELECT count(*) FROM search_text WHERE search_text MATCH ?"
    return int(store.row(asked, (f'"{gram}"',))[0])


def found(store: Store, here: int, text: str) -> int:
    condition = search(store, text).condition
    assert condition
    return len(whole(store, Selection(here, None, (condition,))))


def test_it_is_built_in_pieces_and_goes_on_where_it_was(lite: Store) -> None:
    here = fill(lite)
    builder = searching.SearchIndexBuilder(lite)
    assert builder.step()
    assert builder.step()
    first = searching.missing(lite)
    assert 0 < first < 300
    assert searching.ready(lite)
    assert found(lite, here, "name0299") == 1  # not in it yet
    while searching.SearchIndexBuilder(lite).step():  # each another process
        assert searching.missing(lite) < first
    assert searching.missing(lite) == 0
    assert indexed(lite, "nam") == 300


def test_a_first_copy_is_left_alone(store: Store) -> None:
    fill(store)
    for status in ("syncing", "segments_synced"):
        store.execute("UPDATE connection SET status = ?", (status,))
        built(store)
        assert not searching.ready(store)
        assert ordering.ready(store) == set()
    store.execute("UPDATE connection SET status = 'complete'")
    built(store)
    assert searching.ready(store)
    assert ordering.ready(store) == set(ordering.COLUMNS)


def test_a_first_copy_that_begins_meanwhile_is_left_alone(lite: Store) -> None:
    fill(lite)
    calls = []

    def rest(_: float) -> bool:
        calls.append(1)
        if len(calls) == 5:
            lite.execute("UPDATE connection SET status = 'syncing'")
        return False

    upkeep.work(lite, rest)
    assert len(calls) == 5


def test_who_changes_is_out_of_the_index(lite: Store) -> None:
    here = fill(lite)
    built(lite)
    send(lite, here, Fetched(2, participants=[person("cus_0001", name="Quixote")]))
    send(lite, here, Fetched(3, participants=[person("cus_0001", name="Other")]))
    send(lite, here, Fetched(4, gone=[DeletedObject("participant", "cus_0002")]))
    built(lite)
    assert indexed(lite, "qui") == 0
    assert indexed(lite, "oth") == 1
    assert indexed(lite, "nam") == 298
    assert lite.rows("SELECT * FROM search_due") == []


def test_the_last_who_was_indexed_may_change_too(lite: Store) -> None:
    here = fill(lite)
    built(lite)
    (last,) = lite.row("SELECT stripe_id FROM participant ORDER BY id DESC LIMIT 1")
    send(lite, here, Fetched(2, participants=[person(last, name="Quixote")]))
    assert found(lite, here, "quixote") == 1
    built(lite)
    assert indexed(lite, "qui") == 1


def test_what_does_not_change_a_text_costs_nothing(lite: Store) -> None:
    here = fill(lite)
    built(lite)
    rows = [person(f"cus_{n:04}", name=f"Name{n:04}", phone="+1") for n in range(300)]
    send(lite, here, Fetched(2, participants=rows))
    assert lite.rows("SELECT * FROM search_due") == []


def test_newcomers_cost_nothing_until_they_are_indexed(lite: Store) -> None:
    here = fill(lite)
    built(lite)
    send(lite, here, Fetched(2, participants=[person("cus_new", name="Newcomer")]))
    assert lite.rows("SELECT * FROM search_due") == []
    assert found(lite, here, "newcomer") == 1
    built(lite)
    assert indexed(lite, "ewc") == 1


def test_a_failed_piece_leaves_nothing_behind(lite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    here = fill(lite)
    builder = searching.SearchIndexBuilder(lite)
    builder.step()
    builder.step()
    before = searching.missing(lite)
    execute = Store.execute

    def fails(self: Store, sql: str, parameters: tuple[object, ...] = ()) -> int:
        if "UPDATE search_state SET through" in sql:
            raise DatabaseProblem("killed")
        return execute(self, sql, parameters)

    monkeypatch.setattr(Store, "execute", fails)
    with pytest.raises(DatabaseProblem):
        builder.step()
    monkeypatch.undo()
    assert searching.missing(lite) == before
    built(lite)
    assert indexed(lite, "nam") == 300
    assert found(lite, here, "name0042") == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE search_text_data SET block = x'00ff00ff00ff'",
        "DELETE FROM search_text_data",
        "DROP TABLE search_text_data",
        "DROP TABLE search_text_config",
        "DROP TABLE search_text_idx",
        "DROP TABLE search_text",
        "DROP TABLE search_state",
        "DELETE FROM search_state",
        "UPDATE search_state SET version = 0",
    ],
)
def test_a_damaged_index_is_built_anew(lite: Store, damage: str) -> None:
    """A search meets it, or the next piece does; whoever writes may not notice."""
    here = fill(lite)
    built(lite)
    with sqlite3.connect(lite.where) as other:
        if "search_text_" in damage:
            other.execute("PRAGMA writable_schema = on")
        other.execute(damage)
    other.close()
    lite.close()
    if "search_state" not in damage:
        send(lite, here, Fetched(2, participants=[person("cus_0001", name="Quixote")]))
    built(lite)
    assert found(lite, here, "name00") == 100 - ("search_state" not in damage)
    built(lite)
    assert found(lite, here, "name00") == 100 - ("search_state" not in damage)
    assert searching.ready(lite)
    assert searching.missing(lite) == 0
    send(lite, here, Fetched(5, participants=[person("cus_0003", name="Sancho")]))
    built(lite)
    assert indexed(lite, "nch") == 1


def test_dropping_it_keeps_everything_else(lite: Store) -> None:
    here = fill(lite)
    before = lite.rows("SELECT name, sql FROM sqlite_master ORDER BY name")
    searching.SearchIndexBuilder(lite).step()
    searching.drop(lite)
    assert lite.rows("SELECT name, sql FROM sqlite_master ORDER BY name") == before
    send(lite, here, Fetched(2, participants=[person("cus_0001", name="Quixote")]))
    assert found(lite, here, "quixote") == 1


def test_an_invalid_index_of_postgres_is_not_used(store: Store) -> None:
    if not store.postgres:
        pytest.skip("SQLite has none")
    fill(store)
    built(store)
    for name in (searching.INDEX, ordering.index("name")):
        store.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = ?::regclass", (name,)
        )
    assert not searching.ready(store)
    assert "name" not in ordering.ready(store)
    built(store)
    assert searching.ready(store)
    assert "name" in ordering.ready(store)


def test_one_builds_at_a_time_on_postgres(store: Store) -> None:
    if not store.postgres:
        pytest.skip("SQLite has one writer at a time")
    fill(store)
    with store.session() as other:
        other.execute("SELECT pg_advisory_lock(%s, 2)", (APPLICATION_ID,))
        built(store)
        assert not searching.ready(store)
        # A server frees the locks of a closed session a moment later.
        other.execute("SELECT pg_advisory_unlock(%s, 2)", (APPLICATION_ID,))
    built(store)
    assert searching.ready(store)


def test_the_thread_does_it_and_stops(store: Store) -> None:
    fill(store)
    done = threading.Event()
    work = upkeep.work

    def told(*given: object) -> None:
        work(*given)  # type: ignore[arg-type]
        done.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "work", told)
        patch.setattr(upkeep, "LOOK", 0)
        keeper = upkeep.IndexBuilder(store)
        assert done.wait(30)
        done.clear()
        keeper.wake()
        assert done.wait(30)
        keeper.close()
    assert searching.ready(store)
