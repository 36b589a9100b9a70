"""How often everything is listed again because events do not tell of all changes.

A customer that is an Account (Accounts v2) makes no ``customer.*`` events
(docs.stripe.com/accounts-v2/use-accounts-as-customers), so only a full listing shows its changes.
"""

from __future__ import annotations

from app.db import connections, history, sync_messages
from app.db.store import Store
from app.panel.overview import MONTH, allowance
from app.text import duration

SOONEST, LATEST = 3_600.0, 86_400.0
SHARE = 0.25  # of the month's API requests that these listings may take
PAGE = 100
STEP = "accounts"  # of the message about them


def interval(store: Store, connection_id: int) -> float | None:
    """Seconds between two full listings. None if events tell of every change."""
    if not connections.without_events(store, connection_id):
        return None
    objects = sum(
        connections.number(store, connection_id, table)
        for table in ("participant", "subscription", "product", "price")
    )
    cost = objects / PAGE + 10
    affordable = SHARE * allowance(store, connection_id) / cost
    return min(LATEST, max(SOONEST, MONTH / affordable))


def due(store: Store, connection_id: int, now: float) -> bool:
    """Whether the next full listing is due."""
    pause = interval(store, connection_id)
    if pause is None:
        return False
    last = history.last_listing(store, connection_id)
    return last is None or now - last >= pause


def record_interval(store: Store, connection_id: int) -> None:
    """Record for a person how many customers these are, and how often they are looked at."""
    pause, number = (
        interval(store, connection_id),
        connections.without_events(store, connection_id),
    )
    if pause is None:
        sync_messages.delete_message(store, connection_id, STEP)
        return
    who = "1 customer is a Stripe Account" if number == 1 else f"{number:,} customers are Accounts"
    text = (
        f"{who} (Accounts v2). Stripe sends no events about changes of these, so everything is"
        f" listed again every {duration(pause)}."
    )
    known = "SELECT 1 FROM message WHERE connection_id = ? AND text = ?"
    if not store.rows(known, (connection_id, text)):
        sync_messages.record_message(store, connection_id, "info", STEP, text)
