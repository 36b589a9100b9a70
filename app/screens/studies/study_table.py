"""The table of studies: title, state, and the number of invites and responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.invites.states import RESPONDED
from app.invites.studies import Study
from app.widgets.table.table import Cell, Column, Table

COLUMNS = (
    Column("Study", 14, grow=1),
    Column("State", 8),
    Column("Invited", 8, align="right"),
    Column("Responded", 9, align="right", priority=1),
)
COLOURS = {"draft": "$muted", "active": "$completed", "paused": "$warn"}


@dataclass(frozen=True)
class StudySummary:
    """A study, the number of its invites in each state, and how many were written to."""

    study: Study
    funnel: Mapping[str, int]
    invited: int


class StudyRows:
    """The studies as rows."""

    def __init__(self, listed: Sequence[StudySummary]) -> None:
        self._listed = listed
        self._at = {one.study.id: at for at, one in enumerate(listed)}

    def __len__(self) -> int:
        return len(self._listed)

    def key(self, index: int) -> int:
        return self._listed[index].study.id

    def index(self, key: int, near: int) -> int | None:
        return self._at.get(key)

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        return [_cells(one) for one in self._listed[start:stop]]


class StudyTable(Table):
    """All studies, one of them the current one."""

    def __init__(self) -> None:
        super().__init__(
            COLUMNS,
            "The studies: how many people each has invited, and how many responded.",
            empty="No studies yet. Press n to create one.",
            waiting="No account is connected: 1 (Connect).",
            id="study-list",
        )
        self._listed: Sequence[StudySummary] = ()

    @property
    def listed(self) -> StudySummary | None:
        """The current study."""
        return next((one for one in self._listed if one.study.id == self.current), None)

    def fill(self, listed: Sequence[StudySummary], *, reset: bool = False) -> None:
        """Show these studies. ``reset`` begins at the first row, for another account."""
        if listed != self._listed or reset or not listed:
            self._listed = listed
            self.show(StudyRows(listed), reset=reset)


def _cells(one: StudySummary) -> tuple[Cell, ...]:
    state = one.study.state
    responded = sum(one.funnel.get(name, 0) for name in RESPONDED)
    return (
        Cell(one.study.title),
        Cell(state, COLOURS.get(state, "$muted")),
        Cell(f"{one.invited:,}", "bold"),
        Cell(f"{responded:,}", "$muted"),
    )
