"""One batch, as a channel sees it: claim invites, write messages, record results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.db.store import Store
from app.invites.errors import RestoreSuspected
from app.invites.mail.message import compose, message_id
from app.invites.mail.template import Template, from_json, render
from app.invites.sending import jobs
from app.invites.sending.jobs import Job
from app.invites.sending.runs import RunView


@dataclass(frozen=True)
class BatchWork:
    """``owner``: this process. ``by``: the person whose process it is. ``key``: the connection's
    own, for Message-IDs. ``expire_days``: how many days a participant has to reply. ``note``: has
    the witness know what may have left. Each method raises DatabaseProblem."""

    store: Store
    owner: str
    by: str
    batch: RunView
    template: Template
    expire_days: int | None
    key: bytes
    note: Callable[[], None]

    def claim(self, most: int = 1) -> list[Job]:
        """Claim the next invites that are due, for this process alone."""
        return jobs.claim(self.store, self.batch, self.owner, self.by, most)

    def message(self, job: Job, *, unsent: bool = False) -> bytes:
        """The email to one participant. ``unsent``: as a draft, see
        :func:`app.invites.mail.message.compose`."""
        return compose(
            self.template,
            job.address,
            job.name,
            job.token,
            self.message_id(job),
            subject=self.subject(job),
            replies_to=job.about.message_id if job.about else None,
            unsent=unsent,
        ).as_bytes()

    def subject(self, job: Job) -> str:
        """The subject of the message to one participant. A reminder without one of its own has that
        of its invite, as a reply if that was an email."""
        if self.template.subject or job.about is None:
            return render(self.template, job.name, job.token).subject
        said = render(from_json(job.about.letter), job.name, job.token).subject
        return f"Re: {said}" if job.about.message_id else said

    def message_id(self, job: Job) -> str:
        """The Message-ID of the email to one participant."""
        return message_id(self.key, job.invite, job.kind, self.template.sender_address)

    def hand_over(self, job: Job) -> bool:
        """Record that a server may get an invite, before it can: first in the database, then in the
        witness. A kill between the two leaves no invite that left and that the witness does not
        know. False if it must not be sent any more. Raises RestoreSuspected."""
        may = jobs.hand_over(self.store, self.batch, job, self.by, self.message_id(job))
        if may:
            try:
                self.note()
            except RestoreSuspected:
                self.settle([job], "uncertain", "queued")
                raise
        return may

    def settle(
        self,
        some: Sequence[Job],
        before: str,
        after: str,
        answer: str | None = None,
        *,
        wait: int | None = None,
        message_ids: Mapping[int, str] | None = None,
    ) -> int:
        """Record the results of these: see :func:`app.invites.sending.jobs.settle`."""
        return jobs.settle(
            self.store,
            some,
            self.by,
            before,
            after,
            answer,
            wait=wait,
            expire_days=self.expire_days,
            message_ids=message_ids,
        )
