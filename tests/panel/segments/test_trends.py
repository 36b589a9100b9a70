"""Trends, moves and exchanges of segments, against the memberships themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.segments import moves as moves_module
from app.panel.segments import trends as trends_module
from app.panel.segments.exchanges import STATUSES, exchanges
from app.panel.segments.memberships import Membership, places, places_of
from app.panel.segments.moves import segment_moves
from app.panel.segments.timeline import begun, changes
from app.panel.segments.trends import WEEK, WEEKS, read_joins, trends
from tests.helpers.panel_history import FIRST, Panel
from tests.helpers.rows import connection


@dataclass
class World:
    """An account with a past, beside another one, and every membership by row id."""

    store: Store
    panel: Panel
    had: dict[int, list[Membership]]

    def on(self, key: str, at: int) -> set[int]:
        return {
            person
            for person, places in self.had.items()
            for one in places
            if one.segment == key and one.since <= at and (one.until is None or one.until > at)
        }


@pytest.fixture(scope="module", params=[1, 2, 3])
def world(request: pytest.FixtureRequest, shared_store: Store) -> World:
    store = shared_store
    Panel(store, 60, people=10).happen()
    panel = Panel(store, 90 + request.param, people=25)
    for _ in range(60):
        panel.happen()
    if request.param == 3:  # members from before causes were kept
        store.execute(
            "UPDATE member SET cause = 0 WHERE participant_id % 4 = 0 AND participant_id IN"
            " (SELECT id FROM participant WHERE connection_id = ?)",
            (panel.here,),
        )
    people = store.rows(
        "SELECT id, stripe_id FROM participant WHERE connection_id = ?", (panel.here,)
    )
    return World(store, panel, {row: places(store, panel.here, key) for row, key in people})


@pytest.mark.parametrize("part", [0, 0.3, 1])
def test_trends_are_what_the_memberships_add_up_to(
    world: World, monkeypatch: pytest.MonkeyPatch, part: float
) -> None:
    monkeypatch.setattr(trends_module, "STRIDE", 7)
    store, here = world.store, world.panel.here
    first = begun(store, here)
    assert first is not None
    since = first + int(part * (world.panel.at - first))
    # Half of the points lie before the first sync.
    now = first + WEEK * WEEKS // 2
    found = trends(store, here, read_joins(store, here), since, now)
    assert set(found) == {
        key for (key,) in store.rows("SELECT key FROM segment WHERE connection_id = ?", (here,))
    }
    for key, trend in found.items():
        then, today = world.on(key, since), world.on(key, 2**40)
        assert (trend.joined, trend.left) == (len(today - then), len(then - today))
        same = changes(store, here, key, since)
        assert (trend.joined, trend.left) == (len(same.joined), len(same.left))
        for place, size in enumerate(trend.sizes):
            at = now - WEEK * (WEEKS - 1 - place)
            assert size == (None if at < first else len(world.on(key, at)))


def test_without_a_sync_there_is_no_trend(store: Store) -> None:
    here = connection(store)
    assert trends(store, here, read_joins(store, here), 0, FIRST) == {}


class Enough(Exception):
    """Nobody wants to know any more."""


def test_reading_ends_when_nobody_wants_it(world: World) -> None:
    def step() -> None:
        raise Enough

    with pytest.raises(Enough):
        read_joins(world.store, world.panel.here, step)
    with pytest.raises(Enough):
        segment_moves(world.store, world.panel.here, "all", step)


def test_moves_are_the_ends_of_the_memberships(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves_module, "CHUNK", 7)
    store, here = world.store, world.panel.here
    first = begun(store, here)
    assert first is not None
    for key in ("all", "active", "canceled", "product:prod_a", "nowhere"):
        expected = sorted(
            move
            for person, had in world.had.items()
            for one in had
            if one.segment == key
            for move in ((one.since, person, 1), (one.until or 0, person, 0))
            if move[0] > (first if move[2] else 0)
        )
        found = segment_moves(store, here, key)
        assert list(zip(found.at, found.ids, found.joined, strict=True)) == expected
        middle = (first + world.panel.at) // 2
        some = found.between(first, middle)
        assert list(some.at) == [at for at, _, _ in expected if first <= at < middle]
        came = sum(one for _, _, one in expected)
        assert found.counts == (came, len(expected) - came)


def test_exchanges_are_one_cause_that_ended_and_began(world: World) -> None:
    store, here = world.store, world.panel.here
    people = tuple(world.had)
    past = [
        row
        for row in store.rows(
            "SELECT participant_id, segment_key, until, joined_by, left_by FROM past_member"
        )
        if row[0] in people
    ]
    now = [
        (person, key, cause)
        for person, key, cause in store.rows(
            "SELECT m.participant_id, g.key, m.cause FROM member m"
            " JOIN segment g ON g.id = m.segment_id"
        )
        if person in people
    ]
    came = [(person, key, cause) for person, key, _, cause, _ in past] + now
    first = begun(store, here)
    assert first is not None
    for since in (first, (first + world.panel.at) // 2):
        expected = Counter(
            (BUILTIN[old].name, BUILTIN[new].name)
            for person, old, until, _, left_by in past
            for other, new, joined_by in came
            if person == other and left_by == joined_by and until > since
            if old != new and {old, new} <= set(STATUSES)
        )
        found = exchanges(store, here, since)
        assert {(one.left, one.joined): one.number for one in found} == dict(expected)
        assert found == sorted(found, key=lambda one: -one.number)


def test_the_memberships_of_some_are_those_of_each(world: World) -> None:
    found = places_of(world.store, world.had)
    assert {person: had for person, had in world.had.items() if had} == found
