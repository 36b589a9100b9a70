"""What a person checks before a plan is sent: how many, to which address, and who remains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.db.store import Store
from app.invites.mail import template
from app.invites.mail.addresses import written
from app.invites.mail.template import Message, calling_name
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.members import Checkpoint
from app.invites.plan.outcomes import Outcome
from app.invites.plan.plan import Plan
from app.panel.lists.selection import CHUNK

FIRST = 12  # invitees that are named


class Invitee(NamedTuple):
    """The name and the email of an invitee, as in Stripe."""

    name: str | None
    email: str | None


@dataclass(frozen=True)
class Summary:
    """``named``: how many invitees have a name. ``first``: some of them. ``to`` and ``message``:
    those of one invitee. ``free_at``: when the first member in cool-down may be invited. ``left``:
    how many more members could be invited afterwards."""

    plan: LockedPlan
    size: int
    counts: Mapping[Outcome, int]
    already: Mapping[int, int]
    named: int
    first: tuple[Invitee, ...]
    to: str | None
    message: Message | None
    free_at: int | None

    @property
    def number(self) -> int:
        """How many will be invited."""
        return self.counts[Outcome.INVITE]

    @property
    def left(self) -> int:
        return self.counts[Outcome.NOT_SAMPLED]


def summarise(
    store: Store, frozen: LockedPlan, made: Plan, checkpoint: Checkpoint = lambda: None
) -> Summary:
    """The summary of a plan that was made and locked. Raises DatabaseProblem."""
    invited, named = made.ids(Outcome.INVITE), 0
    to, message = None, None
    first: tuple[Invitee, ...] = ()
    for start in range(0, len(invited), CHUNK):
        checkpoint()
        rows = store.rows(
            f"SELECT name, email FROM participant WHERE {store.among('id')} ORDER BY id",
            (store.values(invited[start : start + CHUNK]),),
        )
        named += sum(bool(calling_name(name)) for name, _ in rows)
        if message is None and rows:
            first = tuple(Invitee(*row) for row in rows[:FIRST])
            (name, email) = rows[0]
            address = written(email or "")
            to = address if isinstance(address, str) else None
            message = template.render(frozen.template, name, "…")
    waits = made.details(Outcome.COOL_DOWN)
    return Summary(
        plan=frozen,
        size=len(made),
        counts=made.counts(),
        already=made.details(Outcome.ALREADY),
        named=named,
        first=first,
        to=to,
        message=message,
        free_at=min(waits) if waits else None,
    )
