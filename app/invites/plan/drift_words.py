"""Describes what changed since a plan was made: people added, people dropped, and the mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.db.store import Store
from app.invites.plan.drift import PlanDrift, ResultChange
from app.invites.plan.members import stripe_ids
from app.invites.plan.outcomes import Outcome, reason

PLUS, MINUS = "+", "−"
MOST = 20  # names of each kind


@dataclass(frozen=True)
class NamedChange:
    """A member who would be invited now (``sign`` is :data:`PLUS`), or who fell out. ``why``: the
    reason, "" for those who would be invited. The name and the address are as in Stripe."""

    sign: str
    stripe_id: str
    name: str | None
    email: str | None
    why: str


def named(
    store: Store, drift: PlanDrift, changes: Sequence[ResultChange], sign: str, most: int = MOST
) -> list[NamedChange]:
    """The first of these members by name. Raises DatabaseProblem."""
    some = changes[:most]
    rows = store.rows(
        f"SELECT id, stripe_id, name, email FROM participant WHERE {store.among('id')}",
        (store.values([one.participant for one in some]),),
    )
    people = {key: (stripe_id, name, email) for key, stripe_id, name, email in rows}
    keepers = [one.after[1] for one in some if one.after and one.after[0] is Outcome.SAME_MAILBOX]
    names = stripe_ids(store, keepers) if keepers else {}
    return [
        NamedChange(sign, *people[one.participant], _why(one, sign, names, drift.plan.now))
        for one in some
        if one.participant in people
    ]


def _why(change: ResultChange, sign: str, names: Mapping[int, str], now: float) -> str:
    if sign == PLUS:
        return ""
    if change.address:
        return "has another address now"
    if change.after is None:
        return "left the segments"
    outcome, detail = change.after
    if outcome is Outcome.NOT_SAMPLED:
        return "not in the new sample"
    if outcome is Outcome.INVITE:
        return "changed just now"
    return reason(outcome, detail, names, now)
