"""What a sync records for a person to read: one message a step, each text once."""

from __future__ import annotations

import time

from app.db.store import Store

KEEP_MESSAGES = 200


def record_message(
    store: Store, connection_id: int, level: str, step: str | None, text: str
) -> None:
    """Record a message. A step has one message at a time. The same text is stored once, with its
    latest time."""
    with store.transaction():
        store.execute(
            "DELETE FROM message WHERE connection_id = ? AND (text = ? OR step = ?)",
            (connection_id, text, step),
        )
        store.execute(
            "INSERT INTO message (connection_id, at, level, step, text) VALUES (?, ?, ?, ?, ?)",
            (connection_id, int(time.time()), level, step, text),
        )
        store.execute(
            "DELETE FROM message WHERE connection_id = ? AND id NOT IN (SELECT id FROM message"
            " WHERE connection_id = ? ORDER BY at DESC, id DESC LIMIT ?)",
            (connection_id, connection_id, KEEP_MESSAGES),
        )


def delete_message(store: Store, connection_id: int, step: str) -> None:
    """Delete a step's message, which is no longer true."""
    with store.transaction():
        store.execute(
            "DELETE FROM message WHERE connection_id = ? AND step = ?", (connection_id, step)
        )


def say_quarantined(store: Store, connection_id: int) -> None:
    """Record how many objects could not be stored. If there are none, delete that message."""
    (count,) = store.row(
        "SELECT count(*) FROM quarantine WHERE connection_id = ?", (connection_id,)
    )
    if not count:
        delete_message(store, connection_id, "quarantine")
        return
    objects = "1 object" if count == 1 else f"{count:,} objects"
    text = f"{objects} could not be stored. To see which and why, run panelist info."
    if not store.rows(
        "SELECT 1 FROM message WHERE connection_id = ? AND text = ?", (connection_id, text)
    ):
        record_message(store, connection_id, "warning", "quarantine", text)
