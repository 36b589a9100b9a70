"""Lists of people: in which order they come, in parts and all at once."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from app.db.indexes import order_indexes
from app.db.store import Store
from app.panel.lists import order as lists
from app.panel.lists import order_by_rank, selection
from app.panel.lists.order import COLUMNS, Order, ordered, place_of, whole
from app.panel.lists.rows import PersonRow, rows
from app.panel.lists.selection import Condition, Selection
from app.panel.segments.views import segments
from tests.helpers.panel_history import FIRST, Panel, build_orders
from tests.helpers.rows import connection, members

THEIRS = "participant_id IN (SELECT id FROM participant WHERE connection_id = ?)"
STATUS_ORDER = ("active", "trialing", "past due", "", "canceled", "never subscribed")


def folded(text: str) -> bytes:
    """As both databases compare: the letters A to Z as a to z, the rest by its bytes."""
    return text.encode().lower()


@dataclass(frozen=True)
class Shown:
    """What is shown of each member, from which every order follows."""

    rows: list[PersonRow]
    products: dict[str, int]  # name → turn

    @classmethod
    def of(cls, store: Store, here: int, segment: str | None) -> Shown:
        ids: dict[str, int] = dict(
            store.rows("SELECT stripe_id, id FROM participant WHERE connection_id = ?", (here,))
        )
        who = members(store, here)[segment or "all"]
        names = [one.name for one in segments(store, here) if one.kind == "product"]
        return cls(
            rows(store, here, [ids[one] for one in who], segment),
            {name: turn for turn, name in enumerate(names)},
        )


def wanted(store: Store, here: int, segment: str | None, order: Order) -> list[int]:
    """The members in this order."""
    return in_order(Shown.of(store, here, segment), order)


def in_order(shown: Shown, order: Order) -> list[int]:
    """The members in this order, worked out from what is shown of each."""

    def value(row: PersonRow) -> Any:
        if order.column == "status":
            return STATUS_ORDER.index(row.status if row.status in STATUS_ORDER else "")
        if order.column == "plan":
            first = row.plan.split(", ")[0]
            return shown.products[first] if first else None
        if order.column == "arrived":
            return 0
        found = getattr(row, order.column)
        return folded(found) if isinstance(found, str) and found else (found or None)

    blank = [row for row in shown.rows if value(row) is None]
    rest = [row for row in shown.rows if value(row) is not None]
    rest.sort(key=lambda row: (value(row), row.id), reverse=order.descending)
    blank.sort(key=lambda row: row.id, reverse=order.descending)
    return [row.id for row in (*rest, *blank)]


@pytest.fixture(scope="module")
def panels(shared_store: Store) -> Callable[[int, int], Panel]:
    """A panel of a seed to which some things happened. The tests only read it."""

    @cache
    def made(seed: int, happened: int) -> Panel:
        panel = Panel(shared_store, seed)
        for _ in range(happened):
            panel.happen()
        return panel

    return made


@pytest.fixture(params=["few", "many", "many, indexed"])
def size(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, shared_store: Store
) -> str:
    """How many people are many, and whether the indexes are there."""
    if request.param != "few":
        monkeypatch.setattr(lists, "FEW", 3)
        monkeypatch.setattr(lists, "CHUNK", 4)
        monkeypatch.setattr(selection.row_ids, "__kwdefaults__", {"size": 5, "upwards": True})
    ready = order_indexes.ready(shared_store)
    if "indexed" in request.param:
        if not ready:
            build_orders(shared_store)
    else:
        for column in ready:
            shared_store.execute(f"DROP INDEX {order_indexes.index(column)}")
    return str(request.param)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_order_of_every_segment(
    shared_store: Store, panels: Callable[[int, int], Panel], size: str, seed: int
) -> None:
    store, panel = shared_store, panels(seed, 25)
    for segment in (None, *members(store, panel.here)):
        shown = Shown.of(store, panel.here, segment)
        for column in COLUMNS:
            for descending in (False, True):
                order = Order(column, descending)
                right = in_order(shown, order)
                for number in (3, 1_000):
                    parts = list(ordered(store, Selection(panel.here, segment), order, number))
                    assert list(parts[-1].ids) == right, (segment, order)
                    assert parts[-1].complete
                    for part in parts[:-1]:
                        assert not part.complete
                        assert 0 < len(part.ids) <= number
                        assert list(part.ids) == right[: len(part.ids)], (segment, order)


def test_conditions_narrow_every_order(
    shared_store: Store, panels: Callable[[int, int], Panel], size: str
) -> None:
    store, panel = shared_store, panels(3, 20)
    some = Condition("p.name IS NOT NULL AND p.id % ? <> 0", (3,))
    for column in COLUMNS:
        order = Order(column, True)
        every = wanted(store, panel.here, None, order)
        names = {row.id: row.name for row in rows(store, panel.here, every)}
        right = [one for one in every if names[one] is not None and one % 3]
        chosen = Selection(panel.here, None, (some, Condition("p.connection_id > 0")))
        parts = list(ordered(store, chosen, order, number=4))
        assert list(parts[-1].ids) == right, column
        for part in parts[:-1]:
            assert list(part.ids) == right[: len(part.ids)], column


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("near", [3, 8, 1_000])
def test_a_condition_that_is_asked_in_two_ways_begins_with_the_nearest(
    shared_store: Store,
    panels: Callable[[int, int], Panel],
    monkeypatch: pytest.MonkeyPatch,
    near: int,
    descending: bool,
) -> None:
    monkeypatch.setattr(lists, "NEAR", near)
    store, panel = shared_store, panels(3, 20)
    one = Condition("p.id % ? <> 0", (3,))
    every = wanted(store, panel.here, None, Order(descending=descending))
    right = [found for found in every if found % 3]
    for sql in ("p.id % ? <> 0", "CAST(? AS bigint) < 0"):  # the second finds no one at all
        chosen = Selection(panel.here, None, (Condition(sql, (3,), near=one),))
        *first, last = ordered(store, chosen, Order(descending=descending), number=4)
        (shown,) = [list(part.ids) for part in first] or [[]]
        assert shown == [found for found in every[:near] if found % 3][:4]
        assert (list(last.ids), last.complete) == (right if "%" in sql else [], True)


def test_two_accounts_do_not_mix(
    shared_store: Store, panels: Callable[[int, int], Panel], size: str
) -> None:
    store = shared_store
    for panel in (panels(4, 0), panels(5, 0)):
        for column in COLUMNS:
            order = Order(column, False)
            right = wanted(store, panel.here, None, order)
            assert list(whole(store, Selection(panel.here), order)) == right


def test_members_from_before_history_was_kept_are_ordered(shared_store: Store, size: str) -> None:
    store, panel = shared_store, Panel(shared_store, 6)
    store.execute(
        f"UPDATE member SET cause = 0 WHERE participant_id % 3 = 0 AND {THEIRS}", (panel.here,)
    )
    for _ in range(10):
        panel.happen()
    for descending in (False, True):
        order = Order("since", descending)
        right = wanted(store, panel.here, "active", order)
        assert list(whole(store, Selection(panel.here, "active"), order)) == right


def test_who_came_with_another_cause_at_the_same_time(shared_store: Store, size: str) -> None:
    store, panel = shared_store, Panel(shared_store, 10)
    store.execute(
        "INSERT INTO cause (connection_id, at, event, type) VALUES (?, ?, 'evt_same', 'x')",
        (panel.here, FIRST),
    )
    store.execute(
        "UPDATE member SET cause = (SELECT max(id) FROM cause) WHERE participant_id % 5 = 0"
        f" AND {THEIRS}",
        (panel.here,),
    )
    for descending in (False, True):
        order = Order("since", descending)
        right = wanted(store, panel.here, None, order)
        assert list(whole(store, Selection(panel.here), order)) == right


def test_nobody_and_nothing(store: Store) -> None:
    here = connection(store)
    for column in COLUMNS:
        assert list(whole(store, Selection(here), Order(column))) == []
        assert list(whole(store, Selection(here, "product:gone"), Order(column))) == []
        assert list(whole(store, Selection(here + 1), Order(column))) == []


def test_a_list_costs_eight_bytes_a_person(store: Store) -> None:
    panel = Panel(store, 7)
    ids = whole(store, Selection(panel.here))
    assert (ids.typecode, ids.itemsize) == ("q", 8)


@pytest.mark.parametrize("column", ["name", "email", "created"])
@pytest.mark.parametrize("descending", [False, True])
def test_the_first_rows_are_read_by_the_index(
    store: Store, monkeypatch: pytest.MonkeyPatch, column: str, descending: bool
) -> None:
    """Neither sorted nor looked for from the beginning again at each step."""
    if store.postgres:
        pytest.skip("PostgreSQL chooses by what it knows of the tables")
    panel = Panel(store, 8)
    build_orders(store)
    monkeypatch.setattr(lists, "FEW", 1)
    monkeypatch.setattr(lists, "CHUNK", 10)
    plans: list[str] = []
    rows = Store.rows

    def explained(self: Store, sql: str, parameters: Any = ()) -> Any:
        if "ORDER BY p." in sql:
            plans.extend(row[3] for row in rows(self, f"EXPLAIN QUERY PLAN {sql}", parameters))
        return rows(self, sql, parameters)

    monkeypatch.setattr(Store, "rows", explained)
    whole(store, Selection(panel.here), Order(column, descending))
    people = [plan for plan in plans if "p USING" in plan or "TEMP" in plan]
    assert len(people) > 2
    assert all(f"participant_by_{column}" in plan for plan in people)
    key = "created" if column == "created" else column
    first, *later = [plan for plan in people if "SEARCH" in plan][1:]
    assert all(f"{key}<" in plan or f"{key}>" in plan for plan in (first, *later))
    if descending:
        assert any(f"{key}>? AND {key}<?" in plan for plan in later)


def test_a_cursor_stays_on_its_person() -> None:
    many = array("q", range(10_000, 0, -1))
    assert place_of(many, 7_000, before=3_000) == 3_000
    assert place_of(many, 7_000, before=0) == 3_000
    assert place_of(many, 7_000, before=9_999) == 3_000
    assert place_of(many, 99_999, before=42) == 42
    assert place_of(many, 99_999, before=50_000) == 9_999
    assert place_of(array("q"), 1, before=5) == 0


def test_blocks_leave_out_only_who_cannot_be_there(
    shared_store: Store, panels: Callable[[int, int], Panel]
) -> None:
    store, panel = shared_store, panels(3, 20)
    for segment in members(store, panel.here):
        found = selection.find(store, Selection(panel.here, segment))
        for column in ("plan", "status"):
            every = order_by_rank.blocks(store, found, column)
            assert every.count(None) == 1
