"""The dialog of a study's audience: the segments it includes and excludes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static

from app.invites.studies import Study
from app.keys.dialogs import AUDIENCE
from app.panel.segments.views import SegmentView
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import Dialog
from app.widgets.lines.text_line import TextLine
from app.widgets.table.table import Cell, Column, Table

COLUMNS = (
    Column("", 9),
    Column("Segment", 14, grow=1),
    Column("Members", 9, align="right"),
    Column("With email", 10, align="right", priority=1),
)
MARKS = {"included": ("✓ include", "$completed"), "excluded": ("− exclude", "$warn"), "": ("", "")}


class _AudienceRows:
    """Segments as rows, each with its mark. Their keys count from 1."""

    def __init__(self, views: Sequence[SegmentView], marks: dict[str, str]) -> None:
        self._views, self._marks = views, marks

    def __len__(self) -> int:
        return len(self._views)

    def key(self, index: int) -> int:
        return index + 1

    def index(self, key: int, near: int) -> int | None:
        return key - 1 if 0 < key <= len(self._views) else None

    def cells(self, start: int, stop: int) -> Sequence[Sequence[Cell]]:
        return [self._cells(one) for one in self._views[start:stop]]

    def _cells(self, one: SegmentView) -> Sequence[Cell]:
        mark = MARKS[self._marks.get(one.key, "")]
        return Cell(*mark), Cell(one.name), Cell(f"{one.count:,}"), Cell(f"{one.with_email:,}")


class StudySegmentsDialog(Dialog["tuple[list[str], list[str]] | None"]):
    """Returns the keys of the included and of the excluded segments, or None to change
    nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(AUDIENCE)
    help_text = "Space includes a segment, and - excludes it. Enter saves."

    def __init__(self, study: Study, views: Sequence[SegmentView]) -> None:
        super().__init__()
        self._study, self._views = study, list(views)
        self._marks = dict.fromkeys(study.segments, "included")
        self._marks |= dict.fromkeys(study.excluded, "excluded")

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="audience"):
            title = plain(self._study.title, 60)
            yield Static(words(("Audience of “", "bold"), (title, "bold"), ("”", "bold")))
            yield Table(
                COLUMNS,
                "The segments.",
                empty="No segments yet.",
                opens=False,
                id="audience-segments",
            )  # fmt: skip
            yield TextLine(id="audience-said")

    def on_mount(self) -> None:
        self._draw()
        self.query_one(Table).focus()

    def _draw(self) -> None:
        known = {one.key for one in self._views}
        self.query_one(Table).show(_AudienceRows(self._views, self._marks))
        taken = [key for key, mark in self._marks.items() if mark == "included"]
        gone = [key for key in self._marks if key not in known]
        said = f"{len(taken)} included. A participant in several segments counts once."
        if gone:
            said = f"{plain(gone[0], 40)} no longer exists. Saving removes it from the study."
        self.query_one("#audience-said", TextLine).show(words((said, "$muted")))

    def action_include(self) -> None:
        self._mark("included")

    def action_exclude(self) -> None:
        self._mark("excluded")

    def _mark(self, mark: str) -> None:
        current = self.query_one(Table).current
        if current is None:
            return
        key = self._views[current - 1].key
        self._marks[key] = "" if self._marks.get(key) == mark else mark
        self._draw()

    @on(Table.CursorMoved)
    def _moved(self, message: Table.CursorMoved) -> None:
        message.stop()

    def action_save(self) -> None:
        if self.is_current:
            known = [one.key for one in self._views]
            taken = [key for key in known if self._marks.get(key) == "included"]
            self.dismiss((taken, [key for key in known if self._marks.get(key) == "excluded"]))

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
