"""How a page becomes permanent: rows, members, counts and sync progress, all at once.

Everything in one delivery is committed in one transaction. A kill at any moment leaves all of it or
none. A row is replaced only by the answer to a newer request. A deleted customer stays deleted,
whatever a late page says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.db import (
    connections,
    custom_segments,
    event_hints,
    history,
    membership,
    people,
    quarantine,
    subscriptions,
)
from app.db.custom_segments import CustomRule, Rules
from app.db.errors import DatabaseProblem
from app.db.lease import check_turn
from app.db.rows import (
    PARTICIPANT_FIELDS,
    DeletedObject,
    EventRow,
    Fetched,
    SyncDelivery,
    UnstorableObject,
)
from app.db.store import Row, Store
from app.db.upserts import PARTICIPANT, PRICE, PRODUCT, Upsert, stamped

_TOMBSTONE = (
    "INSERT INTO participant (stripe_id, metadata, connection_id, seq, generation, deleted)"
    " VALUES (?, '{}', ?, ?, ?, true)"
    " ON CONFLICT (connection_id, stripe_id)"
    " DO UPDATE SET deleted = true, seq = excluded.seq, generation = excluded.generation"
)
_GONE = (
    "UPDATE {table} SET deleted = true, seq = ?, generation = ?"
    " WHERE connection_id = ? AND stripe_id = ? AND seq < ?"
)


def deliver(
    store: Store,
    connection_id: int,
    deliveries: Iterable[SyncDelivery],
    rules: Rules = custom_segments.no_rules,
) -> None:
    """Commit deliveries in order, all in one transaction. ``rules`` returns the rules of custom
    segments and is called inside the transaction.

    If the database refuses a row that passed every earlier check, the rows are tried one by one and
    the refused ones are quarantined. Raises DatabaseProblem when nothing was committed,
    Disconnected when the account was disconnected, and LeaseLost when another Panelist syncs now.
    """
    deliveries = list(deliveries)
    try:
        _deliver(store, connection_id, deliveries, rules)
        return
    except DatabaseProblem as problem:
        if not _is_about_a_row(problem):
            raise
    # Not inside the handler. There the first refusal would be the context of every later error.
    for delivery in deliveries:
        delivery.answers = [
            one for answer in delivery.answers for one in _storable(store, connection_id, answer)
        ]
    _deliver(store, connection_id, deliveries, rules)


def _deliver(
    store: Store, connection_id: int, deliveries: Sequence[SyncDelivery], rules: Rules
) -> None:
    with store.transaction():
        check_turn(store)
        if connections.sync_state(store, connection_id).status == "disconnected":
            raise connections.Disconnected  # possibly a moment ago, by another Panelist
        answers = [answer for delivery in deliveries for answer in delivery.answers]
        if answers:
            _store_answers(store, connection_id, answers, rules())
        for delivery in deliveries:
            _store_progress(store, connection_id, delivery)


def erase(store: Store, connection_id: int, stripe_id: str, rules: Rules) -> None:
    """Erase a customer's personal data, inside the caller's transaction. The customer becomes
    deleted, as if in Stripe, so that no later answer restores anything."""
    (seq,) = store.row(
        "SELECT seq FROM participant WHERE connection_id = ? AND stripe_id = ?",
        (connection_id, stripe_id),
    )
    answer = Fetched(seq, gone=[DeletedObject("participant", stripe_id)])
    _store_answers(store, connection_id, [answer], rules())
    personal = [field for field in PARTICIPANT_FIELDS if field.personal]
    store.execute(
        f"UPDATE participant SET {', '.join(f'{field.name} = ?' for field in personal)},"
        " folded = NULL WHERE connection_id = ? AND stripe_id = ?",
        (*(field.emptied for field in personal), connection_id, stripe_id),
    )


def _store_answers(
    store: Store, connection_id: int, answers: Sequence[Fetched], rules: Sequence[CustomRule] = ()
) -> None:
    (generation,) = store.row("SELECT generation FROM connection WHERE id = ?", (connection_id,))
    touched = _touched(answers) | quarantine.owners(store, connection_id, answers)
    by_subscription = membership.has_subscription_segments(store, connection_id)
    if by_subscription:
        touched |= subscriptions.owners(store, connection_id, answers)
    catalogue = _catalogue(store, connection_id, answers) if rules else None
    reasons = history.Reasons(store, connection_id, answers, by_subscription=by_subscription)
    participants = stamped(connection_id, generation, answers, "participants")
    last = people.last_id(store)
    store.insert(PARTICIPANT.into, participants, "ON CONFLICT DO NOTHING")
    new = people.newcomers(connection_id, last)
    all_new = len(touched) == len(participants) == people.number(store, new)
    if all_new and not reasons.by_event:
        _store_rest(store, connection_id, generation, answers)
        if participants:
            cause = reasons.listing()
            membership.add_new_members(
                store, new, cause, by_subscription=by_subscription, rules=rules
            )
    else:
        changed = people.customers(store, connection_id, touched)
        before = membership.counts(store, people.until(changed, last))
        store.insert(PARTICIPANT.into, participants, PARTICIPANT.then)
        _store_rest(store, connection_id, generation, answers)
        membership.refresh(
            store, changed, before, reasons, by_subscription=by_subscription, rules=rules
        )
    for answer in answers:
        if answer.products or _products_gone(answer):
            _renew_product_segments(store, connection_id, answer.event)
    if rules and catalogue != _catalogue(store, connection_id, answers):
        custom_segments.follow(
            store, people.all_participants(connection_id), rules, reasons.listing()
        )
    store.execute(
        "UPDATE connection SET request_seq = ? WHERE id = ? AND request_seq < ?",
        (seq := max(answer.seq for answer in answers), connection_id, seq),
    )


def _store_rest(
    store: Store, connection_id: int, generation: int, answers: Sequence[Fetched]
) -> None:
    def upsert(how: Upsert, field: str) -> None:
        store.insert(how.into, stamped(connection_id, generation, answers, field), how.then)

    upsert(PRODUCT, "products")
    upsert(PRICE, "prices")
    subscriptions.store_all(store, connection_id, generation, answers)
    for answer in answers:
        for gone in answer.gone:
            _store_gone(store, connection_id, generation, answer.seq, gone)
    quarantine.store_all(store, connection_id, generation, answers)


def _catalogue(store: Store, connection_id: int, answers: Sequence[Fetched]) -> list[Row]:
    """The values of these answers' products and prices that custom segments can filter by."""
    keys = {
        "product": {row.stripe_id for one in answers for row in one.products},
        "price": {row.stripe_id for one in answers for row in one.prices},
    }
    for gone in (gone for one in answers for gone in one.gone):
        keys.get(gone.table, set()).add(gone.stripe_id)
    columns = {"product": "name, active", "price": "nickname, active, unit_amount, interval"}
    return [
        row
        for table, asked in keys.items()
        for row in store.rows(
            f"SELECT stripe_id, {columns[table]}, deleted FROM {table} WHERE connection_id = ?"
            f" AND {store.among('stripe_id')} ORDER BY stripe_id",
            (connection_id, store.values(asked)),
        )
    ]


