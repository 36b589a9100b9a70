"""What the app does beside its screens from a moment after its start: indexes and notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.services.messages import NoticeArrived

if TYPE_CHECKING:
    from app.db.indexes.index_builder import IndexBuilder
    from app.notices.notice_loop import NoticeLoop
    from app.services.context import Context
    from app.services.refresh import Refresher

SOON = 2.0  # seconds after the start, so that the first screens come first
EVERY = 2.0  # seconds between two checks for indexes to build
GRACE = 0.5  # seconds that quitting waits for a notice that is being posted


class Upkeep:
    """Builds the indexes for searching and ordering, and looks for notices."""

    def __init__(self, context: Context, refresher: Refresher) -> None:
        self._context, self._refresher = context, refresher
        self._index_builder: IndexBuilder | None = None
        self._reads_indexed = 0  # the number of reads when indexes were last built
        self._notices: NoticeLoop | None = None

    def start(self) -> None:
        """Begin soon."""
        self._context.set_interval(EVERY, self._build_indexes)
        self._context.set_timer(SOON, self._start_notices)

    def end(self) -> None:
        """End within moments."""
        if self._notices is not None:
            self._notices.close(GRACE)
        if self._index_builder is not None:
            self._index_builder.close()

    def _build_indexes(self) -> None:
        """Build the indexes if the database was read since last time."""
        if self._refresher.reads == self._reads_indexed:
            return
        self._reads_indexed = self._refresher.reads
        if self._index_builder is None:
            from app.db.indexes.index_builder import IndexBuilder  # after the first frame

            self._index_builder = IndexBuilder(self._context.store)
        else:
            self._index_builder.wake()

    def _start_notices(self) -> None:
        from app.notices.notice_loop import NoticeLoop  # after the first frame

        at = self._context
        self._notices = NoticeLoop(
            at.store, at.settings, lambda notice: at.post(NoticeArrived(notice.text))
        )
        self._notices.start()
