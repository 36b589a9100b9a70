"""Segment members: :mod:`app.db.segment_rules` defines them, ``member`` stores them.

Every change of a participant or a subscription ends in :func:`refresh` for the participants it
touched. This happens inside the transaction of the change, so that members and counts are exact for
every reader.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.db import custom_segments, history, lease
from app.db.custom_segments import CustomRule, Rules
from app.db.history import Reasons
from app.db.people import ParticipantSet, all_participants, found
from app.db.segment_rules import BUILTIN, belonging
from app.db.store import Row, Store

Counts = dict[int, tuple[int, int]]  # segment -> members, members with an email

_MADE_WITH_ALL = "none"  # a subscription segment that every version creates


def counts(store: Store, people: ParticipantSet) -> Counts:
    """How many of these participants each segment counts now."""
    rows = store.rows(
        "SELECT m.segment_id, count(*),"
        " sum(CASE WHEN p.email IS NULL OR p.email = '' THEN 0 ELSE 1 END)"
        # CROSS: begin with the participants, instead of reading all memberships to avoid a sort.
        " FROM participant p CROSS JOIN member m"
        f" WHERE m.participant_id = p.id AND {people.condition} GROUP BY m.segment_id",
        people.parameters,
    )
    return {segment: (members, int(with_email)) for segment, members, with_email in rows}


def refresh(
    store: Store,
    people: ParticipantSet,
    before: Counts,
    reasons: Reasons,
    *,
    by_subscription: bool,
    rules: Sequence[CustomRule] = (),
) -> None:
    """Bring these participants' memberships and the counts in line with the rules.

    ``before`` are the :func:`counts` before the change, in the same transaction.
    ``by_subscription``: whether the segments that depend on subscriptions exist. ``rules``: of
    custom segments.
    """
    people = found(store, people)
    present = _present(store, people)
    rule = belonging(people.condition, by_subscription=by_subscription)
    if present or reasons.by_event:
        wanted = set(store.rows(rule, people.parameters))
        _delete(store, reasons.stamped(present - wanted))
        _insert(store, reasons.stamped(wanted - present))
    else:
        _insert_all(store, rule, people, reasons.listing())
    custom_segments.refresh(store, people, rules, reasons)
    _move_counts(store, people, before)


def fill(store: Store, people: ParticipantSet, cause: int) -> None:
    """Add these participants to new segments. Their other memberships are already exact."""
    before = counts(store, people)
    _insert_all(store, belonging(people.condition), people, cause)
    _move_counts(store, people, before)


def fill_custom(
    store: Store, people: ParticipantSet, rule: CustomRule, cause: int, *, filled: bool
) -> None:
    """Add these participants to a custom segment. ``filled``: it may have members already, of whom
    those who don't belong to it leave."""
    before = counts(store, people)
    if filled:
        custom_segments.end_memberships(store, people, rule, cause)
    custom_segments.add_new_members(store, people, [rule], cause)
    _move_counts(store, people, before)


def add_new_members(
    store: Store,
    people: ParticipantSet,
    cause: int,
    *,
    by_subscription: bool,
    rules: Sequence[CustomRule] = (),
) -> None:
    """Do what :func:`refresh` does, for participants that are new in this transaction."""
    rule = belonging(people.condition, by_subscription=by_subscription)
    _insert_all(store, rule, people, cause)
    custom_segments.add_new_members(store, people, rules, cause)
    _move_counts(store, people, {})


def _present(store: Store, people: ParticipantSet) -> set[Row]:
    return set(
        store.rows(
            "SELECT m.participant_id, m.segment_id FROM participant p"
            " JOIN member m ON m.participant_id = p.id JOIN segment g ON g.id = m.segment_id"
            f" WHERE g.kind <> 'own' AND {people.condition}",
            people.parameters,
        )
    )


def _insert_all(store: Store, rule: str, people: ParticipantSet, cause: int) -> None:
    """Insert in one statement, which does not hold up other threads as many small ones do."""
    store.execute(
        "INSERT INTO member (participant_id, segment_id, cause)"
        f" SELECT b.participant_id, b.id, {cause:d} FROM ({rule}) AS b WHERE true"
        " ON CONFLICT DO NOTHING",
        people.parameters,
    )


def _move_counts(store: Store, people: ParticipantSet, before: Counts) -> None:
    after = counts(store, people)
    moved = []
    for segment in before.keys() | after.keys():
        old, new = before.get(segment, (0, 0)), after.get(segment, (0, 0))
        if old != new:
            moved.append((new[0] - old[0], new[1] - old[1], segment))
    store.execute_many(
        "UPDATE segment SET count = count + ?, with_email = with_email + ? WHERE id = ?", moved
    )


def _delete(store: Store, members: Sequence[Row]) -> None:
    history.end_memberships(store, members)
    store.execute_many(
        "DELETE FROM member WHERE participant_id = ? AND segment_id = ?",
        [member[:2] for member in members],
    )


def _insert(store: Store, members: Sequence[Row]) -> None:
    store.execute_many(
        "INSERT INTO member (participant_id, segment_id, cause) VALUES (?, ?, ?)", members
    )