def _products_gone(answer: Fetched) -> bool:
    return any(gone.table == "product" for gone in answer.gone)


def _touched(answers: Iterable[Fetched]) -> set[str]:
    touched: set[str] = set()
    for answer in answers:
        touched.update(row.stripe_id for row in answer.participants)
        touched.update(gone.stripe_id for gone in answer.gone if gone.table == "participant")
    return touched


def _store_gone(
    store: Store, connection_id: int, generation: int, seq: int, gone: DeletedObject
) -> None:
    if gone.table == "participant":
        store.execute(_TOMBSTONE, (gone.stripe_id, connection_id, seq, generation))
        return
    store.execute(
        _GONE.format(table=gone.table), (seq, generation, connection_id, gone.stripe_id, seq)
    )


def _renew_product_segments(store: Store, connection_id: int, event: EventRow | None) -> None:
    """Give new products their segments at once, if the subscription segments exist."""
    if not membership.has_subscription_segments(store, connection_id):
        return
    cause = (
        history.event_cause(store, connection_id, event)
        if event
        else history.listing_cause(store, connection_id)
    )
    new = membership.follow_products(store, connection_id, cause)
    if new:
        membership.fill(store, people.buyers(store, connection_id, new), cause)


def _store_progress(store: Store, connection_id: int, delivery: SyncDelivery) -> None:
    store.execute_many(
        'INSERT INTO "window" (connection_id, id, listing, low, high, cursor, position, density)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection_id, id) DO UPDATE SET"
        " low = excluded.low, high = excluded.high, cursor = excluded.cursor,"
        " position = excluded.position, density = excluded.density",
        [(connection_id, *window) for window in delivery.open_windows],
    )
    store.execute_many(
        'DELETE FROM "window" WHERE connection_id = ? AND id = ?',
        [(connection_id, key) for key in delivery.closed_windows],
    )
    store.execute_many(
        "UPDATE step SET state = ?, done = ?, total = ?, message = ?"
        " WHERE connection_id = ? AND name = ?",
        [(*step[1:], connection_id, step.name) for step in delivery.steps],
    )
    store.execute_many(
        "INSERT INTO seen_event (connection_id, stripe_id, created, type, object_id)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (connection_id, stripe_id) DO NOTHING",
        [(connection_id, *event) for event in delivery.events],
    )
    event_hints.drop(store, connection_id, delivery.events)
    if delivery.requests:
        connections.count_reads(store, connection_id, delivery.requests)


