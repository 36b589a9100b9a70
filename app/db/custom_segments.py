"""Members of custom segments, whose rule is a SQL condition.

They come after the built-in and product segments, ordered so that each uses only members of earlier
ones. A change refreshes all of them for every participant it touches, inside its transaction. A
condition may depend on more than the participant, such as a product's name or the time of day. That
changes for everyone at once, so :func:`follow` recomputes all memberships.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.db import history
from app.db.history import Reasons
from app.db.people import ParticipantSet
from app.db.store import Row, Store


@dataclass(frozen=True)
class CustomRule:
    """The segment with this row id holds the participants ``p`` for which ``condition`` is true.
    ``timed``: the passing of time alone can change that."""

    segment: int
    condition: str
    parameters: tuple[object, ...]
    timed: bool = False


Rules = Callable[[], Sequence[CustomRule]]


def no_rules() -> Sequence[CustomRule]:
    """No rules."""
    return ()


def refresh(
    store: Store, people: ParticipantSet, rules: Sequence[CustomRule], reasons: Reasons
) -> None:
    """Recompute these participants' memberships of custom segments."""
    for rule in rules:
        present = set(
            store.rows(
                "SELECT m.participant_id, m.segment_id FROM participant p"
                " JOIN member m ON m.participant_id = p.id"
                f" WHERE m.segment_id = ? AND {people.condition}",
                (rule.segment, *people.parameters),
            )
        )
        wanted = set(store.rows(_members(people, rule), _parameters(people, rule)))
        _delete(store, reasons.stamped(present - wanted))
        store.execute_many(
            "INSERT INTO member (participant_id, segment_id, cause) VALUES (?, ?, ?)",
            reasons.stamped(wanted - present),
        )


def end_memberships(store: Store, people: ParticipantSet, rule: CustomRule, cause: int) -> None:
    """End the memberships of those of these participants who do not belong to the segment."""
    gone = store.rows(
        "SELECT m.participant_id, m.segment_id FROM participant p"
        " JOIN member m ON m.participant_id = p.id"
        f" WHERE m.segment_id = ? AND {people.condition} AND (p.deleted OR NOT ({rule.condition}))",
        (rule.segment, *people.parameters, *rule.parameters),
    )
    _delete(store, [(*member, cause) for member in gone])


def add_new_members(
    store: Store, people: ParticipantSet, rules: Sequence[CustomRule], cause: int
) -> None:
    """Add these participants to the custom segments they belong to. They are in none yet."""
    for rule in rules:
        store.execute(
            "INSERT INTO member (participant_id, segment_id, cause)"
            f" SELECT b.id, b.segment, {cause:d} FROM ({_members(people, rule)}) AS b"
            " WHERE true ON CONFLICT DO NOTHING",
            _parameters(people, rule),
        )


def follow(
    store: Store, everybody: ParticipantSet, rules: Sequence[CustomRule], cause: int
) -> None:
    """Recompute everyone's memberships of these segments, inside the caller's transaction."""
    for rule in rules:
        gone = store.rows(
            "SELECT m.participant_id, m.segment_id FROM member m"
            " JOIN participant p ON p.id = m.participant_id"
            f" WHERE m.segment_id = ? AND (p.deleted OR NOT ({rule.condition}))",
            (rule.segment, *rule.parameters),
        )
        _delete(store, [(*member, cause) for member in gone])
        add_new_members(store, everybody, [rule], cause)
        recount(store, rule.segment)


def moved_by_time(store: Store, everybody: ParticipantSet, rules: Sequence[CustomRule]) -> bool:
    """Whether any membership no longer matches the rules."""
    for rule in rules:
        gone = store.rows(
            "SELECT 1 FROM member m JOIN participant p ON p.id = m.participant_id"
            f" WHERE m.segment_id = ? AND (p.deleted OR NOT ({rule.condition})) LIMIT 1",
            (rule.segment, *rule.parameters),
        )
        missing = store.rows(
            f"{_members(everybody, rule)} AND NOT EXISTS (SELECT 1 FROM member m"
            f" WHERE m.participant_id = p.id AND m.segment_id = {rule.segment:d}) LIMIT 1",
            _parameters(everybody, rule),
        )
        if gone or missing:
            return True
    return False


def recount(store: Store, segment: int) -> None:
    """Update a segment's counts to match its members."""
    store.execute(
        "UPDATE segment SET"
        " count = (SELECT count(*) FROM member m WHERE m.segment_id = segment.id),"
        " with_email = (SELECT count(*) FROM member m"
        "  JOIN participant p ON p.id = m.participant_id"
        "  WHERE m.segment_id = segment.id AND p.email <> '') WHERE id = ?",
        (segment,),
    )


def _members(people: ParticipantSet, rule: CustomRule) -> str:
    return (
        f"SELECT p.id, {rule.segment:d} AS segment FROM participant p"
        f" WHERE NOT p.deleted AND {people.condition} AND ({rule.condition})"
    )


def _parameters(people: ParticipantSet, rule: CustomRule) -> tuple[object, ...]:
    return (*people.parameters, *rule.parameters)


def _delete(store: Store, members: Sequence[Row]) -> None:
    history.end_memberships(store, members)
    store.execute_many(
        "DELETE FROM member WHERE participant_id = ? AND segment_id = ?",
        [member[:2] for member in members],
    )
