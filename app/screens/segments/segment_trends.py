"""The part of the Segments screen that shows how the segments grew.

A thread reads it, and again when members changed. A read takes a second or two with a million
participants, so nothing waits for it, and the pause after it is many times as long.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from app.db.errors import DatabaseProblem
from app.panel.labels import day
from app.panel.segments.study_starts import StudyStart, study_starts
from app.panel.segments.trends import Joins, read_joins, trends
from app.screens.segments.segment_actions import SegmentActions
from app.screens.segments.trend_cells import Trends
from app.text import plain
from app.widgets.content import words
from app.widgets.pane import Pane

LEAST = 2.0  # seconds between two reads of the memberships
SHARE = 20  # the pause after a read is so many times as long as the read
WEEK, MONTH = 7 * 86_400, 30 * 86_400
FIRST_SYNC = ("pending", "syncing", "segments_synced")
SINCE = {"week": "a week", "month": "a month", "study": "the last study"}


class _Cancelled(Exception):
    """Another read was asked for."""


class SegmentTrends(SegmentActions):
    """Trends of the shown account's segments since a time that a person chooses by key."""

    class Read(Message):
        """The trends of an account since a time, and its last study."""

        def __init__(
            self, connection: int, since: str, trends: Trends, study: StudyStart | None
        ) -> None:
            super().__init__()
            self.connection, self.since = connection, since
            self.trends, self.study = trends, study

    def __init__(self) -> None:
        super().__init__()
        self._joins: dict[int, Mapping[str, Joins]] = {}  # by account
        self._may_read_at = 0.0
        self._members_changed = True
        self._last_study: StudyStart | None = None

    @property
    def _since(self) -> str:
        """The time that changes are shown since, one of SINCE."""
        told = self.host.remembered.get("since")
        return told if told in SINCE else next(iter(SINCE))

    def entitle_segments(self) -> None:
        """Say since when the change is."""
        since = SINCE[self._since]
        if self._since == "study" and self._last_study is not None:
            since = f"{plain(self._last_study.title, 20)}, {day(self._last_study.at)}"
        facts = words(f"change since {since}")
        self.query_one("#segments-left", Pane).entitle(words("Segments"), facts)

    def follow_trends(self, connection: int, *, changed: bool) -> None:
        """Read the memberships again after a pause if they ``changed``. During a first sync there
        is nothing to tell, and every read would hold it up."""
        self._members_changed |= changed
        shown = self.snapshot.view.connection if self.snapshot is not None else None
        if shown is None or shown.status in FIRST_SYNC:
            return
        known = connection in self._joins
        if self._members_changed and (not known or time.monotonic() >= self._may_read_at):
            self._members_changed, self._may_read_at = False, float("inf")
            self._read_trends(connection, self._since, None)

    def action_since(self) -> None:
        """Show the change since another time."""
        if self.connection is None:
            return
        order = [one for one in SINCE if one != "study" or self._last_study is not None]
        at = order.index(self._since) if self._since in order else -1
        self.host.remembered.set("since", order[(at + 1) % len(order)])
        self.entitle_segments()
        self._read_trends(self.connection, self._since, self._joins.get(self.connection))

    @work(thread=True, exclusive=True, group="trends")
    def _read_trends(self, connection: int, since: str, known: Mapping[str, Joins] | None) -> None:
        worker, started, store = get_current_worker(), time.monotonic(), self.host.store

        def step() -> None:
            if worker.is_cancelled:
                raise _Cancelled

        try:
            store.read_through()
            joins = read_joins(store, connection, step) if known is None else known
            studies = study_starts(store, connection)
            last = studies[-1] if studies else None
            now = int(time.time())
            found = trends(store, connection, joins, _begin(since, last, now), now)
            step()
            self._joins = {connection: joins}
            self.post_message(self.Read(connection, since, found, last))
        except (_Cancelled, DatabaseProblem):  # the next snapshot reports a problem
            self._members_changed |= known is None
        finally:
            if known is None:
                took = time.monotonic() - started
                self._may_read_at = time.monotonic() + max(LEAST, SHARE * took)
            store.close()

    @on(Read)
    def _show_trends(self, message: Read) -> None:
        message.stop()
        self._last_study = message.study
        if message.connection == self.connection and message.since == self._since:
            self.segment_table.show_trends(message.trends)
            self.entitle_segments()


def _begin(since: str, study: StudyStart | None, now: int) -> int:
    if since == "study" and study is not None:
        return study.at
    return now - (MONTH if since == "month" else WEEK)