def _is_about_a_row(problem: DatabaseProblem) -> bool:
    """Whether the database refused a value rather than the whole transaction."""
    cause = problem.__cause__
    names = {kind.__name__ for kind in type(cause).__mro__}
    about_rows = {"IntegrityError", "DataError", "InterfaceError", "ProgrammingError"}
    return bool(names & (about_rows | {"OverflowError", "UnicodeEncodeError"}))


class _Undo(Exception):
    """Ends a trial transaction."""


def _storable(store: Store, connection_id: int, answer: Fetched) -> list[Fetched]:
    """The answer split into single objects. Those that the database refuses are quarantined."""
    kept: list[Fetched] = []
    for one in _single_objects(answer):
        try:
            with store.transaction():
                _store_answers(store, connection_id, [one])
                raise _Undo
        except _Undo:
            kept.append(one)
        except DatabaseProblem as problem:
            if not _is_about_a_row(problem):
                raise
            kept.append(Fetched(one.seq, bad=[_bad(one, problem)]))
    return kept


def _single_objects(answer: Fetched) -> list[Fetched]:
    single = [Fetched(answer.seq, participants=[row]) for row in answer.participants]
    single += [Fetched(answer.seq, products=[row]) for row in answer.products]
    single += [Fetched(answer.seq, prices=[row]) for row in answer.prices]
    single += [
        Fetched(
            answer.seq,
            subscriptions=[row],
            items=[item for item in answer.items if item.subscription == row.stripe_id],
        )
        for row in answer.subscriptions
    ]
    return [*single, Fetched(answer.seq, gone=answer.gone, bad=answer.bad)]


def _bad(answer: Fetched, problem: DatabaseProblem) -> UnstorableObject:
    reason = f"the database refused it ({type(problem.__cause__).__name__})"
    for listing, rows in quarantine.listings(answer):
        for row in rows:
            return UnstorableObject(listing, row.stripe_id, reason, getattr(row, "customer", None))
    raise problem
