"""Decides when a mail server gets a rest, and when a batch must pause for a person.

One recipient never stops a batch. What is said about the sender, the session or the server does:
a fault that may end gets a rest, each longer than the one before, and a final one pauses the batch.
So do several refusals that are all alike, because then they are not about the recipients.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from app.invites.mail.smtp_replies import SmtpReply
from app.invites.sending.jobs import Job

FIRST_REST, LONGEST_REST = 60, 3_600  # seconds
RESTS = 8  # in a row, about three hours; then a person must look
FIRST_TRIES = (5, 20)  # seconds between tries to reach a server that never took an email
ALIKE, DOMAINS = 5, 3  # so many refusals in a row, of mailboxes in so many domains


class Rests:
    """The rests that a mail server needed in a row."""

    def __init__(self) -> None:
        self._row = 0
        self._worked = False

    def end(self) -> None:
        """The server took an email."""
        self._row = 0
        self._worked = True

    def next(self, *, reached: bool) -> int | None:
        """Seconds of the next rest. None: there were enough, and a person must look. ``reached``:
        the server answered. One that never could be reached was probably set up wrongly, and the
        person who did it is still there."""
        self._row += 1
        soon = not (reached or self._worked)
        if self._row > (len(FIRST_TRIES) if soon else RESTS):
            self._row = 0
            return None
        return FIRST_TRIES[self._row - 1] if soon else growing(self._row, FIRST_REST, LONGEST_REST)


@dataclass(frozen=True)
class _Refusal:
    job: Job
    code: object  # what was answered, the reply code and the enhanced code
    words: str

    @property
    def domain(self) -> str:
        return self.job.address.rpartition("@")[2].lower()


class AlikeRefusals:
    """Final refusals in a row that all say the same. ``found``: there were so many that they are
    about none of the recipients."""

    def __init__(self) -> None:
        self._row: list[_Refusal] = []
        self.found = False

    def end(self) -> None:
        """The server took an email, or said something else."""
        self._row.clear()
        self.found = False

    def add(self, job: Job, reply: SmtpReply) -> list[Job]:
        """Count a refusal. Returns all emails of the row at the moment when it is found."""
        one = _Refusal(job, (reply.phase, reply.code, reply.enhanced), _words(reply, job))
        if self._row and self._row[0].code != one.code:
            self.end()
        self._row.append(one)
        alike = len({refusal.words for refusal in self._row}) == 1
        spread = len({refusal.domain for refusal in self._row}) >= DOMAINS
        if self.found or len(self._row) < ALIKE or not (alike or spread):
            return []
        self.found = True
        return [refusal.job for refusal in self._row]


def _words(reply: SmtpReply, job: Job) -> str:
    """What was said, without the mailbox."""
    address = job.address.lower()
    return reply.text.lower().replace(address, "").replace(address.rpartition("@")[0], "")


def growing(turn: int, first: int, longest: int) -> int:
    """Seconds to wait before a next try. Each wait is longer, and random so that tries spread
    out. ``turn`` starts at 1."""
    return int(min(first * 2 ** min(turn - 1, 10), longest) * random.uniform(0.8, 1.2))
