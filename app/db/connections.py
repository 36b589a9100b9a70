"""The stored state of a connection and its sync: status, steps, windows, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.db import membership
from app.db.indexes import subscription_indexes
from app.db.rows import StepRow, WindowRow
from app.db.store import Store

STEPS = ("products", "prices", "subscriptions", "segments", "customers")
RELIST = -1  # value of ``settled``: the next sync lists everything again
KEEP_EVENTS = 500


class Disconnected(Exception):
    """The account was disconnected, so nothing more from it may be stored."""


@dataclass(frozen=True)
class SyncState:
    """The state of a connection's sync. ``events_through``: every event up to then (on Stripe's
    clock) has been requested."""

    status: str
    generation: int
    settled: int
    request_seq: int
    events_through: int | None

    @property
    def due(self) -> bool:
        """Whether a full listing is due, even if the last listing is complete."""
        return self.status == "pending" or self.settled == RELIST


def find(store: Store, source: str, account: str, livemode: bool) -> int | None:
    """The id of a connection by its account and mode."""
    rows = store.rows(
        "SELECT id FROM connection WHERE source = ? AND account = ? AND livemode = ?",
        (source, account, livemode),
    )
    return int(rows[0][0]) if rows else None


def connected(store: Store) -> list[tuple[int, str, bool]]:
    """(id, account, livemode) of every connection that is not disconnected."""
    rows = store.rows(
        "SELECT id, account, livemode FROM connection WHERE status <> 'disconnected' ORDER BY id"
    )
    return [(key, account, bool(livemode)) for key, account, livemode in rows]


def record(
    store: Store, source: str, account: str, livemode: bool, name: str | None, method: str
) -> int:
    """Record an account as connected and return the connection's id. An account that is or was
    connected keeps its participants and segments. After a disconnection its sync starts over."""
    with store.transaction():
        store.execute(  # another Panelist may record it at the same moment
            "INSERT INTO connection (source, account, livemode, account_name, method, status,"
            " connected_at, generation, settled, request_seq)"
            " VALUES (?, ?, ?, ?, ?, 'pending', ?, 0, 0, 0) ON CONFLICT DO NOTHING",
            (source, account, livemode, name, method, store.now()),
        )
        known = find(store, source, account, livemode)
        assert known is not None
        store.execute(
            "UPDATE connection SET method = ?, account_name = coalesce(?, account_name)"
            " WHERE id = ?",
            (method, name, known),
        )
        store.execute(
            "UPDATE connection SET status = 'pending', connected_at = ?, disconnected_at = NULL,"
            " disconnect_reason = NULL WHERE id = ? AND status = 'disconnected'",
            (store.now(), known),
        )
        membership.create_segment(store, known, "all")
        store.execute_many(
            "INSERT INTO step (connection_id, name, position, state, done)"
            " VALUES (?, ?, ?, 'pending', 0) ON CONFLICT (connection_id, name) DO NOTHING",
            [(known, step, position) for position, step in enumerate(STEPS)],
        )
    return known


def sync_state(store: Store, connection_id: int) -> SyncState:
    """The state of the sync, as last committed."""
    return SyncState(
        *store.row(
            "SELECT status, generation, settled, request_seq, events_through"
            " FROM connection WHERE id = ?",
            (connection_id,),
        )
    )


def last_look(store: Store, connection_id: int) -> int | None:
    """When all changes were last known to be stored, on this computer's clock."""
    (at,) = store.row("SELECT last_polled_at FROM connection WHERE id = ?", (connection_id,))
    return None if at is None else int(at)


def begin_listing(
    store: Store, connection_id: int, through: int, windows: Iterable[WindowRow]
) -> None:
    """Start a full listing: a new generation with these windows. ``through`` is Stripe's clock
    before the first page. Later changes arrive as events."""
    with store.transaction():
        store.execute(
            "UPDATE connection SET generation = generation + 1, events_through = ?,"
            " settled = CASE WHEN settled = ? THEN 0 ELSE settled END,"
            " status = CASE WHEN status = 'pending' THEN 'syncing' ELSE status END WHERE id = ?",
            (through, RELIST, connection_id),
        )
        store.execute('DELETE FROM "window" WHERE connection_id = ?', (connection_id,))
        if store.rows("SELECT 1 FROM subscription LIMIT 1"):
            subscription_indexes.build(store)
        elif not membership.has_subscription_segments(store, connection_id):
            subscription_indexes.leave_out(store)
        store.execute_many(
            'INSERT INTO "window"'
            " (connection_id, id, listing, low, high, cursor, position, density)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(connection_id, *window) for window in windows],
        )
        store.execute(
            "UPDATE step SET state = 'pending', done = 0, total = NULL, message = NULL"
            " WHERE connection_id = ?",
            (connection_id,),
        )


def require_listing(store: Store, connection_id: int) -> None:
    """Make the next sync list everything again, whatever is already done."""
    with store.transaction():
        store.execute("UPDATE connection SET status = 'pending' WHERE id = ?", (connection_id,))


def steps(store: Store, connection_id: int) -> dict[str, StepRow]:
    """Every step by name."""
    rows = store.rows(
        "SELECT name, state, done, total, message FROM step WHERE connection_id = ?"
        " ORDER BY position",
        (connection_id,),
    )
    return {row[0]: StepRow(*row) for row in rows}


def windows(store: Store, connection_id: int) -> list[WindowRow]:
    """The parts of the current listing that are still to be fetched."""
    rows = store.rows(
        'SELECT id, listing, low, high, cursor, position, density FROM "window"'
        " WHERE connection_id = ? ORDER BY id",
        (connection_id,),
    )
    return [WindowRow(*row) for row in rows]


