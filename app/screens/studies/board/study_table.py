"""The table of studies: title, how many each has invited, and how many of these completed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.invites.figures.study_figures import StudyCounts
from app.invites.studies import Study
from app.widgets.charts.group_bars import share
from app.widgets.table.table import Cell, Column, Table

COLUMNS = (
    Column("Study", 14, grow=1),
    Column("Invited", 7, align="right"),
    Column("Completed", 9, align="right", priority=1),
)
MARKS = {  # a state -> its mark and colour
    "draft": ("○", "$muted"),
    "active": ("●", "$completed"),
    "paused": ("!", "$warn"),
    "closed": ("✓", "$muted"),
    "archived": ("✓", "$muted"),
}
SENDING = ("▸", "$awaiting")


@dataclass(frozen=True)
class StudySummary:
    """A study and its counts, None while they are read. ``sending``: a batch of it is under
    way."""

    study: Study
    counts: StudyCounts | None
    sending: bool = False


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
            "The studies, with how many participants were invited and completed.",
            empty="No studies yet. Press n to create one.",
            waiting="No account is connected. Press 1 to connect one.",
            id="study-list",
        )
        self._listed: Sequence[StudySummary] = ()

    @property
    def listed(self) -> StudySummary | None:
        """The current study."""
        return next((one for one in self._listed if one.study.id == self.current), None)

    @property
    def every(self) -> Sequence[StudySummary]:
        """All studies that are shown."""
        return self._listed

    def fill(self, listed: Sequence[StudySummary], *, reset: bool = False) -> None:
        """Show these studies. ``reset`` begins at the first row, for another account."""
        if listed != self._listed or reset or not listed:
            self._listed = listed
            self.show(StudyRows(listed), reset=reset)


def study_mark(state: str, *, sending: bool = False) -> tuple[str, str]:
    """The mark of a study and its style."""
    return SENDING if sending else MARKS.get(state, ("·", "$muted"))


def _cells(one: StudySummary) -> tuple[Cell, ...]:
    mark, style = study_mark(one.study.state, sending=one.sending)
    title = f"{mark} {one.study.title}"
    shown = "" if one.study.state in ("active", "draft", "paused") and not one.sending else style
    if one.counts is None:
        return Cell(title, shown), Cell("…", "$muted"), Cell("…", "$muted")
    invited, completed = one.counts.invited, one.counts.of("completed")
    return (
        Cell(title, shown),
        Cell(f"{invited:,}", "bold"),
        Cell(share(completed, invited).replace("%", " %") if invited else "–", "$muted"),
    )
