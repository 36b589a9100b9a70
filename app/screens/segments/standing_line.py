"""The lines under the lists: why the participant under the cursor is in the segment."""

from __future__ import annotations

from contextlib import suppress

from textual import on, work
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.segments.standing import standing
from app.text import masked, plain
from app.widgets.content import para, words
from app.widgets.lines.text_line import TextLine

REST = 0.2  # seconds without a key before it is read, so that no key waits for it
LINES = 30  # lines of the terminal from which there is room for a second sentence


class StandingLine(TextLine):
    """Says why one participant is in one segment. A thread reads it, once the cursor rests."""

    class Read(Message):
        """What was read of a participant in a segment."""

        def __init__(self, about: tuple[int, str], name: str, first: str, rest: str) -> None:
            super().__init__()
            self.about, self.name, self.first, self.rest = about, name, first, rest

    def __init__(self, store: Store) -> None:
        super().__init__(id="standing")
        self._store = store
        self._about: tuple[int, str] | None = None
        self._masking = False
        self._timer: Timer | None = None

    def ask(
        self, row_id: int | None, key: str | None, *, masking: bool = False, again: bool = False
    ) -> None:
        """Show the participant with this row id in this segment, or nothing if one is None.
        ``again``: read it even if that is shown already, because it may have changed."""
        asked = None if row_id is None or key is None else (row_id, key)
        if (asked, masking) == (self._about, self._masking) and not again:
            return
        if masking and not self._masking:
            self.show(words())  # the name that is shown is gone at once
        self._masking = masking
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if row_id is None or key is None:
            self._about = None
            self.show(words())
            return
        self._about = (row_id, key)
        self._timer = self.set_timer(REST, self._ask)

    def _ask(self) -> None:
        if self._about is not None:
            self._read(self._about)

    @work(thread=True, exclusive=True, group="standing")
    def _read(self, about: tuple[int, str]) -> None:
        worker = get_current_worker()
        with suppress(DatabaseProblem, LookupError):  # they are gone, or the next snapshot says it
            try:
                first, rest = standing(self._store, *about)
                (name,) = self._store.row(
                    "SELECT coalesce(nullif(name, ''), nullif(email, ''), stripe_id)"
                    " FROM participant WHERE id = ?",
                    about[:1],
                )
            finally:
                self._store.close()
            if not worker.is_cancelled:
                self.post_message(self.Read(about, name, first, rest))

    @on(Read)
    def _show_read(self, message: Read) -> None:
        """Show it, unless the cursor went on."""
        message.stop()
        if message.about != self._about:
            return
        name = masked(message.name) if self._masking else plain(message.name, 40)
        lines = [words((name, "bold"), f" {message.first}")]
        if message.rest and self.screen.size.height >= LINES:
            lines.append(words((message.rest, "$muted")))
        self.show(para(lines))
