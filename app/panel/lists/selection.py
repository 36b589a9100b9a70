"""Selects participants: a segment's members, narrowed by any conditions, as SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.db.store import Store

EVERYBODY = "all"
CHUNK = 20_000  # row ids read at a time, which takes some milliseconds
MANY = 320_000  # the same where a condition costs as much for some as for all


@dataclass(frozen=True)
class Condition:
    """SQL on the columns of ``participant p``, with its parameters. ``few``: it names some
    participants by ``p.id``, so starting with them is faster than starting with a segment's
    members. ``near``: the same condition in a form that is faster for some thousand participants
    than for all. None means that there is no other form."""

    sql: str
    parameters: tuple[object, ...] = ()
    few: bool = False
    near: Condition | None = None


@dataclass(frozen=True)
class Selection:
    """The members of one segment (None: everyone who is not deleted) that meet all conditions."""

    connection_id: int
    segment: str | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def key(self) -> str:
        """The segment's key."""
        return EVERYBODY if self.segment is None else self.segment


@dataclass(frozen=True)
class ResolvedSelection:
    """A selection with its segment looked up. A segment that does not exist has no members."""

    chosen: Selection
    segment_id: int
    members: int  # of the segment, ignoring the conditions
    step: Callable[[], None] = lambda: None  # called for each chunk, may raise to stop the work

    @property
    def narrowed(self) -> Condition:
        """All conditions as one. It is empty without conditions."""
        conditions = self.chosen.conditions
        return Condition(
            "".join(f" AND ({one.sql})" for one in conditions),
            tuple(value for one in conditions for value in one.parameters),
        )

    @property
    def near(self) -> Condition | None:
        """All conditions as one, in the form for some thousand participants. None if that form is
        no different."""
        conditions = self.chosen.conditions
        if all(one.near is None for one in conditions):
            return None
        asked = tuple(one.near or one for one in conditions)
        return replace(self, chosen=replace(self.chosen, conditions=asked)).narrowed

    def source(self, member: str = "m.segment_id = ?") -> Condition:
        """SQL from FROM on: ``member m`` of the segment, and each ``participant p`` where the
        conditions need it."""
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
    """Look up the selection's segment."""
    rows = store.rows(
        "SELECT id, count FROM segment WHERE connection_id = ? AND key = ?",
        (chosen.connection_id, chosen.key),
    )
    return ResolvedSelection(chosen, *rows[0]) if rows else ResolvedSelection(chosen, 0, 0)


def row_ids(
    store: Store, found: ResolvedSelection, *, size: int = CHUNK, upwards: bool = True
) -> Iterator[list[int]]:
    """The row ids of the selected participants in order, at most ``size`` at a time."""
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
    """The first row ids, at most ``size``, among the segment's first ``people`` members that meet
    its conditions in the form of :attr:`ResolvedSelection.near`."""
    way = "" if upwards else " DESC"
    sql = (
        "SELECT p.id FROM (SELECT m.participant_id AS id FROM member m WHERE m.segment_id = ?"
        f" ORDER BY m.participant_id{way} LIMIT ?) x JOIN participant p ON p.id = x.id"
        f" WHERE true{near.sql} ORDER BY x.id{way} LIMIT ?"
    )
    found.step()
    rows = store.rows(sql, (found.segment_id, people, *near.parameters, size))
    return [one for (one,) in rows]
