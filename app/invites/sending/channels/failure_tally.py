"""Failures of a channel: when there are so many that a batch must pause."""

from __future__ import annotations

IN_A_ROW, SHARE, ENOUGH = 5, 0.05, 40  # a share counts from so many tries on


class FailureTally:
    """Counts until :meth:`reset`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin again, as after a pause."""
        self._row = self._failed = self._tried = 0

    def count_try(self) -> None:
        """An invite is tried."""
        self._tried += 1

    def count_success(self) -> None:
        """It was taken."""
        self._row = 0

    def count_failure(self, why: str) -> str | None:
        """It was not taken. Why the batch must pause, in a sentence; None: it may go on."""
        self._row += 1
        self._failed += 1
        share = self._tried >= ENOUGH and self._failed > SHARE * self._tried
        if self._row < IN_A_ROW and not share:
            return None
        many = "More than 5% of the mails" if share else f"{self._row} mails in a row"
        self.reset()
        return f"{many} were not taken, the last one because: {why}"
