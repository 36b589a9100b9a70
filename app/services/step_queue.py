"""One thread that does jobs in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from textual.message import Message

Job = Callable[[], Message | None]


class StepQueue:
    """Does one job at a time and posts the message that it returns. A job must not raise.

    The thread ends when no job is left, so nothing has to close the queue. It is a daemon: a
    worker of Textual's would hold up quitting until Stripe answers or times out. Jobs may hold
    secrets, so they are never arguments of the thread, whose description could be printed.
    """

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._jobs: deque[Job] = deque()  # the first one is under way
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether a job waits or is under way."""
        return bool(self._jobs)

    def put(self, job: Job, *, patient: bool = True) -> bool:
        """Do a job. A ``patient`` one waits for the jobs before it. Any other one is dropped
        while the queue is busy, and this returns False."""
        with self._lock:
            if self._jobs and not patient:
                return False
            self._jobs.append(job)
            if len(self._jobs) == 1:
                threading.Thread(target=self._run, name="stripe", daemon=True).start()
        return True

    def _run(self) -> None:
        left = True
        while left:
            message = self._jobs[0]()
            with self._lock:
                self._jobs.popleft()
                left = bool(self._jobs)
            if message is not None:  # posted last: its handler may put the next job
                self._post(message)
