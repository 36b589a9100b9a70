"""Reading, writing, and what a person is told when the database fails."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from app import paths
from app.db.engines.store_factory import open_sqlite, open_store
from app.db.errors import DatabaseProblem
from app.db.rows import Fetched
from app.db.store import Store
from app.settings import Settings
from tests.helpers.rows import connection, names, person, send


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
