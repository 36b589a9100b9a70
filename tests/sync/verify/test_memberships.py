"""Members and counts that are not what the rules say are named."""

from __future__ import annotations

import pytest

from app.sync.verify.findings import Difference
from tests.helpers.verify_run import Spoiled, one_of


@pytest.mark.parametrize("sample", [None, 10**6], ids=["all", "sample"])
def test_a_member_that_is_missing(spoiled: Spoiled, sample: int | None) -> None:
    row, who = one_of(spoiled.store, "participant")
    segment, count, reachable = spoiled.store.row(
        "SELECT id, count, with_email FROM segment WHERE key = 'all'"
    )
    (email,) = spoiled.store.row("SELECT email FROM participant WHERE id = ?", (row,))
    spoiled.remove("member", "participant_id = ? AND segment_id = ?", row, segment)
    expected = [
        Difference("participant", who, "not_member", "all"),
        Difference("segment", "all", "count", "count", None, count, count - 1),
    ]
    if email:
        left = reachable - 1
        expected.append(Difference("segment", "all", "count", "with_email", None, reachable, left))
    assert spoiled.compare(sample) == expected


def test_a_member_too_many(spoiled: Spoiled) -> None:
    row, who = one_of(
        spoiled.store,
        "participant",
        "id IN (SELECT participant_id FROM member m JOIN segment g ON g.id = m.segment_id"
        " WHERE g.key = 'none') AND email IS NOT NULL",
    )
    ((segment, count, reachable),) = spoiled.store.rows(
        "SELECT id, count, with_email FROM segment WHERE key = 'active'"
    )
    spoiled.add(
        "member",
        f"participant_id = {row} AND segment_id = {segment}",
        participant_id=row,
        segment_id=segment,
    )
    assert spoiled.compare() == [
        Difference("participant", who, "member", "active"),
        Difference("segment", "active", "count", "count", None, count, count + 1),
        Difference("segment", "active", "count", "with_email", None, reachable, reachable + 1),
    ]


@pytest.mark.parametrize("field", ["count", "with_email"])
@pytest.mark.parametrize("sample", [None, 1], ids=["all", "sample"])
def test_a_count_that_is_off(spoiled: Spoiled, field: str, sample: int | None) -> None:
    ((row, right),) = spoiled.store.rows(f"SELECT id, {field} FROM segment WHERE key = 'active'")
    spoiled.set("segment", row, field, right + 1)
    expected = Difference("segment", "active", "count", field, None, right + 1, right)
    assert spoiled.compare(sample) == [expected]


@pytest.mark.parametrize("key", ["past_due", "product:"])
def test_a_segment_that_is_another(spoiled: Spoiled, key: str) -> None:
    ((row, name),) = spoiled.store.rows(
        "SELECT id, key FROM segment WHERE key LIKE ? ORDER BY key LIMIT 1", (f"{key}%",)
    )
    spoiled.set("segment", row, "key", "product:elsewhere")
    found = {one for one in spoiled.compare() if one.object == "segment"}
    assert found == {
        Difference("segment", name, "missing_here"),
        Difference("segment", "product:elsewhere", "superfluous"),
    }
