"""Says that a sync has trouble, once, and that it is over."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.commands.shared import slow_answers
from app.commands.shared.console import say
from app.sync.engine import Activity
from app.text import plain

_AGAIN = " Trying again"  # at the end of what the engine does
_SOON = "; trying again"  # while a single request is tried again


class SyncTrouble:
    """``clear``: called before each sentence."""

    def __init__(self, clear: Callable[[], None] = lambda: None) -> None:
        self._clear = clear
        self._told = ""
        self._since: float | None = None  # a request is tried again

    def see(self, activity: Activity) -> None:
        """Look at what the sync does now, and say what is new."""
        if activity.next_poll_at is not None:  # a poll has succeeded
            if self._told:
                self._say("The sync works again.")
            self._told, self._since = "", None
        elif activity.problem:
            problem, again, _ = activity.doing.partition(_AGAIN)
            if again or activity.looking_on:
                self._tell(problem)
            elif activity.doing.endswith(_SOON) and self._is_slow():
                self._tell(f"{activity.doing.removesuffix(_SOON).rstrip('.')}.")

    def _is_slow(self) -> bool:
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since >= slow_answers.SLOW

    def _tell(self, problem: str) -> None:
        if problem != self._told:
            self._say(f"{plain(problem, 1000)} Trying again.")
        self._told = problem

    def _say(self, sentence: str) -> None:
        self._clear()
        say(sentence)
