"""The members of a plan as rows: who, their result and why."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.plan.members import stripe_ids
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.plan import Plan
from app.panel.lists.order import Ids
from app.panel.lists.rows import PersonRow, rows
from app.screens.people_rows import PeopleRows, name_cells
from app.widgets.table.table import Cell, Column

COLUMNS = (
    Column("Name", 14, grow=2, most=36),
    Column("Email", 18, grow=4, most=44, priority=1),
    Column("Result", 15, grow=2, most=60),
    Column("Plan", 12, grow=1, most=30, priority=3),
    Column("Stripe ID", 18, grow=1, most=30, priority=4),
)


class PlanRows(PeopleRows):
    """The participants with these row ids, who have the same result in a plan."""

    def __init__(self, store: Store, plan: Plan, ids: Ids, *, masking: bool = False) -> None:
        super().__init__(store, plan.connection_id, ids, masking=masking)
        self._plan = plan

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        ids, plan = self.ids[start:stop], self._plan
        outcomes = {one: plan.of(one) for one in ids}
        same = [
            found[1] for found in outcomes.values() if found and found[0] is Outcome.SAME_MAILBOX
        ]
        try:
            known = {one.id: one for one in rows(self._store, self._connection_id, ids)}
            names = stripe_ids(self._store, same) if same else {}
        except DatabaseProblem as problem:
            return [(Cell(str(problem), "$never"),) for _ in ids]
        shown = []
        for one in ids:
            found, person = outcomes[one], known.get(one)
            said = reason(*found, names, plan.now) if found else ""
            shown.append(_cells(person, said, self._masking) if person else ())
        return shown


def _cells(one: PersonRow, said: str, masking: bool) -> tuple[Cell, ...]:
    return (
        *name_cells(one, masking),
        Cell(said),
        Cell(one.plan, "$muted"),
        Cell(one.stripe_id, "$muted"),
    )
