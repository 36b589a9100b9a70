"""Windows of a list: nothing is read by none of them, whatever way it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sync.windows import (
    STRIPE_BEGAN,
    TimeWindow,
    advance,
    below,
    cut_window,
    known_total,
    split,
)

NOW = 2_000_000_000
PAGE = 5  # small, so that small lists have many pages

spans = st.one_of(st.integers(0, 40), st.integers(0, NOW - STRIPE_BEGAN - 1))


@st.composite
def windows(draw: st.DrawFn) -> TimeWindow:
    """Any window that a page has been read from."""
    high = NOW - draw(st.integers(0, 1_000))
    low = draw(st.none() | spans.map(lambda span: high - span))
    floor = low if low is not None else STRIPE_BEGAN
    position = draw(st.integers(floor, high) | st.integers(max(floor, high - 30), high))
    return TimeWindow(1, "customers", low, high, "cus_x", position, draw(st.floats(0, 1_000)))


@settings(max_examples=200)
@given(windows(), st.integers(1, 40), st.integers(0, 40))
def test_pieces_are_disjoint_and_cover_exactly_the_rest(
    window: TimeWindow, parts: int, ids: int
) -> None:
    new_ids = list(range(100, 100 + ids))
    pieces = split(window, parts, new_ids)
    assert 1 <= len(pieces) <= max(1, min(parts, ids + 1))
    first, *others = pieces
    assert (first.id, first.cursor, first.high) == (window.id, window.cursor, window.high)
    assert first.position == window.position
    assert [piece.id for piece in others] == new_ids[: len(others)]
    for above, piece in zip(pieces, others, strict=False):
        assert piece.high == above.low, "the boundary second belongs to exactly one"
        assert (piece.cursor, piece.position) == (None, None)
    for piece in pieces[:-1]:
        assert piece.low is not None
        assert piece.low < piece.high
        assert window.low is None or piece.low > window.low
    assert pieces[-1].low == window.low, "open stays open, at the old end only"
    assert all(piece.listing == window.listing for piece in pieces)


@settings(max_examples=200)
@given(windows(), st.integers(2, 40))
def test_the_piece_that_keeps_the_cursor_keeps_its_second(window: TimeWindow, parts: int) -> None:
    """More objects of the cursor's second may follow; no other piece asks for them."""
    pieces = split(window, parts, list(range(2, 50)))
    assert window.position is not None
    if len(pieces) > 1:
        assert pieces[0].low is not None
        assert pieces[0].low <= window.position
        assert all(piece.high <= window.position for piece in pieces[1:])


def test_one_second_cannot_be_cut() -> None:
    window = TimeWindow(1, "customers", 100, 101, "cus_x", 100, 50.0)
    assert split(window, 8, range(2, 10)) == [window]


def test_a_window_that_nothing_is_known_of_is_not_cut() -> None:
    window = TimeWindow(1, "customers", 100, 200)
    assert split(window, 8, range(2, 10)) == [window]


@settings(max_examples=200)
@given(windows())
def test_a_query_is_half_open(window: TimeWindow) -> None:
    query = window.parameters()
    assert query.pop("created[lt]") == window.high
    assert query.pop("created[gte]", None) == window.low
    assert query.pop("starting_after", None) == window.cursor
    assert query == {"limit": 100}


@settings(max_examples=200)
@given(windows(), st.none() | st.integers(-(2**70), 2**70))
def test_a_time_that_cannot_be_moves_nothing(window: TimeWindow, created: int | None) -> None:
    moved = advance(window, "cus_y", created, 100)
    assert window.position is not None
    assert moved.cursor == "cus_y"
    assert (moved.id, moved.low, moved.high) == (window.id, window.low, window.high)
    sensible = created is not None and window.floor <= created <= window.position
    assert moved.position == (created if sensible else window.position)
    assert moved.remaining >= 0


