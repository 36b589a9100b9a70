"""The thread that orders people: the newest wish counts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists import lister as listing
from app.panel.lists.lister import Lister, ListResult
from app.panel.lists.order import Order, ordered, whole
from app.panel.lists.selection import Condition, Selection
from tests.helpers.panel_history import Panel

LONG = 30  # seconds until a test that hangs fails


@pytest.fixture
def told() -> queue.Queue[ListResult]:
    return queue.Queue()


@pytest.fixture
def lister(store: Store, told: queue.Queue[ListResult]) -> Iterator[Lister]:
    made = Lister(store, told.put)
    yield made
    made.close()


def test_a_wish_is_answered(store: Store, lister: Lister, told: queue.Queue[ListResult]) -> None:
    panel = Panel(store, 1)
    for order in (Order(), Order("name", False)):
        wish = lister.ask(Selection(panel.here), order)
        answer = told.get(timeout=LONG)
        assert (answer.wish, answer.complete, answer.problem) == (wish, True, None)
        assert answer.ids == whole(store, Selection(panel.here), order)


def endless(store: Store) -> Condition:
    """A condition that no database meets within a test's time."""
    numbers = (
        "SELECT count(*) FROM generate_series(1, 100000000000) s"
        if store.postgres
        else "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT count(*) FROM n"
    )
    return Condition(f"p.id < ({numbers})")


def test_a_newer_wish_ends_an_older_one(
    store: Store, lister: Lister, told: queue.Queue[ListResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a statement that would never end."""
    panel = Panel(store, 1)
    began = threading.Event()
    rows = Store.rows

    def seen(self: Store, sql: str, parameters: Any = ()) -> Any:
        if "100000000000" in sql or "RECURSIVE" in sql:
            began.set()
        return rows(self, sql, parameters)

    monkeypatch.setattr(Store, "rows", seen)
    lister.ask(Selection(panel.here, None, (endless(store),)), Order("name"))
    assert began.wait(LONG)
    answer = None
    while answer is None:  # one may come before the statement that it is to end
        wish = lister.ask(Selection(panel.here), Order("email"))
        try:
            answer = told.get(timeout=1)
        except queue.Empty:
            continue
    assert (answer.wish, answer.problem) == (wish, None)
    assert told.empty()


def test_closing_ends_what_runs(store: Store) -> None:
    panel = Panel(store, 1)
    told: list[ListResult] = []
    lister = Lister(store, told.append)
    lister.ask(Selection(panel.here, None, (Condition("p.id % 2 = 0"),)), Order("plan"))
    lister.close()
    assert all(one.problem is None for one in told)


def test_a_problem_is_told(store: Store, lister: Lister, told: queue.Queue[ListResult]) -> None:
    panel = Panel(store, 1)
    wish = lister.ask(Selection(panel.here, None, (Condition("p.nothing = 1"),)), Order())
    answer = told.get(timeout=LONG)
    assert (answer.wish, answer.complete) == (wish, False)
    assert isinstance(answer.problem, DatabaseProblem)
    lister.ask(Selection(panel.here), Order())
    assert told.get(timeout=LONG).complete


def test_what_is_dropped_ends_between_two_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement runs when the newer wish comes: nothing of the older one is told."""
    panel = Panel(store, 1)
    told: queue.Queue[ListResult] = queue.Queue()
    lister = Lister(store, told.put)
    wishes: list[int] = []

    def asked_meanwhile(*given: Any, **more: Any) -> Any:
        step = more["step"]

        def stepped() -> None:
            if len(wishes) < 2:
                wishes.append(lister.ask(Selection(panel.here), Order("email")))
            step()

        yield from ordered(*given, **{**more, "step": stepped})

    monkeypatch.setattr(listing, "ordered", asked_meanwhile)
    wishes.append(lister.ask(Selection(panel.here), Order("name")))
    assert told.get(timeout=LONG).wish == wishes[-1]
    lister.close()
    assert told.empty()
