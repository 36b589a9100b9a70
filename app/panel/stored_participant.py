"""A participant's stored fields, in the form the panel uses. It handles every field without naming
it.

A new field in :mod:`app.db.rows` is read, written and masked without a change here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.db.people import LOST_ID
from app.db.rows import PARTICIPANT_FIELDS, ParticipantRow
from app.db.store import Store
from app.db.stored_json import stored_metadata
from app.text import masked

COLUMNS = ", ".join(f"p.{field.name}" for field in PARTICIPANT_FIELDS)
MASKED = frozenset(field.name for field in PARTICIPANT_FIELDS if field.masked)
_JSON = frozenset(field.name for field in PARTICIPANT_FIELDS if field.kind == "json")


@dataclass(frozen=True)
class StoredParticipant:
    """A participant by row id. All texts in ``stored`` are foreign text, exactly as Stripe sent
    them. Times are seconds since 1970."""

    id: int
    stored: ParticipantRow
    deleted: bool

    @property
    def lost(self) -> bool:
        """Whether only what refers to the participant is known, because a salvage lost the row."""
        return self.deleted and self.stored.stripe_id.startswith(LOST_ID)

    @property
    def stripe_id(self) -> str:
        return self.stored.stripe_id

    @property
    def name(self) -> str | None:
        return self.stored.name

    @property
    def email(self) -> str | None:
        return self.stored.email

    @property
    def phone(self) -> str | None:
        return self.stored.phone

    @property
    def currency(self) -> str | None:
        return self.stored.currency

    @property
    def customer_account(self) -> str | None:
        return self.stored.customer_account

    @property
    def created(self) -> int | None:
        return self.stored.created


def stored(store: Store, ids: Sequence[int]) -> dict[int, StoredParticipant]:
    """These participants by row id, without those that are not stored (any more)."""
    rows = store.rows(
        f"SELECT p.id, p.deleted, {COLUMNS} FROM participant p WHERE {store.among('p.id')}",
        (store.values(ids),),
    )
    return {
        key: StoredParticipant(key, ParticipantRow(*fields), bool(deleted))
        for key, deleted, *fields in rows
    }


def values(row: Sequence[Any]) -> dict[str, Any]:
    """Every stored field by name, with JSON decoded."""
    return {
        name: stored_metadata(value) if name in _JSON else value
        for name, value in zip(ParticipantRow._fields, row, strict=True)
    }


def hidden(value: Any) -> Any:
    """A value with its content masked: a text, or each text in a JSON object or list."""
    match value:
        case dict():
            return {key: hidden(one) for key, one in value.items()}
        case list():
            return [hidden(one) for one in value]
        case None:
            return None
    return masked(str(value))
