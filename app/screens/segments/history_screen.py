"""The screen that shows who joined and left a segment since a day, and its size over time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.keys.screens import HISTORY
from app.panel.dates import Unit, begin, moment, stepped
from app.panel.lists.order import Ids
from app.panel.segments.timeline import DAY, begun, changes, joined, latest_first, left, sizes
from app.panel.segments.views import SegmentView
from app.screens.groups_screen import GroupCounts, GroupsScreen
from app.screens.segments.history_rows import COLUMNS, HistoryRows
from app.text import plain, when
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.group_bars import GroupBar
from app.widgets.inputs import TextField
from app.widgets.pane import Pane
from app.widgets.text_line import TextLine

if TYPE_CHECKING:
    from app.widgets.plot import Plot

JOINED, LEFT, STAYED = range(3)
NAMES = ("Joined", "Left", "Still there")
MOVES = (joined, left, joined)
DAYS = 30  # the screen begins with so many days ago
FEW = 20_000  # participants to sort by the time they joined or left: half a second
STEPS = ((14 * DAY, DAY), (DAY // 4, 3_600), (0, 60))  # seconds in all -> between points
PLOTS = ((36, 9), (30, 7), (24, 4), (0, 3))  # lines of the terminal -> lines of the plot


class SegmentHistoryScreen(GroupsScreen):
    """The changes of one segment since a day."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(HISTORY)
    COLUMNS = COLUMNS
    help_text = (
        "Who joined the segment since a day, who left it, and who was in it both then and now. Each"
        " row says when and why. [ and ] go a day back and forward, { and } a week, ( and ) a"
        " month."
    )

    class Sized(Message):
        """The thread has read the segment's size over time."""

        def __init__(self, points: Sequence[tuple[int, int]]) -> None:
            super().__init__()
            self.points = tuple(points)

    def __init__(
        self,
        store: Store,
        connection_id: int,
        segment: SegmentView,
        *,
        masking: bool,
        open_person: Callable[[int], None] | None = None,
        since: int | None = None,
    ) -> None:
        """``since``: seconds since 1970, or None to begin 30 days ago."""
        super().__init__(store, connection_id, masking=masking, open_person=open_person)
        self._segment, self._begin = segment, since
        self._since = 0  # seconds since 1970
        self._first_sync: int | None = None  # nothing is known of the time before
        self._points: tuple[tuple[int, int], ...] = ()
        self._plot: Plot | None = None
        self.ready = False

    def compose_content(self) -> ComposeResult:
        yield Pane(id="history-size")
        yield from super().compose_content()

    def compose_left(self) -> ComposeResult:
        with Horizontal(id="history-since"):
            yield Static(words(("since ", "$muted")))
            yield TextField("2026-11-01, 3 Feb, -30d", id="history-day", longest=40)
            yield TextLine(id="history-ago")
        yield TextLine(id="history-said")

    def on_mount(self) -> None:
        name = plain(self._segment.name, 60)
        self.query_one("#group-left", Pane).entitle(words(f"{name}: what changed"))
        doubt = f", {plain(self._segment.doubt, 120)}" if self._segment.doubt else ""
        self.query_one("#history-size", Pane).entitle(words(f"{name}: size over time{doubt}"))
        try:
            self._first_sync = begun(self._store, self._connection_id)
        except DatabaseProblem as problem:
            self._show_problem(str(problem))
            return
        if self._first_sync is None:
            self._show_problem("There was no sync yet, so nothing is known of the past.")
        else:
            month = max(begin(stepped(date.today(), "day", -DAYS)), self._first_sync)
            self._show_since(month if self._begin is None else self._begin)

    def again(self) -> SegmentHistoryScreen:
        """A copy of this screen in its current state."""
        return SegmentHistoryScreen(
            self._store, self._connection_id, self._segment, masking=self._masking,
            open_person=self._open_person, since=self._since,
        )  # fmt: skip

    # The day

    def _show_since(self, at: int) -> bool:
        """Show what changed since a time. Returns False, and says why, if that is impossible."""
        now = time.time()
        if self._first_sync is None or at > now:
            if self._first_sync is not None:
                self._show_problem("That is in the future.")
            return False
        first = f"the first sync began {when(self._first_sync)}"
        self._show_problem(f"Nothing is known of before: {first}." if at < self._first_sync else "")
        at = max(at, self._first_sync)
        self._day.value = _as_typed(at)
        self.query_one("#history-ago", TextLine).show(words((_ago(at, now), "$muted")))
        if at != self._since:
            self._since, self.ready = at, True
            self.ask(reset=True)
            self._draw_size()
        return True

    @property
    def _day(self) -> TextField:
        return self.query_one("#history-day", TextField)

    def _show_problem(self, trouble: str) -> None:
        """Show below the day why it cannot be shown, or nothing for ""."""
        said = words((f"✗ {trouble}", "$never")) if trouble else words()
        self.query_one("#history-said", TextLine).show(said)

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
        """Focus the field for the day."""
        self._day.focus()
        self._day.select_all()

    def action_step(self, unit: Unit, by: int) -> None:
        """Go a day, week or month back or forward."""
        if self._first_sync is not None:
            self._show_since(begin(stepped(date.fromtimestamp(self._since), unit, by)))

    def back(self) -> bool:
        if not self._day.has_focus:
            return super().back()
        self._day.value = _as_typed(self._since)
        self._show_problem("")
        self.groups.focus()
        return True

    # Counting

    def names(self) -> Sequence[str]:
        return NAMES

    def headline(self, group: int) -> str:
        since = "the first sync" if self._since == self._first_sync else _as_typed(self._since)
        return (
            f"Joined since {since}",
            f"Left since {since}",
            f"In it since {since}",
        )[group]

    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        here, key, again = self._connection_id, self._segment.key, self.counted is not None
        found = changes(self._store, here, key, self._since, step)
        ids = [found.joined, found.left, found.stayed]
        for group in (JOINED, LEFT, STAYED):
            if group != STAYED and len(ids[group]) <= FEW:
                ids[group] = latest_first(self._store, here, key, ids[group], MOVES[group], step)
            else:
                ids[group].reverse()  # the newest first, as in every list of participants
        groups = (GroupBar(name, len(one)) for name, one in zip(NAMES, ids, strict=True))
        yield GroupCounts(tuple(groups), tuple(ids))
        if again or not self._points:
            import app.widgets.plot  # noqa: F401 - slow, so it is imported in this thread

            now = int(time.time())
            every = _interval(now - (self._first_sync or now))
            size = sizes(self._store, here, key, day=every, now=now, step=step)
            self.post_message(self.Sized([(min(one.at, now), one.size) for one in size]))

    def people(self, group: int, ids: Ids) -> HistoryRows:
        here, key = self._connection_id, self._segment.key
        return HistoryRows(self._store, here, ids, key, MOVES[group], masking=self._masking)

    def after_draw(self, counted: GroupCounts) -> None:
        came, went, stayed = (one.count for one in counted.groups)
        more = came - went
        way = f"{abs(more):,} {'more' if more > 0 else 'fewer'}" if more else "as many"
        self.say(f"{stayed + went:,} then, {stayed + came:,} now: {way}")

    # The size over time

    @on(Sized)
    async def _sized(self, message: Sized) -> None:
        from app.widgets.plot import Plot

        message.stop()
        self._points = message.points
        self.query_one("#history-size").display = len(self._points) > 1
        if self._plot is None:
            self._plot = Plot(id="plot")
            await self.query_one("#history-size").mount(self._plot)
        self._draw_size()

    @on(events.Resize)
    def _fit(self) -> None:
        lines = next(lines for least, lines in PLOTS if self.size.height >= least)
        self.query_one("#history-size").styles.height = lines + 1
        self._draw_size()

    def _draw_size(self) -> None:
        if self._plot is not None:
            from app.widgets.plot import PlotState

            height = next(lines for least, lines in PLOTS if self.size.height >= least)
            self._plot.show(PlotState(self._points, self._since, height))


def _interval(seconds: int) -> int:
    """The seconds between two points of the plot, for a time of so many seconds."""
    return next(every for least, every in STEPS if seconds >= least)


def _ago(at: int, now: float) -> str:
    days = (date.fromtimestamp(now) - date.fromtimestamp(at)).days
    return f"{days:,} days ago" if days > 1 else "yesterday" if days else "today"


def _as_typed(at: int) -> str:
    """A time as a person can type it: a day, with the clock unless that is midnight."""
    clock = datetime.fromtimestamp(at)
    if at == begin(clock.date()):
        return clock.date().isoformat()
    return clock.isoformat(sep=" ")
