"""What other threads write to standard error. ``capsys`` loses what is written while it is read."""

from __future__ import annotations

import io
import sys
import threading

import pytest


class Heard:
    """All that was said on standard error so far."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def has(self, words: str) -> bool:
        return words in self.text

    def wait_for(self, words: str) -> None:
        """Wait until it is said; the test's time limit ends it otherwise."""
        while not self.has(words):
            threading.Event().wait(0.01)
