"""Segments beside each other and as they were, against a replay of every interval."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import pytest

from app.db.rows import DeletedObject, Fetched
from app.db.segment_rules import BUILTIN
from app.db.store import Store
from app.panel.lists import selection
from app.panel.lists.selection import Selection
from app.panel.segments import overlap as comparing
from app.panel.segments import timeline
from app.panel.segments.memberships import Membership, places
from app.panel.segments.overlap import overlap, with_email
from app.panel.segments.timeline import (
    begun,
    changes,
    joined,
    latest_first,
    left,
    members_on,
)
from tests.db.test_history import FIRST, panel
from tests.helpers.panel_history import FIRST as BEGINNING
from tests.helpers.panel_history import Panel
from tests.helpers.rows import connection, members, person, send

KEYS = (*BUILTIN, "product:prod_a")


@dataclass
class World:
    """A panel with every place of everyone."""

    store: Store
    panel: Panel
    had: dict[int, list[Membership]]

    def on(self, key: str, at: int) -> list[int]:
        return sorted(
            person
            for person, places in self.had.items()
            if any(
                one.segment == key and one.since <= at and (one.until is None or one.until > at)
                for one in places
            )
        )


@pytest.fixture(scope="module", params=range(4))
def made(request: pytest.FixtureRequest, shared_store: Store) -> World:
    """A world that the tests only read."""
    store = shared_store
    Panel(store, 50, people=10)
    panel = Panel(store, request.param, people=25)
    for _ in range(50):
        panel.happen()
    if request.param == 3:
        panel.tell("product.deleted", panel.at + 5, gone=[DeletedObject("product", "prod_a")])
        store.execute(
            "UPDATE connection SET connected_at = ? WHERE id = ?", (BEGINNING - 5_000, panel.here)
        )
        store.execute(
            "UPDATE member SET cause = 0 WHERE participant_id % 4 = 0 AND participant_id IN"
            " (SELECT id FROM participant WHERE connection_id = ?)",
            (panel.here,),
        )
    people = store.rows(
        "SELECT id, stripe_id FROM participant WHERE connection_id = ?", (panel.here,)
    )
    return World(store, panel, {row: places(store, panel.here, key) for row, key in people})


@pytest.fixture
def world(made: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """It is read in small chunks."""
    monkeypatch.setattr(timeline, "CHUNK", 7)
    monkeypatch.setattr(selection.row_ids, "__kwdefaults__", {"size": 5, "upwards": True})
    return made


def test_who_was_there_at_any_moment(world: World) -> None:
    moments = {BEGINNING - 1, BEGINNING, BEGINNING + 1, world.panel.at, world.panel.at + 1, 2**40}
    ends = [one for had in world.had.values() for one in had]
    moments |= {one.until + by for one in ends if one.until is not None for by in (-1, 0, 1)}
    for key in KEYS:
        for at in sorted(moments):
            assert list(members_on(world.store, world.panel.here, key, at)) == world.on(key, at)


def test_today_is_the_members(world: World) -> None:
    ids: dict[int, str] = dict(world.store.rows("SELECT id, stripe_id FROM participant"))
    for key, who in members(world.store, world.panel.here).items():
        found = members_on(world.store, world.panel.here, key, 2**40)
        assert {ids[one] for one in found} == who


def test_what_changed_since_any_moment(world: World) -> None:
    here = world.panel.here
    for key in KEYS:
        now = set(world.on(key, 2**40))
        for at in (BEGINNING, (BEGINNING + world.panel.at) // 2, world.panel.at):
            then = set(world.on(key, at))
            found = changes(world.store, here, key, at)
            assert list(found.joined) == sorted(now - then)
            assert list(found.left) == sorted(then - now)
            assert list(found.stayed) == sorted(now & then)
            came = joined(world.store, here, key, found.joined)
            assert [one.id for one in came] == list(found.joined)
            for one in came:
                (place,) = (
                    place
                    for place in world.had[one.id]
                    if place.segment == key and place.until is None
                )
                assert (one.at, one.by) == (place.since, place.joined_by)
            went = left(world.store, here, key, found.left)
            assert [one.id for one in went] == list(found.left)
            for one in went:
                last = [place for place in world.had[one.id] if place.segment == key][-1]
                assert (one.at, one.by) == (last.until, last.left_by)


def test_two_segments_beside_each_other(world: World) -> None:
    here = world.panel.here
    for first in KEYS[:-1]:
        for second in KEYS:
            a, b = set(world.on(first, 2**40)), set(world.on(second, 2**40))
            found = overlap(world.store, Selection(here, first), Selection(here, second))
            assert list(found.both) == sorted(a & b)
            assert list(found.only_first) == sorted(a - b)
            assert list(found.only_second) == sorted(b - a)


def test_who_came_or_went_last_stands_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "SOME", 3)
    here = world.panel.here
    for key in KEYS:
        found = changes(world.store, here, key, BEGINNING)
        for ids, ask in ((found.joined, joined), (found.left, left)):
            moves = {one.id: one.at for one in ask(world.store, here, key, ids)}
            shown = latest_first(world.store, here, key, ids, ask)
            assert list(shown) == sorted(ids, key=lambda one: (moves[one], one), reverse=True)


def test_how_many_have_an_email(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "CHUNK", 4)
    emails: dict[int, str | None] = dict(world.store.rows("SELECT id, email FROM participant"))
    everybody = array("q", emails)
    assert with_email(world.store, everybody) == sum(bool(one) for one in emails.values())
    assert with_email(world.store, array("q")) == 0


class Enough(Exception):
    """Nobody wants to know any more."""


@pytest.mark.parametrize("calls", [1, 2, 4])
@pytest.mark.parametrize(
    "work",
    [
        lambda store, here, step: overlap(store, Selection(here), Selection(here, "none"), step),
        lambda store, here, step: with_email(store, array("q", range(40_000)), step),
        lambda store, here, step: changes(store, here, "all", 2**40, step),
        lambda store, here, step: latest_first(
            store, here, "all", array("q", range(2_000)), joined, step
        ),
    ],
    ids=["overlap", "emails", "changes", "order"],
)
def test_counting_ends_when_nobody_wants_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, work: Any, calls: int
) -> None:
    monkeypatch.setattr(timeline, "CHUNK", 7)
    monkeypatch.setattr(comparing, "CHUNK", 9_000)
    monkeypatch.setattr(selection.row_ids, "__kwdefaults__", {"size": 5, "upwards": True})
    here, left = Panel(store, 1).here, iter(range(calls - 1))

    def step() -> None:
        if next(left, None) is None:
            raise Enough

    with pytest.raises(Enough):
        work(store, here, step)


def test_when_it_began(store: Store) -> None:
    here = connection(store)
    assert begun(store, here) is None
    assert begun(store, panel(store)) == FIRST


def test_nobody_of_another_account(store: Store) -> None:
    here, there = panel(store), connection(store)
    send(store, there, Fetched(1, participants=[person("cus_ada")]))
    assert list(members_on(store, there, "active", 2**40)) == []
    assert list(members_on(store, here, "active", 2**40)) != []
