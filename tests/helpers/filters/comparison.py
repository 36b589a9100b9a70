"""Ask both databases, in both ways, and the plain evaluation; all must say the same."""

from __future__ import annotations

from app.panel.filters.compile import all_people
from app.panel.filters.compile import compile as compiled
from app.panel.filters.tree import Filter
from app.panel.filters.unparse import unparse
from tests.helpers.filters.meaning import found
from tests.helpers.filters.population import Population

Both = tuple[Population, Population]


def asked(rule: Filter, world: Population, *, everybody: bool) -> set[str]:
    condition = compiled(rule, world.store, world.connection_id, world.now, everybody=everybody)
    here = all_people(world.store) if everybody else "p.connection_id = ?"
    rows = world.store.rows(
        f"SELECT p.stripe_id FROM participant p WHERE {here} AND NOT p.deleted"
        f" AND ({condition.sql})",
        (world.connection_id, *condition.parameters),
    )
    return {key for (key,) in rows}


def assert_same(rule: Filter, both: Both) -> set[str]:
    expected = found(rule, both[0])
    for world in both:
        for everybody in (False, True):
            got = asked(rule, world, everybody=everybody)
            assert got == expected, (unparse(rule), world.store.where, everybody, got ^ expected)
    return expected