def recompute_memberships(
    store: Store,
    connection_id: int,
    people: ParticipantSet,
    rules: Rules = custom_segments.no_rules,
) -> None:
    """Recompute these participants' memberships from the rules, in a separate transaction."""
    by_subscription = has_subscription_segments(store, connection_id)
    reasons = Reasons(store, connection_id, (), by_subscription=by_subscription)
    with store.transaction():
        before = counts(store, people)
        refresh(store, people, before, reasons, by_subscription=by_subscription, rules=rules())


def recount(store: Store, connection_id: int) -> None:
    """Update every segment's counts to match its members, in a separate transaction."""
    with store.transaction():
        for (segment,) in store.rows(
            "SELECT id FROM segment WHERE connection_id = ?", (connection_id,)
        ):
            custom_segments.recount(store, segment)


def create_segment(store: Store, connection_id: int, key: str) -> None:
    """Create a built-in segment unless it exists. A reconnected account keeps its segments."""
    store.execute(
        "INSERT INTO segment (connection_id, key, kind, count, with_email)"
        " VALUES (?, ?, 'builtin', 0, 0) ON CONFLICT (connection_id, key) DO NOTHING",
        (connection_id, key),
    )


def set_known(store: Store, connection_id: int, *, known: bool) -> None:
    """Record whether all subscriptions are here, inside the caller's transaction. Memberships that
    follow from it have to be recomputed."""
    store.execute(
        "UPDATE connection SET subscriptions_known = ? WHERE id = ?", (known, connection_id)
    )


def create_subscription_segments(store: Store, connection_id: int, cause: int) -> None:
    """Create the segments that depend on subscriptions, and one for each product. The subscription
    indexes (:mod:`app.db.indexes.subscription_indexes`) must exist. From now on the subscriptions
    are known."""
    set_known(store, connection_id, known=True)
    for segment in BUILTIN.values():
        if segment.by_subscription:
            create_segment(store, connection_id, segment.key)
    follow_products(store, connection_id, cause)


def ensure_builtin(store: Store) -> None:
    """Add the built-in segments that are new in this version to every account whose segments an
    earlier version created. Each account gets them with members and counts in one transaction."""
    for connection_id in _without_some_builtin(store):
        with store.transaction():
            lease.hold_off_syncs(store)
            missing = _without_some_builtin(store).get(connection_id)
            if not missing:
                continue  # another process was first
            for key in missing:
                create_segment(store, connection_id, key)
            rule = belonging("+p.connection_id = ?", builtin=missing)
            cause = history.local_cause(store, connection_id, "made")
            _insert_all(store, rule, all_participants(connection_id), cause)
            for (segment,) in store.rows(
                f"SELECT id FROM segment WHERE connection_id = ? AND {store.among('key')}",
                (connection_id, store.values(missing)),
            ):
                custom_segments.recount(store, segment)


def _without_some_builtin(store: Store) -> dict[int, list[str]]:
    """The keys that each account lacks. An account lacks none until its segments are created."""
    there: dict[int, set[str]] = {}
    for connection_id, key in store.rows(
        "SELECT connection_id, key FROM segment WHERE kind = 'builtin'"
    ):
        there.setdefault(connection_id, set()).add(key)
    return {
        connection_id: [key for key in BUILTIN if key not in keys]
        for connection_id, keys in there.items()
        if _MADE_WITH_ALL in keys and not keys >= BUILTIN.keys()
    }


def drop_subscription_segments(store: Store, connection_id: int, cause: int) -> None:
    """Delete these segments again, because without subscriptions their members are unknown."""
    set_known(store, connection_id, known=False)
    _drop_segments(store, connection_id, "key <> 'all' AND kind <> 'own'", (), cause)


def _drop_segments(
    store: Store, connection_id: int, which: str, parameters: Sequence[object], cause: int
) -> None:
    gone = store.rows(
        f"SELECT id FROM segment WHERE connection_id = ? AND {which}",
        (connection_id, *parameters),
    )
    history.end_segments(store, [segment for (segment,) in gone], cause)
    store.execute_many("DELETE FROM segment WHERE id = ?", gone)


def follow_products(store: Store, connection_id: int, cause: int) -> list[str]:
    """Create a segment for each product without one, and delete those of deleted products. Returns
    the products whose segments are new and still empty."""
    gone = "product IN (SELECT stripe_id FROM product WHERE connection_id = ? AND deleted)"
    _drop_segments(store, connection_id, gone, (connection_id,), cause)
    new = store.rows(
        "SELECT p.stripe_id FROM product p WHERE p.connection_id = ? AND NOT p.deleted"
        " AND NOT EXISTS (SELECT 1 FROM segment g"
        "  WHERE g.connection_id = p.connection_id AND g.product = p.stripe_id)",
        (connection_id,),
    )
    store.execute_many(
        "INSERT INTO segment (connection_id, key, kind, product, count, with_email)"
        " VALUES (?, ?, 'product', ?, 0, 0)",
        [(connection_id, f"product:{product}", product) for (product,) in new],
    )
    return [product for (product,) in new]


def has_subscription_segments(store: Store, connection_id: int) -> bool:
    """Whether the segments that depend on subscriptions exist."""
    return bool(
        store.rows(
            "SELECT 1 FROM segment WHERE connection_id = ? AND key = ?",
            (connection_id, _MADE_WITH_ALL),
        )
    )
