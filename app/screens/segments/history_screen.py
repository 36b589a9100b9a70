"""The screen of a segment's history: its size by days, who moved on a day and why, and who joined
and left since a day."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.keys.screens import HISTORY
from app.panel.dates import begin, moment, stepped
from app.panel.lists.order import Ids
from app.panel.lists.selection import Selection, find
from app.panel.segments.moves import segment_moves
from app.panel.segments.study_starts import StudyStart, study_starts
from app.panel.segments.timeline import begun, changes, joined, latest_first, left
from app.panel.segments.views import SegmentView
from app.screens.groups_screen import GroupCounts
from app.screens.segments.daily_sizes import DailySizes, daily_sizes, last_moves
from app.screens.segments.history_head import head_lines
from app.screens.segments.history_rows import COLUMNS, HistoryRows, moves_of
from app.screens.segments.kept_people import KeptPeopleScreen
from app.text import plain, when
from app.widgets.bindings import bindings
from app.widgets.charts.group_bars import GroupBar, GroupBars
from app.widgets.charts.step_chart import ChartMark, ChartState, StepChart
from app.widgets.content import words
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane

JOINED, LEFT, STAYED = range(3)
NAMES = ("Joined", "Left", "Stayed")
MOVES = (joined, left, joined)
DAYS = 30  # the screen begins with so many days ago
FEW = 20_000  # participants to sort by the time they joined or left: half a second
CHARTS = ((50, 24), (36, 13), (30, 9), (22, 8), (0, 0))  # lines of the terminal -> of the chart


class SegmentHistoryScreen(KeptPeopleScreen):
    """The history of one segment. The list shows the people of the day under the cursor, or of a
    group if the focus is there."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(HISTORY)
    COLUMNS = COLUMNS
    help_text = (
        "The segment's size for each day. Left and right go to another day, [ and ] to another "
        "week. The list shows who joined and left on that day, and why. Press o to choose the day "
        "to compare with."
    )

    class Sized(Message):
        """The thread has read the history."""

        def __init__(self, history: DailySizes, studies: Sequence[StudyStart]) -> None:
            super().__init__()
            self.history, self.studies = history, tuple(studies)

    def __init__(
        self,
        store: Store,
        connection_id: int,
        segment: SegmentView,
        *,
        masking: bool,
        open_person: Callable[[int], None] | None = None,
        since: int | None = None,
        day: date | None = None,
    ) -> None:
        """``since``: seconds since 1970, or None to begin 30 days ago. ``day``: the day to show, or
        None for the last one on which anyone moved."""
        super().__init__(store, connection_id, masking=masking, open_person=open_person)
        self._segment, self._begin = segment, since
        self._since = 0  # seconds since 1970
        self._first_sync: int | None = None  # nothing is known of the time before
        self._history: DailySizes | None = None
        self._studies: tuple[StudyStart, ...] = ()
        self._day_shown = day
        self._by_day = True  # the list shows a day, and not a group
        self.ready = False

    def compose_content(self) -> ComposeResult:
        with Pane(id="history-size"):
            yield TextLine(id="history-head")
            yield StepChart(id="history-chart")
        yield from super().compose_content()

    def compose_left(self) -> ComposeResult:
        with Horizontal(id="history-since"):
            yield Static(words(("since ", "$muted")))
            yield TextField("2026-11-01, 3 Feb, -30d", id="history-day", longest=40)
        yield TextLine(id="history-ago")
        yield TextLine(id="history-said")

    def on_mount(self) -> None:
        name = plain(self._segment.name, 60)
        self.query_one("#group-left", Pane).entitle(words("What changed"))
        self._day.can_focus = False
        doubt = f", {plain(self._segment.doubt, 120)}" if self._segment.doubt else ""
        self.query_one("#history-size", Pane).entitle(words(f"{name}: history{doubt}"))
        try:
            self._first_sync = begun(self._store, self._connection_id)
        except DatabaseProblem as problem:
            self._show_problem(str(problem))
            return
        if self._first_sync is None:
            self._show_problem("There was no sync yet, so there is no history.")
        else:
            month = max(
                begin(stepped(date.fromtimestamp(time.time()), "day", -DAYS)), self._first_sync
            )
            self._show_since(month if self._begin is None else self._begin)

    def again(self) -> SegmentHistoryScreen:
        """A copy of this screen in its current state."""
        return SegmentHistoryScreen(
            self._store, self._connection_id, self._segment, masking=self._masking,
            open_person=self._open_person, since=self._since, day=self._day_shown,
        )  # fmt: skip

    @property
    def landing(self) -> Widget:
        return self.chart

    @property
    def chart(self) -> StepChart:
        """The size by days."""
        return self.query_one(StepChart)

    # The day to compare with

    def _show_since(self, at: int) -> bool:
        """Show what changed since a time. Returns False, and says why, if that is impossible."""
        now = time.time()
        if self._first_sync is None or at > now:
            if self._first_sync is not None:
                self._show_problem("That day is in the future.")
            return False
        first = f"the first sync began {when(self._first_sync)}"
        self._show_problem(
            f"There is no history before that: {first}." if at < self._first_sync else ""
        )
        at = max(at, self._first_sync)
        self._day.value = _as_typed(at)
        self.query_one("#history-ago", TextLine).show(words((_ago(at, now), "$muted")))
        if at != self._since:
            self._since, self.ready = at, True
            self.ask(reset=True)
        return True

    def _show_problem(self, text: str) -> None:
        said = words((f"✗ {text}", "$never")) if text else words()
        self.query_one("#history-said", TextLine).show(said)

    @property
    def _day(self) -> TextField:
        return self.query_one("#history-day", TextField)

    @on(Input.Submitted, "#history-day")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            at = moment(event.value, time.time())
        except ValueError as error:
            self._show_problem(str(error))
            return
        if self._show_since(at):
            self.groups.focus()

    def action_date(self) -> None:
        """Focus the field for the day, which tab leaves out because it takes letters."""
        self._day.can_focus = True
        self._day.focus()
        self._day.select_all()

    @on(events.DescendantBlur, "#history-day")
    def _leave_day(self) -> None:
        self._day.can_focus = False

    def back(self) -> bool:
        if not self._day.has_focus:
            return super().back()
        self._day.value = _as_typed(self._since)
        self._show_problem("")
        self.groups.focus()
        return True

    # The day under the cursor

    def action_walk(self, by: int) -> None:
        """Go so many days back or forward."""
        self.chart.walk(by)

    @on(StepChart.Walked)
    def _walked(self, message: StepChart.Walked) -> None:
        message.stop()
        if self._history is not None:
            self._day_shown, self._by_day = self._history.day(message.index), True
            self.draw(reset=True)

    @on(StepChart.Entered)
    def _to_day(self, message: StepChart.Entered) -> None:
        message.stop()
        self.table.focus()

    @on(events.DescendantFocus)
    def _choose_list(self, event: events.DescendantFocus) -> None:
        """Show the day or the group that the focus is on. The list itself keeps what it shows."""
        by_day = isinstance(event.widget, StepChart)
        if isinstance(event.widget, StepChart | GroupBars) and by_day != self._by_day:
            self._by_day = by_day
            self.draw(reset=True)

    def draw(self, *, reset: bool = False) -> None:
        super().draw(reset=reset)
        history = self._history
        if not self._by_day or history is None:
            return
        index = self.chart.state.cursor
        day, moves = history.day(index), history.on(index)
        ids, told = last_moves(moves)
        rows = HistoryRows(
            self._store, self._connection_id, ids, self._segment.key, lambda _: told,
            masking=self._masking,
        )  # fmt: skip
        self.table.show(rows, empty="No one joined or left on this day.", reset=reset)
        title = words(f"{day:%A} {day.day} {day:%B}")
        self.query_one("#group-right", Pane).entitle(title, words(self.facts()))

    def facts(self) -> str:
        history, index = self._history, self.chart.state.cursor
        if not self._by_day or history is None:
            return super().facts()
        came, went = history.on(index).counts
        after = history.sizes[index]
        return f"{after - came + went:,} → {after:,}   +{came:,}  −{went:,}"

    # Counting

    def names(self) -> Sequence[str]:
        return NAMES

    def headline(self, group: int) -> str:
        since = "the first sync" if self._since == self._first_sync else _as_typed(self._since)
        return (f"Joined since {since}", f"Left since {since}", f"In it since {since}")[group]

    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        here, key, again = self._connection_id, self._segment.key, self.counted is not None
        if again or self._history is None:
            moves = segment_moves(self._store, here, key, step)
            members = find(self._store, Selection(here, key)).members
            first = self._first_sync or int(time.time())
            history = daily_sizes(moves, members, first, time.time())
            self.post_message(self.Sized(history, study_starts(self._store, here)))
        found = changes(self._store, here, key, self._since, step)
        ids = [found.joined, found.left, found.stayed]
        for group in (JOINED, LEFT, STAYED):
            if group != STAYED and len(ids[group]) <= FEW:
                ids[group] = latest_first(self._store, here, key, ids[group], MOVES[group], step)
            else:
                ids[group].reverse()  # the newest first, as in every list of participants
        groups = (GroupBar(name, len(one)) for name, one in zip(NAMES, ids, strict=True))
        yield GroupCounts(tuple(groups), tuple(ids))

    def people(self, group: int, ids: Ids) -> HistoryRows:
        here, key = self._connection_id, self._segment.key
        moved = moves_of(self._store, here, key, MOVES[group], joined=group != LEFT)
        return HistoryRows(self._store, here, ids, key, moved, masking=self._masking)

    def after_draw(self, counted: GroupCounts) -> None:
        came, went, stayed = (one.count for one in counted.groups)
        more = came - went
        way = f"{abs(more):,} {'more' if more > 0 else 'fewer'}" if more else "no change"
        self.say(f"{stayed + went:,} then, {stayed + came:,} now: {way}")

    # The size by days

    @on(Sized)
    def _sized(self, message: Sized) -> None:
        message.stop()
        before, self._history, self._studies = self._history, message.history, message.studies
        history = self._history
        wanted = history.newest if before is None else self.chart.state.cursor
        if self._day_shown is not None:
            wanted = (self._day_shown - history.first).days
        self._show_chart(max(0, min(wanted, len(history.sizes) - 1)))
        if self._by_day:
            self.draw(reset=before is None)

    @on(events.Resize)
    def _fit(self) -> None:
        self._show_chart(self.chart.state.cursor)

    def _show_chart(self, cursor: int) -> None:
        height = next(lines for least, lines in CHARTS if self.size.height >= least)
        self.chart.display = height > 0
        if self._history is None:
            return
        marks = tuple(ChartMark(date.fromtimestamp(one.at), one.title) for one in self._studies)
        self.chart.show(
            ChartState(
                self._history.first, self._history.sizes, cursor, marks, height,
                self.chart.has_focus,
            )
        )  # fmt: skip
        head = head_lines(self._history, self._studies, digits=self.size.height >= CHARTS[1][0])
        self.query_one("#history-head", TextLine).show(head)

    # What other keys act on

    def kept_name(self) -> str:
        name = plain(self._segment.name, 30)
        if self._by_day and self._history is not None:
            day = self._history.day(self.chart.state.cursor)
            return f"Joined or left {name}, {day.day} {day:%b}"
        return f"{NAMES[self.groups.current]}: {name}"

    def shown_ids(self) -> Ids | None:
        if self._by_day:
            if self._history is None:
                return None
            return last_moves(self._history.on(self.chart.state.cursor))[0]
        return super().shown_ids()


def _ago(at: int, now: float) -> str:
    days = (date.fromtimestamp(now) - date.fromtimestamp(at)).days
    return f"{days:,} days ago" if days > 1 else "yesterday" if days else "today"


def _as_typed(at: int) -> str:
    """A time as a person can type it: a day, with the clock unless that is midnight."""
    clock = datetime.fromtimestamp(at)
    if at == begin(clock.date()):
        return clock.date().isoformat()
    return clock.isoformat(sep=" ")
