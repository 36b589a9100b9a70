"""The keys of the Segments screen that open Compare and History, and the way back from there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from textual.screen import Screen

from app.screens.segments.compare_screen import CompareScreen
from app.screens.segments.history_screen import SegmentHistoryScreen
from app.screens.segments.segment_trends import SegmentTrends


class SegmentOpeners(SegmentTrends):
    """Opens the screens about a segment. ``came_from`` makes the one to go back to, if any."""

    def __init__(self) -> None:
        super().__init__()
        self.came_from: Callable[[], Screen[None]] | None = None

    @abstractmethod
    def open_person(self, row_id: int) -> None:
        """Show a participant beside or below the members."""

    def action_compare(self) -> None:
        """Compare the current segment with another one."""
        segment, connection, snapshot = self.segment_table.segment, self.connection, self.snapshot
        if segment is not None and connection is not None and snapshot is not None:
            self.app.push_screen(
                CompareScreen(
                    self.host.store,
                    connection,
                    segment,
                    None,
                    masking=snapshot.masking,
                    open_person=self._back_to,
                )
            )

    def action_history(self) -> None:
        """Show who joined the current segment and who left it."""
        segment, connection, snapshot = self.segment_table.segment, self.connection, self.snapshot
        if segment is not None and connection is not None and snapshot is not None:
            self.app.push_screen(
                SegmentHistoryScreen(
                    self.host.store,
                    connection,
                    segment,
                    masking=snapshot.masking,
                    open_person=self._back_to,
                )
            )

    def _back_to(self, row_id: int) -> None:
        """Show a participant who was chosen on a screen over this one. Escape goes back there."""
        over = self.app.screen
        self.app.pop_screen()
        self.open_person(row_id)
        if isinstance(over, CompareScreen | SegmentHistoryScreen):
            self.came_from = over.again
