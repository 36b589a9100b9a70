"""Groups as numbers and bars, in any room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.charts.group_bars import GroupBar, GroupBars, GroupsState, share

COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 10**9))
SLIVERS = set("█▉▊▋▌▍▎▏")
REST = "·"
# a name that looks like a bar would be counted as one
NAMES = st.text(st.characters(exclude_characters="".join(SLIVERS) + REST), max_size=60)


@given(
    counts=st.lists(COUNTS, min_size=1, max_size=4),
    name=NAMES,
    note=st.sampled_from(["", "…", "1,000,000 with email"]),
    width=st.integers(30, 200),
    waiting=st.sampled_from([None, "counting…"]),
)
def test_lines_fit_and_everybody_is_seen(
    counts: list[int], name: str, note: str, width: int, waiting: str | None
) -> None:
    state = GroupsState(tuple(GroupBar(name, one, note) for one in counts), waiting=waiting)
    widget = GroupBars([name] * len(counts))
    widget._state = state
    lines = [line.plain for line in widget.draw(state, width)]
    assert all(line.cell_length <= width for line in widget.draw(state, width))
    assert len(lines) in (len(counts), 2 * len(counts))
    text = "\n".join(lines)
    assert "\x1b" not in text
    if waiting is None:
        assert all(f"{one:,}" in text for one in counts)
        bars = [line for line in lines if set(line) & (SLIVERS | set(REST))]
        for one, bar in zip(counts, bars, strict=True):
            assert bool(one) == bool(set(bar) & SLIVERS)


@given(parts=st.lists(COUNTS, min_size=1, max_size=4))
def test_a_share_is_never_nothing_of_some_nor_all_of_less(parts: list[int]) -> None:
    total = sum(parts)
    for one in parts:
        assert (share(one, total) == "0%") == (one == 0)
        assert (share(one, total) == "100%") == (0 < one == total)


@pytest.mark.parametrize(
    ("count", "said"), [(1, "<1%"), (5, "1%"), (333, "33%"), (996, "99%"), (999, "99%")]
)
def test_shares(count: int, said: str) -> None:
    assert share(count, 1_000) == said
