"""What the sync does now, and the health of the connection in labelled lines."""

from __future__ import annotations

from app.services.snapshot import Snapshot
from app.text import duration, when
from app.widgets.content import Content, labelled, para, words


def activity_line(snapshot: Snapshot) -> Content:
    """What the sync does now, or why none runs and what to do."""
    connection, activity = snapshot.view.connection, snapshot.activity
    if activity is not None:
        glyph = ("▲ ", "bold $warn") if activity.problem else ("● ", "$completed")
        if activity.looking_on:
            glyph = ("◌ ", "$completed")
        return words(glyph, activity.doing)
    if snapshot.note:
        return words(("▲ ", "bold $warn"), snapshot.note)
    if connection is None:
        return words("No account is connected yet. Press ", ("1", "bold"), " (Connect).")
    if connection.status == "disconnected":
        return words("Press ", ("1", "bold"), " (Connect) to connect again.")
    return words(
        ("▲ ", "bold $warn"),
        "Not syncing, because no credentials are stored. Press ",
        ("1", "bold"),
        " (Connect), or set PANELIST_STRIPE_KEY.",
    )


def health_lines(snapshot: Snapshot, kept: str) -> Content:
    """How old the data is, when the next check is due, and what the checks cost."""
    connection, activity, now = snapshot.view.connection, snapshot.activity, snapshot.now
    if connection is None:
        return words()
    at = connection.last_polled_at
    lines = [("Updated", when(at, now) if at else "not yet")]
    if connection.status != "disconnected":
        if activity is not None and activity.next_poll_at:
            left = duration(max(0.0, activity.next_poll_at - now))
            lines.append(("Next check", f"in {left}, {activity.pace}"))
        if connection.last_event_at:
            lines.append(("Last event", when(connection.last_event_at, now)))
        view = snapshot.view
        lines.append(
            ("API requests", f"{view.reads_30d:,} of at least {view.reads_allowed:,} this month")
        )
        lines.append(("Credentials", kept))
    return para(labelled(label, value) for label, value in lines)
