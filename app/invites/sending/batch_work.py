"""One batch, as a channel sees it: claim invites, write messages, record results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.db.store import Store
from app.invites.mail.message import compose, message_id
from app.invites.mail.template import Template
from app.invites.sending import jobs
from app.invites.sending.jobs import Job
from app.invites.sending.runs import RunView


@dataclass(frozen=True)
class BatchWork:
    """``owner``: this process. ``key``: the connection's own, for Message-IDs. ``expire_days``: how
    many days a participant has to reply. Each method raises DatabaseProblem."""

    store: Store
    owner: str
    batch: RunView
    template: Template
    expire_days: int | None
    key: bytes

    def claim(self, most: int = 1) -> list[Job]:
        """Claim the next invites that are due, for this process alone."""
        return jobs.claim(self.store, self.batch, self.owner, most)

    def message(self, job: Job) -> bytes:
        """The email to one participant."""
        address, name, token = job.address, job.name, job.token
        return compose(self.template, address, name, token, self._message_id(job)).as_bytes()

    def hand_over(self, job: Job) -> bool:
        """Record that a server may get an invite, before it can. False if it must not be sent any
        more."""
        return jobs.hand_over(self.store, self.batch, job, self.owner, self._message_id(job))

    def settle(
        self,
        some: Sequence[Job],
        before: str,
        after: str,
        answer: str | None = None,
        *,
        wait: int | None = None,
    ) -> int:
        """Record the results of these: see :func:`app.invites.sending.jobs.settle`."""
        return jobs.settle(
            self.store,
            some,
            self.owner,
            before,
            after,
            answer,
            wait=wait,
            expire_days=self.expire_days,
        )

    def _message_id(self, job: Job) -> str:
        return message_id(self.key, job.invite, job.kind, self.template.sender_address)
