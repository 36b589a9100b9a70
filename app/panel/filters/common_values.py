"""How many people have the values that a filter can ask for, from counts that are kept anyway."""

from __future__ import annotations

from app.db.store import Store
from app.panel.segments.views import segments

STATUSES = ("active", "trialing", "past_due", "canceled", "paused", "unpaid")  # and segments


def common_values(store: Store, connection_id: int) -> dict[tuple[str, str], int]:
    """The number of people for statuses, products and segments, by field and value. For a status it
    is the number in its segment, and who also has a better one is not in that."""
    found: dict[tuple[str, str], int] = {}
    for one in segments(store, connection_id):
        found["in", one.name] = one.count
        if one.key in STATUSES:
            found["status", one.key] = one.count
        elif one.kind == "product":
            found["product", one.name] = found.get(("product", one.name), 0) + one.count
    return found
