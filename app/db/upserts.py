"""Stores rows unless the answer to a newer request is already stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from app.db.folded_text import BESIDE
from app.db.rows import Fetched, ParticipantRow, PriceRow, ProductRow, SubscriptionRow

STAMP = ("connection_id", "seq", "generation", "deleted")

_by_stripe_id = itemgetter(0)


@dataclass(frozen=True)
class Upsert:
    """What to insert into, and what to do if the row exists."""

    into: str
    then: str


def _upsert(table: str, fields: Sequence[str], *, final: bool = False) -> Upsert:
    """``final``: a deletion is never undone, because Stripe does not reuse these ids."""
    columns = (*fields, *STAMP)
    kept = ", ".join(
        f"{name} = excluded.{name}"
        for name in columns
        if name not in ("connection_id", "stripe_id")
    )
    alive = f" AND NOT {table}.deleted" if final else ""
    return Upsert(
        f"{table} ({', '.join(columns)})",
        f"ON CONFLICT (connection_id, stripe_id) DO UPDATE SET {kept}"
        f" WHERE excluded.seq > {table}.seq{alive}",
    )


PARTICIPANT = _upsert("participant", (*ParticipantRow._fields, "folded"), final=True)
SUBSCRIPTION = _upsert("subscription", SubscriptionRow._fields, final=True)
PRODUCT = _upsert("product", (*ProductRow._fields, "folded"))
PRICE = _upsert("price", (*PriceRow._fields, "folded"))


def stamped(
    connection_id: int, generation: int, answers: Iterable[Fetched], field: str
) -> list[tuple[Any, ...]]:
    """The rows of one table with their folded texts, request and generation. They are in index
    order, so that the index is walked once from end to end."""
    rows: list[tuple[Any, ...]] = []
    beside = BESIDE.get(field)
    for answer in answers:
        stamp = (connection_id, answer.seq, generation, False)
        fetched = getattr(answer, field)
        if beside is None:
            rows += [row + stamp for row in fetched]
        else:
            rows += [row + beside(row) + stamp for row in fetched]
    rows.sort(key=_by_stripe_id)
    return rows
