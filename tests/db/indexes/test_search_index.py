"""The index of texts: built in pieces, kept by whoever writes, thrown away without harm."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from app.db.engines.store_factory import open_sqlite
from app.db.errors import DatabaseProblem
from app.db.indexes import index_builder, order_indexes, search_index
from app.db.rows import DeletedObject, Fetched
from app.db.schema import APPLICATION_ID
from app.db.store import Store
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
    index_builder.work(store, lambda _: False)


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
    builder = search_index.SearchIndexBuilder(lite)
    assert builder.step()
    assert builder.step()
    first = search_index.missing(lite)
    assert 0 < first < 300
    assert search_index.ready(lite)
    assert found(lite, here, "name0299") == 1  # not in it yet
    while search_index.SearchIndexBuilder(lite).step():  # each another process
        assert search_index.missing(lite) < first
    assert search_index.missing(lite) == 0
    assert indexed(lite, "nam") == 300


def test_a_first_copy_is_left_alone(store: Store) -> None:
    fill(store)
    for status in ("syncing", "segments_synced"):
        store.execute("UPDATE connection SET status = ?", (status,))
        built(store)
        assert not search_index.ready(store)
        assert order_indexes.ready(store) == set()
    store.execute("UPDATE connection SET status = 'complete'")
    built(store)
    assert search_index.ready(store)
    assert order_indexes.ready(store) == set(order_indexes.COLUMNS)


def test_a_first_copy_that_begins_meanwhile_is_left_alone(lite: Store) -> None:
    fill(lite)
    calls = []

    def rest(_: float) -> bool:
        calls.append(1)
        if len(calls) == 5:
            lite.execute("UPDATE connection SET status = 'syncing'")
        return False

    index_builder.work(lite, rest)
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
    builder = search_index.SearchIndexBuilder(lite)
    builder.step()
    builder.step()
    before = search_index.missing(lite)
    execute = Store.execute

    def fails(self: Store, sql: str, parameters: tuple[object, ...] = ()) -> int:
        if "UPDATE search_state SET through" in sql:
            raise DatabaseProblem("killed")
        return execute(self, sql, parameters)

    monkeypatch.setattr(Store, "execute", fails)
    with pytest.raises(DatabaseProblem):
        builder.step()
    monkeypatch.undo()
    assert search_index.missing(lite) == before
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
    assert search_index.ready(lite)
    assert search_index.missing(lite) == 0
    send(lite, here, Fetched(5, participants=[person("cus_0003", name="Sancho")]))
    built(lite)
    assert indexed(lite, "nch") == 1


def test_dropping_it_keeps_everything_else(lite: Store) -> None:
    here = fill(lite)
    before = lite.rows("SELECT name, sql FROM sqlite_master ORDER BY name")
    search_index.SearchIndexBuilder(lite).step()
    search_index.drop(lite)
    assert lite.rows("SELECT name, sql FROM sqlite_master ORDER BY name") == before
    send(lite, here, Fetched(2, participants=[person("cus_0001", name="Quixote")]))
    assert found(lite, here, "quixote") == 1


def test_an_invalid_index_of_postgres_is_not_used(store: Store) -> None:
    if not store.postgres:
        pytest.skip("SQLite has none")
    fill(store)
    built(store)
    for name in (search_index.INDEX, order_indexes.index("name")):
        store.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = ?::regclass", (name,)
        )
    assert not search_index.ready(store)
    assert "name" not in order_indexes.ready(store)
    built(store)
    assert search_index.ready(store)
    assert "name" in order_indexes.ready(store)


def test_one_builds_at_a_time_on_postgres(store: Store) -> None:
    if not store.postgres:
        pytest.skip("SQLite has one writer at a time")
    fill(store)
    with store.session() as other:
        other.execute("SELECT pg_advisory_lock(%s, 2)", (APPLICATION_ID,))
        built(store)
        assert not search_index.ready(store)
        # A server frees the locks of a closed session a moment later.
        other.execute("SELECT pg_advisory_unlock(%s, 2)", (APPLICATION_ID,))
    built(store)
    assert search_index.ready(store)


def test_the_thread_does_it_and_stops(store: Store) -> None:
    fill(store)
    done = threading.Event()
    work = index_builder.work

    def told(*given: object) -> None:
        work(*given)  # type: ignore[arg-type]
        done.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_builder, "work", told)
        patch.setattr(index_builder, "LOOK", 0)
        keeper = index_builder.IndexBuilder(store)
        assert done.wait(30)
        done.clear()
        keeper.wake()
        assert done.wait(30)
        keeper.close()
    assert search_index.ready(store)
