"""What the Status screen and ``panelist status`` show: one snapshot of a connection."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from app.db.people import LOST
from app.db.store import Row, Store

MONTH = 30 * 86_400
# Stripe allows 500 reads for each payment in 30 days, and at least 10,000
# (docs.stripe.com/rate-limits). The number of payments is unknown, so an active subscription counts
# as one a year.
LEAST_READS, READS_A_PAYMENT, PAYMENTS = 10_000, 500, 1 / 12


@dataclass(frozen=True)
class ConnectionView:
    """One account and the state of its sync. Times are seconds since 1970."""

    id: int
    source: str
    status: str  # pending, syncing, segments_synced, complete, disconnected
    account: str
    account_name: str | None
    livemode: bool
    method: str
    connected_at: int
    disconnected_at: int | None
    disconnect_reason: str | None
    last_event_at: int | None
    last_polled_at: int | None

    @property
    def mode(self) -> str:
        return "live" if self.livemode else "test"


@dataclass(frozen=True)
class StepView:
    """One step. ``total`` is None until it is known within a factor of two, and an estimate until
    the step is done. ``back_to``: everything that was created since then is here, None if nothing
    is known about that."""

    name: str  # products, prices, subscriptions, segments, customers
    state: str  # pending, running, done, skipped, failed
    done: int
    total: int | None
    message: str | None
    back_to: int | None = None


@dataclass(frozen=True)
class MessageView:
    at: int
    level: str  # info, warning, error
    step: str | None
    text: str


@dataclass(frozen=True)
class RecentChange:
    """A Stripe event whose effect is stored. ``name`` is foreign text."""

    at: int
    type: str
    object_id: str
    name: str | None


@dataclass(frozen=True)
class Overview:
    """Everything the Status screen needs, read in one go. ``deleted``: participants whom Stripe
    deleted. ``lost``: those whose row a salvage could not save, of whom only invites are known."""

    connection: ConnectionView | None
    participants: int = 0
    with_email: int = 0
    deleted: int = 0
    lost: int = 0
    segments: int = 0
    quarantined: int = 0
    steps: tuple[StepView, ...] = ()
    messages: tuple[MessageView, ...] = ()
    reads_30d: int = 0
    reads_allowed: int = LEAST_READS


def accounts(store: Store) -> list[ConnectionView]:
    """Every account that is or was connected: connected ones first, newest first."""
    rows = store.rows(
        "SELECT id, source, status, account, account_name, livemode, method, connected_at,"
        " disconnected_at, disconnect_reason, last_event_at, last_polled_at FROM connection"
        " ORDER BY status = 'disconnected', connected_at DESC, id DESC"
    )
    return [_connection(row) for row in rows]


def _connection(row: Row) -> ConnectionView:
    view = ConnectionView(*row)
    return replace(view, livemode=bool(view.livemode))  # SQLite returns a number


def overview(store: Store, connection_id: int | None = None) -> Overview:
    """The state of one connection: the given one, or else the first of :func:`accounts`."""
    known = [one for one in accounts(store) if connection_id in (None, one.id)]
    if not known:
        return Overview(None)
    connection = known[0]
    key = (connection.id,)
    total, with_email = store.row(
        "SELECT coalesce(sum(count), 0), coalesce(sum(with_email), 0)"
        " FROM segment WHERE connection_id = ? AND key = 'all'",
        key,
    )
    deleted, lost = store.row(
        f"SELECT coalesce(sum(CASE WHEN {LOST} THEN 0 ELSE 1 END), 0),"
        f" coalesce(sum(CASE WHEN {LOST} THEN 1 ELSE 0 END), 0)"
        " FROM participant p WHERE p.connection_id = ? AND p.deleted",
        key,
    )
    (segments,) = store.row("SELECT count(*) FROM segment WHERE connection_id = ?", key)
    (quarantined,) = store.row("SELECT count(*) FROM quarantine WHERE connection_id = ?", key)
    return Overview(
        connection,
        participants=int(total),
        with_email=int(with_email),
        deleted=int(deleted),
        lost=int(lost),
        segments=segments,
        quarantined=quarantined,
        steps=_steps(store, connection.id),
        messages=_messages(store, connection.id),
        reads_30d=reads(store, connection.id),
        reads_allowed=allowance(store, connection.id),
    )


def reads(store: Store, connection_id: int) -> int:
    """Requests to Stripe in the last 30 days."""
    (found,) = store.row(
        "SELECT coalesce(sum(requests), 0) FROM read_count WHERE connection_id = ? AND day > ?",
        (connection_id, int(time.time() - MONTH) // 86_400),
    )
    return int(found)


def allowance(store: Store, connection_id: int) -> int:
    """The minimum number of requests to Stripe allowed in 30 days."""
    (active,) = store.row(
        "SELECT coalesce(sum(count), 0) FROM segment WHERE connection_id = ? AND key = 'active'",
        (connection_id,),
    )
    return max(LEAST_READS, int(int(active) * PAYMENTS * READS_A_PAYMENT))


def _steps(store: Store, connection_id: int) -> tuple[StepView, ...]:
    rows = store.rows(
        "SELECT name, state, done, total, message FROM step WHERE connection_id = ?"
        " ORDER BY position",
        (connection_id,),
    )
    # Prices are two lists, so no single time is true of them.
    reached: dict[str, int] = dict(
        store.rows(
            'SELECT listing, max(coalesce(position, high)) FROM "window" WHERE connection_id = ?'
            " AND listing IN ('products', 'subscriptions', 'customers')"
            " AND (position IS NOT NULL OR low IS NOT NULL) GROUP BY listing",
            (connection_id,),
        )
    )
    return tuple(
        StepView(name, state, done, total, text, reached.get(name) if state == "running" else None)
        for name, state, done, total, text in rows
    )


def _messages(store: Store, connection_id: int) -> tuple[MessageView, ...]:
    rows = store.rows(
        "SELECT at, level, step, text FROM message WHERE connection_id = ?"
        " ORDER BY at DESC, id DESC LIMIT 100",
        (connection_id,),
    )
    return tuple(MessageView(*row) for row in rows)


def recent_changes(store: Store, connection_id: int, limit: int = 50) -> list[RecentChange]:
    """The newest changes that came as events, newest first."""
    rows = store.rows(
        "SELECT e.created, e.type, e.object_id,"
        " coalesce(p.name, p.email, q.name, q.email, r.name) FROM ("
        "  SELECT * FROM seen_event WHERE connection_id = ?"
        "  ORDER BY created DESC, stripe_id DESC LIMIT ?) e"
        " LEFT JOIN participant p"
        "   ON p.connection_id = e.connection_id AND p.stripe_id = e.object_id"
        " LEFT JOIN subscription s"
        "   ON s.connection_id = e.connection_id AND s.stripe_id = e.object_id"
        " LEFT JOIN participant q"
        "   ON q.connection_id = e.connection_id AND q.stripe_id = s.customer"
        " LEFT JOIN product r"
        "   ON r.connection_id = e.connection_id AND r.stripe_id = e.object_id"
        " ORDER BY e.created DESC, e.stripe_id DESC",
        (connection_id, limit),
    )
    return [RecentChange(*row) for row in rows]


def lost_words(view: Overview) -> str:
    """What is to know of participants whose row a salvage could not save, or "" without any."""
    if not view.lost:
        return ""
    said = "1 participant is" if view.lost == 1 else f"{view.lost:,} participants are"
    return f"{said} not known: only references to them were recovered, such as invites."


def status_json(view: Overview) -> dict[str, object]:
    """The object that ``panelist status --json`` prints."""
    connection = view.connection
    return {
        "connection": connection
        and {
            "source": connection.source,
            "status": connection.status,
            "account": connection.account,
            "account_name": connection.account_name,
            "mode": connection.mode,
            "method": connection.method,
            "connected_at": connection.connected_at,
            "disconnected_at": connection.disconnected_at,
            "disconnect_reason": connection.disconnect_reason,
        },
        "participants": {
            "total": view.participants,
            "with_email": view.with_email,
            "deleted": view.deleted,
            "lost": view.lost,
        },
        "segments": view.segments,
        "sync": {
            "steps": [
                {
                    "name": step.name,
                    "state": step.state,
                    "done": step.done,
                    "total": step.total,
                    "message": step.message,
                    "complete_since_at": step.back_to,
                }
                for step in view.steps
            ],
            "last_event_at": connection and connection.last_event_at,
            "last_polled_at": connection and connection.last_polled_at,
            "reads_30d": view.reads_30d,
        },
        "messages": [
            {
                "at": message.at,
                "level": message.level,
                "step": message.step,
                "text": message.text,
            }
            for message in view.messages
        ],
    }
