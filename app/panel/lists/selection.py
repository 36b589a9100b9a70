"""Which people: a segment's members, narrowed by any conditions, as SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.db.store import Store

EVERYBODY = "all"
CHUNK = 20_000  # row ids that are taken at a time: some milliseconds
MANY = 320_000  # where a condition asks as much for some people as for all


@dataclass(frozen=True)
class Condition:
    """SQL on the columns of ``participant p``, with its parameters. ``few``: it names some people
    by ``p.id``, so that it is quicker to begin with them than with a segment's members. ``near``:
    the same, quicker to ask of some thousand people than of all; None: there is no other way."""

    sql: str
    parameters: tuple[object, ...] = ()
    few: bool = False
    near: Condition | None = None


@dataclass(frozen=True)
class Selection:
    """The members of one segment (None: everybody who is not deleted) that meet all conditions."""

    connection_id: int
    segment: str | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def key(self) -> str:
        """The segment's key."""
        return EVERYBODY if self.segment is None else self.segment


@dataclass(frozen=True)
class ResolvedSelection:
    """The same, once its segment is looked up. A segment that is not there has no members."""

    chosen: Selection
    segment_id: int
    members: int  # of the segment, whatever the conditions
    step: Callable[[], None] = lambda: None  # called for each chunk; may raise to end the work

    @property
    def narrowed(self) -> Condition:
        """The conditions as one; without any it is empty."""
        conditions = self.chosen.conditions
        return Condition(
            "".join(f" AND ({one.sql})" for one in conditions),
            tuple(value for one in conditions for value in one.parameters),
        )

    @property
    def near(self) -> Condition | None:
        """The conditions as one, for some thousand people; None: for them it is no other."""
        conditions = self.chosen.conditions
        if all(one.near is None for one in conditions):
            return None
        asked = tuple(one.near or one for one in conditions)
        return replace(self, chosen=replace(self.chosen, conditions=asked)).narrowed

    def source(self, member: str = "m.segment_id = ?") -> Condition:
        """SQL from FROM on: ``member m`` of the segment with the ``participant p`` of each, where
        that is asked for."""
        more = self.narrowed
        source = "member m"
        if any(one.few for one in self.chosen.conditions):
            # SQLite reads the tables of a CROSS JOIN in their order.
            source, member = (
                "participant p CROSS JOIN member m",
                f"m.participant_id = p.id AND {member}",
            )
        elif more.sql:
            source += " JOIN participant p ON p.id = m.participant_id"
        return Condition(
            f"FROM {source} WHERE {member}{more.sql}", (self.segment_id, *more.parameters)
        )


def find(store: Store, chosen: Selection) -> ResolvedSelection:
    """Look the segment up."""
    rows = store.rows(
        "SELECT id, count FROM segment WHERE connection_id = ? AND key = ?",
        (chosen.connection_id, chosen.key),
    )
    return ResolvedSelection(chosen, *rows[0]) if rows else ResolvedSelection(chosen, 0, 0)


def row_ids(
    store: Store, found: ResolvedSelection, *, size: int = CHUNK, upwards: bool = True
) -> Iterator[list[int]]:
    """The row ids of these people in their order, at most ``size`` at a time."""
    last, after, edge, order = (
        (-1, "m.participant_id > ?", "max(id)", "")
        if upwards
        else (2**63 - 1, "m.participant_id < ?", "min(id)", " DESC")
    )
    source = found.source()
    sql = (
        f"SELECT {store.gathered('id')}, {edge}, count(*) FROM (SELECT m.participant_id AS id"
        f" {source.sql} AND {after} ORDER BY m.participant_id{order} LIMIT ?) x"
    )
    while True:
        found.step()
        gathered, edge_id, number = store.row(sql, (*source.parameters, last, size))
        if number:
            yield store.unpacked(gathered)
            last = edge_id
        if number < size:
            return


def beginning(
    store: Store,
    found: ResolvedSelection,
    near: Condition,
    people: int,
    size: int,
    *,
    upwards: bool = True,
) -> list[int]:
    """The first row ids, at most ``size``, of those of the first ``people`` of the segment who meet
    its conditions, asked as :attr:`ResolvedSelection.near` has them."""
    way = "" if upwards else " DESC"
    sql = (
        "SELECT p.id FROM (SELECT m.participant_id AS id FROM member m WHERE m.segment_id = ?"
        f" ORDER BY m.participant_id{way} LIMIT ?) x JOIN participant p ON p.id = x.id"
        f" WHERE true{near.sql} ORDER BY x.id{way} LIMIT ?"
    )
    found.step()
    rows = store.rows(sql, (found.segment_id, people, *near.parameters, size))
    return [one for (one,) in rows]