def set_status(store: Store, connection_id: int, old: Sequence[str], new: str) -> None:
    """Change a connection's status to ``new`` if it is one of ``old``."""
    marks = ", ".join("?" * len(old))
    with store.transaction():
        store.execute(
            f"UPDATE connection SET status = ? WHERE id = ? AND status IN ({marks})",
            (new, connection_id, *old),
        )


def settle(store: Store, connection_id: int) -> None:
    """Record that the current listing is complete and that all rows it did not see were checked."""
    with store.transaction():
        store.execute("UPDATE connection SET settled = generation WHERE id = ?", (connection_id,))


def disconnect(store: Store, connection_id: int, reason: str) -> None:
    """Stop following an account. Fetched data stays."""
    with store.transaction():
        store.execute(
            "UPDATE connection SET status = 'disconnected', disconnected_at = ?,"
            " disconnect_reason = ? WHERE id = ? AND status <> 'disconnected'",
            (store.now(), reason, connection_id),
        )


def renew(store: Store, connection_id: int) -> None:
    """Record that the account was connected again now, inside the caller's transaction."""
    store.execute(
        "UPDATE connection SET connected_at = ? WHERE id = ?", (store.now(), connection_id)
    )


def polled(store: Store, connection_id: int, through: int, newest: int | None, keep: int) -> None:
    """Record a complete poll: every event up to ``through`` is applied. Events from before ``keep``
    are deleted, except the last ones, which a screen may show."""
    with store.transaction():
        store.execute(
            "UPDATE connection SET events_through = ?, last_polled_at = ?,"
            " last_event_at = coalesce(?, last_event_at) WHERE id = ?",
            (through, store.now(), newest, connection_id),
        )
        store.execute(
            "DELETE FROM seen_event WHERE connection_id = ? AND created < ? AND stripe_id NOT IN"
            " (SELECT stripe_id FROM seen_event WHERE connection_id = ?"
            "  ORDER BY created DESC LIMIT ?)",
            (connection_id, keep, connection_id, KEEP_EVENTS),
        )


def unseen(store: Store, connection_id: int, event_ids: Sequence[str]) -> set[str]:
    """The events among these whose effects are not stored yet."""
    rows = store.rows(
        "SELECT stripe_id FROM seen_event WHERE connection_id = ? AND " + store.among("stripe_id"),
        (connection_id, store.values(event_ids)),
    )
    return set(event_ids) - {row[0] for row in rows}


def missed(store: Store, connection_id: int, table: str) -> list[str]:
    """Stripe ids of rows that the current generation did not see, which may be deleted."""
    rows = store.rows(
        f"SELECT t.stripe_id FROM {table} t JOIN connection c ON c.id = t.connection_id"
        " WHERE t.connection_id = ? AND NOT t.deleted AND t.generation < c.generation",
        (connection_id,),
    )
    return [row[0] for row in rows]


def number(store: Store, connection_id: int, table: str) -> int:
    """The number of objects in a table, without deleted ones."""
    counted = (
        "SELECT count FROM segment WHERE connection_id = ? AND key = 'all'"
        if table == "participant"
        else f"SELECT count(*) FROM {table} WHERE connection_id = ? AND NOT deleted"
    )
    (found,) = store.row(counted, (connection_id,))
    return int(found)


def without_events(store: Store, connection_id: int) -> int:
    """How many customers are Accounts, about whose changes Stripe sends no customer events."""
    (found,) = store.row(
        "SELECT count(*) FROM participant WHERE connection_id = ? AND NOT deleted"
        " AND customer_account IS NOT NULL",
        (connection_id,),
    )
    return int(found)


def unknown_to_events(store: Store, connection_id: int, customers: Iterable[str]) -> list[str]:
    """The customers among these that are not stored, or that Stripe sends no events about."""
    asked = set(customers)
    rows = store.rows(
        "SELECT stripe_id FROM participant WHERE connection_id = ?"
        f" AND {store.among('stripe_id')} AND (deleted OR customer_account IS NULL)",
        (connection_id, store.values(asked)),
    )
    return sorted(asked - {key for (key,) in rows})


def some_customers(store: Store, connection_id: int, number: int) -> list[str]:
    """The Stripe ids of the newest customers here that are not deleted."""
    rows = store.rows(
        "SELECT stripe_id FROM participant WHERE connection_id = ? AND NOT deleted"
        " ORDER BY id DESC LIMIT ?",
        (connection_id, number),
    )
    return [key for (key,) in rows]


def cuts(store: Store, connection_id: int, table: str, parts: int) -> list[int]:
    """The creation times that divide a table into this many parts of equal size."""
    size = number(store, connection_id, table)
    return [
        int(created)
        for part in range(1, parts)
        for (created,) in store.rows(
            f"SELECT created FROM {table} WHERE connection_id = ? AND NOT deleted"
            " AND created IS NOT NULL ORDER BY created LIMIT 1 OFFSET ?",
            (connection_id, size * part // parts),
        )
    ]


def count_reads(store: Store, connection_id: int, requests: int) -> None:
    """Add to today's requests to Stripe, inside the caller's transaction."""
    store.execute(
        "INSERT INTO read_count (connection_id, day, requests) VALUES (?, ?, ?)"
        " ON CONFLICT (connection_id, day)"
        " DO UPDATE SET requests = read_count.requests + excluded.requests",
        (connection_id, store.now() // 86_400, requests),
    )
