"""Explains why a filter finds a participant or not: the deciding part, and the actual facts."""

from __future__ import annotations

from collections.abc import Sequence

from app.db.rows import ParticipantRow
from app.db.store import Store
from app.db.stored_json import stored_metadata
from app.panel.filters.compile import compile as condition_of
from app.panel.filters.describe import describe
from app.panel.filters.errors import FilterError
from app.panel.filters.fields import FIELDS
from app.panel.filters.parse import parse
from app.panel.filters.scopes import scoped
from app.panel.filters.tree import And, Filter, Has, In, Term, leaves
from app.panel.person import HeldSubscription
from app.panel.stored_participant import MASKED, stored
from app.panel.subscription_facts import SubscriptionFacts
from app.text import plain

SAID = 200  # maximum characters of a rule in words


def decided(
    store: Store, row_id: int, text: str, held: Sequence[HeldSubscription], now: float
) -> tuple[bool, str]:
    """Whether the filter finds the participant with this row id and these subscriptions at ``now``
    (seconds since 1970), and the reason. It runs the same SQL that keeps the segment."""
    (connection_id,) = store.row("SELECT connection_id FROM participant WHERE id = ?", (row_id,))
    try:
        rule = scoped(parse(text))
        parts = rule.parts if isinstance(rule, And) else (rule,)
        failing = [one for one in parts if not _holds(store, connection_id, row_id, one, now)]
    except FilterError as error:  # a segment in the filter was deleted
        return False, plain(error.sentence.rstrip("."), SAID)
    if not failing:
        return True, describe(rule, SAID)
    row = stored(store, [row_id])[row_id].stored
    facts_said = "; ".join(_facts(failing[0], row, held, SubscriptionFacts(now)))
    return False, f"it requires that {describe(failing[0], SAID)}, but {facts_said}"


def _holds(store: Store, connection_id: int, row_id: int, part: Filter, now: float) -> bool:
    condition = condition_of(part, store, connection_id, now)
    return bool(
        store.rows(
            f"SELECT 1 FROM participant p WHERE p.id = ? AND ({condition.sql})",
            (row_id, *condition.parameters),
        )
    )


def _facts(
    part: Filter, row: ParticipantRow, held: Sequence[HeldSubscription], facts: SubscriptionFacts
) -> list[str]:
    """The facts about every field in this part of the filter, each once."""
    said = []
    for leaf in leaves(part):
        if isinstance(leaf, In):
            said.append(f"membership of “{plain(leaf.segment, 60)}” is different")
        elif leaf.field == "subscriptions" and not isinstance(leaf, Has):
            said.append(f"there are {len(held)}" if len(held) != 1 else "there is 1")
        elif leaf.field == "subscription" or FIELDS[leaf.field].owner != "person":
            said.append(facts.list(held) if held else "there is no subscription")
        else:
            said.append(_of_person(leaf, row, facts))
    return list(dict.fromkeys(said))


def _of_person(leaf: Term | Has, row: ParticipantRow, facts: SubscriptionFacts) -> str:
    """A fact about one field. Names, emails and metadata are not repeated, because others may see
    the screen."""
    if leaf.field == "created":
        return (
            f"the customer was created on {facts.on(row.created)}"
            if row.created is not None
            else "it is unknown when the customer was created"
        )
    if leaf.field == "metadata":
        there = stored_metadata(row.metadata)
        key = f"metadata “{plain(leaf.key, 40)}”" if leaf.key is not None else "metadata"
        found = leaf.key in there if leaf.key is not None else bool(there)
        return f"{key} has a different value" if found else f"there is no {key}"
    column = FIELDS[leaf.field].column
    value = getattr(row, column)
    if not value:
        return f"there is no {leaf.field}"
    if column not in MASKED:
        return f"the {leaf.field} is {plain(str(value), 40)}"
    return f"the {leaf.field} is different"
