"""The size of a segment at the end of each day, against its memberships."""

from __future__ import annotations

from datetime import date, timedelta

from app.db.store import Store
from app.panel.dates import begin
from app.panel.lists.selection import Selection, find
from app.panel.segments.memberships import places
from app.panel.segments.moves import segment_moves
from app.screens.segments.daily_sizes import daily_sizes, last_moves
from tests.helpers.panel_history import FIRST, Panel


def test_sizes_are_those_at_the_end_of_each_day(store: Store) -> None:
    panel = Panel(store, 7, people=20)
    for _ in range(60):
        panel.happen()
    here = panel.here
    people = store.rows("SELECT stripe_id FROM participant WHERE connection_id = ?", (here,))
    had = [one for (who,) in people for one in places(store, here, who)]
    for key in ("all", "active", "canceled", "nowhere"):
        moves = segment_moves(store, here, key)
        members = find(store, Selection(here, key)).members
        found = daily_sizes(moves, members, FIRST, panel.at)
        assert found.first == date.fromtimestamp(FIRST)
        assert found.day(len(found.sizes) - 1) == date.fromtimestamp(panel.at)
        for index, size in enumerate(found.sizes):
            end = begin(found.day(index) + timedelta(days=1)) - 1
            there = [
                one
                for one in had
                if one.segment == key
                and one.since <= end
                and (one.until is None or one.until > end)
            ]
            assert size == len(there), (key, index)
            came, left = found.on(index).counts
            before = found.sizes[index - 1] if index else size - came + left
            assert before + came - left == size
        ids, told = last_moves(moves)
        assert set(ids) == set(told)
        signs = [told[one][1] for one in ids]
        assert signs == sorted(signs)  # who left stands first
