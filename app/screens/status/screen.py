"""The Status mode: the progress of the sync, its rate and its messages."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll

from app.credentials.store import NOWHERE
from app.db.errors import DatabaseProblem
from app.keys.dialogs import ROWS
from app.keys.screens import STATUS
from app.panel.creation_days import DAY, CreationDays
from app.panel.overview import Overview, recent_changes
from app.panel.segments.views import segments
from app.screens.base import WIDE, PanelistScreen
from app.screens.list_rows import change_rows, message_rows, segment_rows
from app.screens.status.connection_lines import activity_line, health_lines
from app.screens.status.current_pane import CurrentPane
from app.services.snapshot import Snapshot
from app.settings import SettingsError
from app.text import when
from app.widgets.bindings import bindings
from app.widgets.charts.block_digits import block_digits
from app.widgets.charts.creation_strip import CreationStrip, StripState
from app.widgets.charts.sync_steps import Lifecycle, LifecycleState, StepState, SyncSteps
from app.widgets.content import para, words
from app.widgets.lines.text_line import TextLine
from app.widgets.rates import ArrivalRate, Arrivals, sparkline
from app.widgets.row_list import RowList
from app.widgets.scrolling import Scrolling

LISTS = 1.0  # seconds between two reads of the lists; no one reads them faster
TALL, LARGE = 30, 36  # lines of the terminal from which digits are large, and larger
SPARKS = 24  # seconds of arrivals beside the number
FIRST_SYNC = ("syncing", "segments_synced")
LEAST_STRIP, MOST_STRIP, AROUND_STRIP = 3, 12, 26  # lines
REASONS = {"you": "by you", "stripe": "by Stripe", "user": "by you"}


class Body(Scrolling, VerticalScroll):
    """The part that scrolls if the terminal is small."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ROWS)
    help_text = (
        "The progress of each step of the sync: objects synced, objects a second and time left. "
        "Tab goes to the lists."
    )


