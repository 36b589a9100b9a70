"""The invitation log: who was invited to which study, when, and what became of it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from app.db.folded_text import folded_column
from app.db.store import Store
from app.invites.states import written_to
from app.panel.lists.order import Ids
from app.text import fold

_ROW = (
    "SELECT i.id, i.study_id, s.title, i.participant_id, p.stripe_id, p.name, i.address, i.state,"
    " i.reminder, r.way, i.queued_at, i.sent_at, i.reminded_at, i.ended_at, i.expires_at, i.reason,"
    " i.answer, i.token FROM invite i JOIN study s ON s.id = i.study_id"
    " JOIN participant p ON p.id = i.participant_id JOIN run r ON r.id = i.run_id"
)


@dataclass(frozen=True)
class InviteRow:
    """The current state of an invite. ``reminder``: the state of its reminder, or None without one.
    ``answer``: what the mail server said. ``reason``: why it ended. ``token``: in its link. Times
    are as in the database."""

    id: int
    study_id: int
    study: str
    participant_id: int
    stripe_id: str
    name: str | None
    address: str | None
    state: str
    reminder: str | None
    way: str
    queued_at: int
    sent_at: int | None
    reminded_at: int | None
    ended_at: int | None
    expires_at: int | None
    reason: str | None
    answer: str | None
    token: str


def invite_ids(
    store: Store,
    connection_id: int,
    *,
    study_id: int | None = None,
    states: Sequence[str] = (),
    text: str = "",
) -> Ids:
    """The row ids of invites, the newest first. ``states``: only invites in one of them; uncertain
    also includes invites whose reminder is uncertain. ``text``: only participants whose name,
    address or Stripe id contains it, as a search compares texts. Raises DatabaseProblem."""
    conditions, values = ["i.connection_id = ?"], [connection_id]
    parameters: list[object] = list(values)
    if study_id is not None:
        conditions.append("i.study_id = ?")
        parameters.append(study_id)
    if states:
        reminders = " OR i.reminder = 'uncertain'" if "uncertain" in states else ""
        conditions.append(f"({store.among('i.state')}{reminders})")
        parameters.append(store.values(list(states)))
    if text:
        name = folded_column("p.name", postgres=store.postgres)
        looked = (
            f"coalesce({name}, '') || ' ' || lower(coalesce(i.address, ''))"
            " || ' ' || lower(p.stripe_id)"
        )
        text = fold(text)
        conditions.append(f"({looked}) LIKE ? ESCAPE '!'")
        for sign in "!%_":
            text = text.replace(sign, "!" + sign)
        parameters.append(f"%{text}%")
    rows = store.rows(
        "SELECT i.id FROM invite i JOIN participant p ON p.id = i.participant_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY i.id DESC",
        parameters,
    )
    return array("q", (row[0] for row in rows))


def columns_in_use(store: Store, connection_id: int, study_id: int | None) -> frozenset[str]:
    """Which of the columns reminder and reason any of these invites has. Raises DatabaseProblem."""
    of_study = "" if study_id is None else " AND study_id = ?"
    given = (connection_id,) if study_id is None else (connection_id, study_id)
    conditions = {"reminder": "reminder IS NOT NULL",
                  "reason": "(reason IS NOT NULL OR answer IS NOT NULL)"}  # fmt: skip
    return frozenset(
        name
        for name, condition in conditions.items()
        if store.rows(
            f"SELECT 1 FROM invite WHERE connection_id = ?{of_study} AND {condition} LIMIT 1", given
        )
    )


def invited(store: Store, study_id: int) -> int:
    """To how many participants an invite of the study was sent. Raises DatabaseProblem."""
    (number,) = store.row(
        f"SELECT count(*) FROM invite WHERE study_id = ? AND {written_to()}", (study_id,)
    )
    return int(number)


def invite_rows(store: Store, ids: Sequence[int]) -> list[InviteRow]:
    """These invites, in the given order. Raises DatabaseProblem."""
    found = store.rows(f"{_ROW} WHERE {store.among('i.id')}", (store.values(ids),))
    by_id = {row[0]: InviteRow(*row) for row in found}
    return [by_id[one] for one in ids if one in by_id]


def of_person(store: Store, participant_id: int) -> list[InviteRow]:
    """All invites of one participant, the newest first. Raises DatabaseProblem."""
    found = store.rows(f"{_ROW} WHERE i.participant_id = ? ORDER BY i.id DESC", (participant_id,))
    return [InviteRow(*row) for row in found]


def without_address(answer: str | None) -> str | None:
    """A server's answer for a shared screen: only its code, because its sentence may name the
    mailbox."""
    return f"{answer[:3]} •••" if answer else answer
