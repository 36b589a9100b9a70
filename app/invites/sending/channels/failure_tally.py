"""Counts the failures of a channel, and decides when a batch must pause."""

from __future__ import annotations

IN_A_ROW, SHARE, ENOUGH = 5, 0.05, 40  # the share counts only after this many tries


class FailureTally:
    """Counts until :meth:`reset`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start over, as after a pause."""
        self._row = self._failed = self._tried = 0

    def count_try(self) -> None:
        """Count an attempt to send an invite."""
        self._tried += 1

    def count_success(self) -> None:
        """Count an invite that was taken."""
        self._row = 0

    def count_failure(self, why: str) -> str | None:
        """Count an invite that was refused. Returns why the batch must pause, or None to
        continue."""
        self._row += 1
        self._failed += 1
        share = self._tried >= ENOUGH and self._failed > SHARE * self._tried
        if self._row < IN_A_ROW and not share:
            return None
        many = "More than 5% of the mails" if share else f"{self._row} mails in a row"
        self.reset()
        return f"{many} were not taken, the last one because: {why}"