class StatusScreen(PanelistScreen):
    """Two columns if there is room, otherwise one that scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(STATUS)
    help_text = "The state of the sync. It updates automatically. Press r to check Stripe now."

    def __init__(self) -> None:
        super().__init__()
        self._rates: dict[str, ArrivalRate] = {}
        self._arrivals = Arrivals()
        self._connection: int | None = None
        self._created: CreationDays | None = None
        self._masking = False
        self._stale = True
        self._lists_read_at = 0.0
        self._over = False  # the first sync is complete
        self._members_changed = False  # since the account as it is was read

    def compose_content(self) -> ComposeResult:
        with Body(id="columns", can_focus=True):
            with Body(id="left", can_focus=True):
                yield TextLine(id="trouble")
                with Vertical(id="first-sync"):
                    yield Lifecycle()
                    yield SyncSteps()
                    yield TextLine(id="people")
                    yield CreationStrip(id="strip")
                yield CurrentPane(self.host.store)
                yield TextLine(id="activity")
                yield TextLine(id="polling")
                yield TextLine(id="queue")
            with Container(id="right"):
                yield RowList(
                    "Messages",
                    "Messages from the sync, newest first.",
                    "No messages.",
                    id="messages",
                )
                yield RowList(
                    "Segments",
                    "The segments, with the number of members and of those with an email.",
                    "Segments appear during the sync.",
                    wrap=False,
                    id="segments",
                )
                yield RowList(
                    "Recent changes",
                    "The latest changes in Stripe, newest first.",
                    "Nothing has changed since the first sync.",
                    wrap=False,
                    id="changes",
                )

    def on_mount(self) -> None:
        self.query_one("#activity").border_title = words("Connection ")
        self._entitle()

    @on(events.ScreenResume)
    def _read_all(self) -> None:
        self._lists_read_at = 0.0

    @on(events.Resize)
    def _focus_scrolling_column(self) -> None:
        """Focus the column that scrolls: the left one, or the only one."""
        wide = self.size.width >= WIDE
        inner, outer = self.query_one("#left", Body), self.query_one("#columns", Body)
        had = self.focused in (None, inner, outer)
        inner.can_focus, outer.can_focus = wide, not wide
        if had:
            self.set_focus(inner if wide else outer)
        self.call_after_refresh(self.host.redraw)

    def show_content(self, snapshot: Snapshot) -> None:
        connection = snapshot.view.connection
        shown = connection.id if connection else None
        if shown != self._connection:
            self._connection = shown
            self._rates, self._arrivals, self._created = {}, Arrivals(), None
            self._stale, self._lists_read_at = True, 0.0  # the lists are those of another account
        self.query_one("#trouble", TextLine).show(
            words((f"✗ {snapshot.trouble}", "bold $never")) if snapshot.trouble else words()
        )
        self._show_phase(snapshot)
        self.query_one("#activity", TextLine).show(activity_line(snapshot))
        self.query_one("#polling", TextLine).show(health_lines(snapshot, self._storage()))
        self._stale |= snapshot.fresh
        masked = snapshot.masking != self._masking
        if masked or (self._stale and abs(snapshot.now - self._lists_read_at) >= LISTS):
            self._stale, self._masking, self._lists_read_at = False, snapshot.masking, snapshot.now
            self._show_lists(snapshot)
            self._show_strip(snapshot)

    def _show_phase(self, snapshot: Snapshot) -> None:
        """Show the first sync, or the account as it is once that is complete."""
        connection, view = snapshot.view.connection, snapshot.view
        over = connection is not None and connection.status == "complete"
        if over != self._over:  # what was read during the first sync is not true any more
            self._over, self._stale, self._lists_read_at = over, True, 0.0
            self._entitle()
        for place, there in (
            ("#first-sync", not over),
            ("#segments", not over),
            ("#current", over),
        ):
            self.query_one(place).display = there
        if over and connection is not None:
            self._members_changed |= snapshot.fresh
            current = self.query_one(CurrentPane)
            if current.show(connection.id, view.participants, changed=self._members_changed):
                self._members_changed = False
            return
        self.query_one(Lifecycle).show(_lifecycle(snapshot))
        self.query_one(SyncSteps).show(self._steps(snapshot))
        self._show_people(snapshot)

    def _entitle(self) -> None:
        """Name the first column, and give the messages only the lines that they need once the
        segments are gone from below them."""
        self.query_one("#left", Body).border_title = words("Panel " if self._over else "Sync ")
        self.set_class(self._over, "-current")

    def _show_strip(self, snapshot: Snapshot) -> None:
        """Show what a first sync fetched as the time that it fills."""
        connection, strip = snapshot.view.connection, self.query_one("#strip", CreationStrip)
        if connection is None or connection.status not in FIRST_SYNC:
            strip.show(StripState())
            self._created = None
            return
        if self._created is None:
            self._created = CreationDays(self.host.store, connection.id)
        height = max(LEAST_STRIP, min(MOST_STRIP, self.size.height - AROUND_STRIP))
        try:
            days, missing = self._created.read(), self._created.missing()
        except DatabaseProblem:
            return  # the next snapshot reports it
        strip.show(StripState(days, missing, int(snapshot.now) // DAY, height))

    def _storage(self) -> str:
        """The credential storage, in words."""
        kept = self.host.credentials.described()
        given = kept == NOWHERE and self.host.settings.stripe_key
        return "not stored (PANELIST_STRIPE_KEY)" if given else kept

    def _steps(self, snapshot: Snapshot) -> tuple[StepState, ...]:
        made = []
        for step in snapshot.view.steps:
            rate = self._rates.setdefault(step.name, ArrivalRate())
            rate.add(snapshot.now, step.done)
            running = step.state == "running"
            # Whole numbers, so that a steady rate draws nothing.
            made.append(StepState(step, round(rate.per_second) if running else 0.0))
        return tuple(made)

    def _show_people(self, snapshot: Snapshot) -> None:
        """How many participants are here so far, in large digits where there is room."""
        view = snapshot.view
        number = f"{view.participants:,}"
        self._arrivals.add(snapshot.now, view.participants)
        line = words((sparkline(self._arrivals.bars(snapshot.now), SPARKS), "$primary"))
        text = words((number, "bold"), " participants, ", _participant_words(view), "  ", line)
        if self.size.height >= TALL:
            size: Literal["small", "large"] = "large" if self.size.height >= LARGE else "small"
            digits = block_digits(number, size)
            beside = [words(("participants", "bold")), words(_participant_words(view)), line]
            beside = [words()] * (len(digits) - 3) + beside
            pairs = zip(digits, beside, strict=True)
            text = para(words((lines, "bold"), "   ", one) for lines, one in pairs)
        self.query_one("#people", TextLine).show(text)

    def _show_lists(self, snapshot: Snapshot) -> None:
        connection = snapshot.view.connection
        self.query_one("#messages", RowList).show(
            message_rows(snapshot.view.messages, snapshot.now, snapshot.masking)
        )
        if connection is None:
            found, changes, queue = [], [], []
        else:
            try:
                found = segments(self.host.store, connection.id)
                changes = recent_changes(self.host.store, connection.id)
                queue = self.host.sending.queue_lines(connection.id, snapshot.now)
            except SettingsError as problem:
                queue = [str(problem)]
            except DatabaseProblem:
                return  # the next snapshot reports it
        self.query_one("#queue", TextLine).show(para([words(line) for line in queue]))
        self.query_one("#segments", RowList).show(segment_rows(found))
        self.query_one("#changes", RowList).show(
            change_rows(changes, snapshot.now, snapshot.masking)
        )


def _participant_words(view: Overview) -> str:
    parts = [f"{view.with_email:,} with email"]
    if view.deleted:
        parts.append(f"{view.deleted:,} deleted")
    if view.lost:
        parts.append(f"{view.lost:,} not known")
    if view.quarantined:
        parts.append(f"{view.quarantined:,} could not be stored")
    return ", ".join(parts)


def _lifecycle(snapshot: Snapshot) -> LifecycleState:
    connection = snapshot.view.connection
    if connection is None:
        return LifecycleState()
    note = ""
    if connection.status == "disconnected":
        reason = connection.disconnect_reason or ""
        reason = f" ({REASONS.get(reason, reason)})" if reason else ""
        since = connection.disconnected_at
        at = f" {when(since, snapshot.now)}" if since else ""
        note = f"disconnected{at}{reason}. Existing data is still available"
    return LifecycleState(connection.status, note)