@settings(max_examples=200)
@given(windows())
def test_starting_over_keeps_the_cursors_second(window: TimeWindow) -> None:
    again = below(window)
    assert window.position is not None
    assert (again.low, again.cursor, again.position) == (window.low, None, None)
    assert again.high == window.position + 1


@dataclass(frozen=True)
class Thing:
    id: str
    created: int
    shown: int | None  # the time that a reader makes of it; nonsense for a few


@dataclass
class Account:
    """A list as Stripe serves it: newest first, filtered, paged by a cursor."""

    things: list[Thing]

    def page(self, window: TimeWindow) -> tuple[list[Thing], bool]:
        query = window.parameters()
        low, high = int(query.get("created[gte]", 0)), int(query["created[lt]"])
        after = query.get("starting_after")
        start = 0
        if after is not None:
            start = next(n for n, one in enumerate(self.things) if one.id == after) + 1
        found = [one for one in self.things[start:] if low <= one.created < high]
        return found[:PAGE], len(found) > PAGE


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Lists with crowded seconds, wide gaps, and a few times that no reader understands."""
    seconds = draw(st.lists(st.tuples(spans, st.integers(1, 18)), max_size=9))
    moments = sorted((NOW - 1 - span for span, n in seconds for _ in range(n)), reverse=True)
    nonsense = draw(st.sets(st.integers(0, max(0, len(moments) - 1)), max_size=4))
    strange = st.sampled_from([None, -1, 0, NOW + 1, 2**70])
    return Account(
        [
            Thing(f"cus_{n:04}", moment, draw(strange) if n in nonsense else moment)
            for n, moment in enumerate(moments)
        ]
    )


@settings(max_examples=200)
@given(accounts(), st.randoms(use_true_random=False))
def test_a_list_read_in_any_order_with_any_cuts_is_complete(account: Account, rng: Random) -> None:

    open_windows = [TimeWindow(1, "customers", None, NOW)]
    ids = iter(range(2, 10_000))
    read: set[str] = set()
    while open_windows:
        window = open_windows.pop(rng.randrange(len(open_windows)))
        if window.position is not None and window.cursor and rng.random() < 0.2:
            open_windows.append(below(window))  # as when the cursor's object is gone
            window = open_windows.pop(rng.randrange(len(open_windows)))
        things, more = account.page(window)
        read.update(one.id for one in things)
        if more:
            rest = advance(window, things[-1].id, things[-1].shown, len(things))
            parts = rng.randrange(1, 7)
            open_windows += split(rest, parts, [next(ids) for _ in range(parts - 1)])
    assert read == {one.id for one in account.things}


def at(low: int | None, high: int, position: int | None, density: float = 1.0) -> TimeWindow:
    return TimeWindow(1, "customers", low, high, "cus", position, density)


@pytest.mark.parametrize(
    ("done", "left", "total"),
    [
        (0, [at(None, 100, None, 0.0)], None),  # not begun
        (500, [at(None, 10**9, 10**9 - 5)], None),  # it may reach back without an end
        (500, [at(0, 1_000, None)], None),  # a density that is another's
        (500, [at(0, 1_000, 700)], None),  # less than half is here
        (700, [at(0, 1_000, 400), at(1_000, 1_300, 1_200)], 1_300),
        (700, [], 700),
    ],
)
def test_a_total_is_known_within_a_factor_of_two(
    done: int, left: list[TimeWindow], total: int | None
) -> None:
    assert known_total(done, left) == total


def test_a_window_that_leads_nowhere_is_cut_down_to_a_second() -> None:
    first = cut_window(at(0, 100, 60), 2)
    assert first == [below(at(0, 100, 60))]
    upper, lower = cut_window(first[0], 2)
    assert (upper.low, upper.high, lower.low, lower.high) == (31, 61, 0, 31)
    assert cut_window(TimeWindow(1, "customers", 5, 6), 2) == []
    assert cut_window(at(0, 61, 60), 2) == []  # the cursor's own second
