"""The screen that compares two segments: who is in both, and who is in only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.keys.screens import COMPARE
from app.panel.filters.values import quote
from app.panel.lists.order import Ids
from app.panel.lists.selection import Selection
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.overlap import overlap, with_email
from app.panel.segments.views import SegmentView
from app.screens.groups_screen import GroupCounts, without_order
from app.screens.people_rows import COLUMNS, PeopleRows
from app.screens.segments.kept_people import KeptPeopleScreen
from app.screens.segments.pick_dialog import PickSegmentDialog
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.charts.group_bars import GroupBar
from app.widgets.content import words
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane

FIRST, BOTH, SECOND = range(3)


class CompareScreen(KeptPeopleScreen):
    """The members of two segments, A and B. It asks for the second one if that is None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(COMPARE)
    COLUMNS = without_order(COLUMNS)
    help_text = (
        "Compares two segments: participants only in A, in both and only in B. Tab goes from the "
        "groups to their participants. Escape goes back."
    )

    def __init__(
        self,
        store: Store,
        connection_id: int,
        first: SegmentView,
        second: SegmentView | None,
        *,
        masking: bool,
        open_person: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(store, connection_id, masking=masking, open_person=open_person)
        self._first, self._second = first, second
        self.ready = second is not None

    def compose_left(self) -> ComposeResult:
        yield TextLine(id="compare-first")
        yield TextLine(id="compare-second")

    def on_mount(self) -> None:
        self.query_one("#group-left", Pane).entitle(words("Compare"))
        self._introduce()
        if self._second is None:
            self.draw()
            self.action_compare()
        else:
            self.ask(reset=True)

    def again(self) -> CompareScreen:
        """A copy of this screen in its current state."""
        return CompareScreen(
            self._store, self._connection_id, self._first, self._second,
            masking=self._masking, open_person=self._open_person,
        )  # fmt: skip

    # What is compared

    def names(self) -> Sequence[str]:
        second = plain(self._second.name) if self._second else "…"
        return (f"Only A: {plain(self._first.name)}", "In both", f"Only B: {second}")

    def headline(self, group: int) -> str:
        first = plain(self._first.name, 40)
        second = plain(self._second.name, 40) if self._second else "…"
        if group == BOTH:
            return f"In {first} and in {second}"
        here, there = (first, second) if group == FIRST else (second, first)
        return f"In {here}, not in {there}"

    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        if self._second is None:
            return
        names = self.names()
        first = Selection(self._connection_id, self._first.key)
        second = Selection(self._connection_id, self._second.key)
        found = overlap(self._store, first, second, step)
        ids = (found.only_first, found.both, found.only_second)
        for one in ids:
            one.reverse()  # the newest first, as in every list of participants
        groups = tuple(GroupBar(name, len(one)) for name, one in zip(names, ids, strict=True))
        known = self.counted
        notes = [one.note for one in known.groups] if known else ["…"] * len(groups)
        yield GroupCounts(tuple(map(_noted, groups, notes)), ids)
        emails = [with_email(self._store, one, step) for one in ids]
        notes = [f"{number:,} with email" for number in emails]
        yield GroupCounts(tuple(map(_noted, groups, notes)), ids)

    def people(self, group: int, ids: Ids) -> PeopleRows:
        segment = self._second if group == SECOND else self._first
        key = segment.key if segment else None
        return PeopleRows(self._store, self._connection_id, ids, key, masking=self._masking)

    def after_draw(self, counted: GroupCounts) -> None:
        first, both, second = (one.count for one in counted.groups)
        self._introduce(first + both, both + second)
        doubts = [
            f", {letter} {one.doubt}"
            for letter, one in (("A", self._first), ("B", self._second))
            if one is not None and one.doubt
        ]
        self.say(f"{first + both + second:,} participants in A or B{''.join(doubts)}")

    def _introduce(self, first: int | None = None, second: int | None = None) -> None:
        for place, letter, one, number in (
            ("#compare-first", "A", self._first, first),
            ("#compare-second", "B", self._second, second),
        ):
            said = words((f"{letter} ", "bold $primary"), ("not selected", "$muted"))
            if one is not None:
                count = f" {one.count if number is None else number:,}"
                rule = f"  {'still filling; ' if one.filling else ''}{one.rule}"
                name = (plain(one.name, 60), "bold")
                said = words((f"{letter} ", "bold $primary"), name, count, (rule, "$muted"))
            self.query_one(place, TextLine).show(said)

    # What other keys act on

    def kept_name(self) -> str:
        first, second = (
            plain(self._first.name, 24),
            plain(self._second.name, 24) if self._second else "…",
        )
        if self.groups.current == BOTH:
            return f"{first} and {second}"
        here, there = (first, second) if self.groups.current == FIRST else (second, first)
        return f"{here}, not {there}"

    def kept_filter(self, ids: Ids) -> str:
        """The two segments, so that the new one follows them."""
        assert self._second is not None
        first, second = (f"in:{quote(one.name)}" for one in (self._first, self._second))
        group = self.groups.current
        if group == BOTH:
            return f"{first} AND {second}"
        return f"{first} AND -{second}" if group == FIRST else f"{second} AND -{first}"

    # Keys

    def action_swap(self) -> None:
        """Swap A and B, without counting again."""
        if self._second is None:
            return
        self._first, self._second = self._second, self._first
        self.groups.choose(SECOND - self.groups.current)
        if self._counted is not None:
            turned = zip(self.names(), self._counted.groups[::-1], strict=True)
            groups = tuple(replace(one, name=name) for name, one in turned)
            self._counted = GroupCounts(groups, self._counted.ids[::-1])
            self.after_draw(self._counted)
        if self.busy:
            self.ask()
        self.draw()

    def action_compare(self) -> None:
        """Choose the segment to compare A with."""
        try:
            found = segments_with_doubts(self._store, self._connection_id)
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            found = []
        others = [one for one in found if one.key != self._first.key]
        question = f"Compare {plain(self._first.name, 40)} with which segment?"
        self.app.push_screen(PickSegmentDialog(question, others), self._picked)

    def _picked(self, segment: SegmentView | None) -> None:
        if segment is not None:
            self._second, self.ready = segment, True
            self._introduce()
            self.ask(reset=True)
        elif self._second is None:
            self.call_later(self.leave)


def _noted(one: GroupBar, note: str) -> GroupBar:
    return replace(one, note=note)
