"""The studies of the demo's past: three that are finished, and a draft to try.

A study goes through the doors that everyone's goes through: it is created, planned, locked, queued
and sent, and replies are marked. Only no mail server gets anything.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from app.db.store import Store
from app.invites import housekeeping, lifecycle, opt_outs, studies
from app.invites.mail.addresses import hasher
from app.invites.plan import frozen, plan
from app.invites.plan.options import Options
from app.invites.sending import outbox, runs
from app.invites.sending.batch_work import BatchWork
from app.invites.sending.jobs import Job

DAY, HOUR, MINUTE = 86_400, 3_600, 60
BY = "rosa"
PACE = 20  # emails a minute
REFUSED = "550 5.1.1 No such user"

Happening = tuple[int, Callable[[], object]]

_SENDER = {
    "sender_name": "Rosa Marín",
    "sender_address": "research@northwind-harbor.example",
    "reply_to": "research@northwind-harbor.example",
}
_REASONS = (
    "asked by reply not to be invited",
    "asked by phone not to be invited",
    "used the opt-out link",
    "does not take part in research",
)


@dataclass(frozen=True)
class PastStudy:
    """``ago``: days since it was sent. The shares are of those who got an invite."""

    title: str
    purpose: str
    path: str
    ago: int
    number: int
    segments: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    expire_days: int = 21
    started: float = 0.5
    completed: float = 0.8  # of those who started
    declined: float = 0.1


STUDIES = (
    PastStudy(
        title="First weeks with Northwind Harbor",
        purpose="What new customers try to do first",
        path="first-weeks",
        ago=402,
        number=60,
        segments=("active",),
    ),
    PastStudy(
        title="Why people cancel",
        purpose="What was missing when a customer left",
        path="why-cancel",
        ago=188,
        number=80,
        segments=("canceled",),
        started=0.34,
        declined=0.16,
    ),
    PastStudy(
        title="Pricing page",
        purpose="Whether the new page explains the plans",
        path="pricing",
        ago=20,
        number=72,
        segments=("active",),
        excluded=("past_due",),
        expire_days=14,
        started=0.58,
    ),
)


def past_studies(store: Store, here: int, until: int, seed: int) -> Iterator[Happening]:
    """What happened in each study, in the order of time. Do each before you take the next."""
    for study in STUDIES:
        yield from _PlayedStudy(store, here, study, random.Random(f"{seed}/{study.path}")).play(
            until - study.ago * DAY
        )


def draft(store: Store, here: int) -> None:
    """The study that a person can try."""
    (product,) = store.row(
        "SELECT stripe_id FROM product WHERE connection_id = ? AND name = 'Starter'", (here,)
    )
    key = studies.create(
        store,
        here,
        "From Starter to Pro",
        BY,
        purpose="What keeps Starter customers from upgrading",
        link="https://talk.northwind-harbor.example/upgrade?guest={{token}}",
        **_SENDER,
    )
    studies.attach(store, key, [f"product:{product}"], ["past_due"], BY)


class _PlayedStudy:
    """One study, from its draft to its end."""

    def __init__(self, store: Store, here: int, study: PastStudy, rng: random.Random) -> None:
        self._store, self._here, self._study, self._rng = store, here, study, rng
        self._key = self._run = 0
        self._sent: list[tuple[int, Job]] = []

    def play(self, at: int) -> Iterator[Happening]:
        """``at``: when it is sent."""
        at = at // DAY * DAY + 9 * HOUR + 12 * MINUTE
        yield at - 2 * DAY, self._prepare
        yield at, self._queue
        for number, job in enumerate(self._claimed()):
            second = at + MINUTE + number * MINUTE // PACE
            yield second, partial(self._send, job, second)
        done = at + MINUTE + self._study.number * MINUTE // PACE
        yield done, lambda: runs.finish(self._store, self._run, BY)
        yield from sorted(self._replies(), key=lambda one: one[0])
        end = at + self._study.expire_days * DAY + HOUR
        yield end, lambda: housekeeping.expire(self._store, self._here)
        yield end + DAY, lambda: studies.move(self._store, self._key, "closed", BY)

    def _prepare(self) -> None:
        study = self._study
        self._key = studies.create(
            self._store,
            self._here,
            study.title,
            BY,
            purpose=study.purpose,
            link=f"https://talk.northwind-harbor.example/{study.path}?guest={{{{token}}}}",
            expire_days=study.expire_days,
            **_SENDER,
        )
        studies.attach(self._store, self._key, study.segments, study.excluded, BY)
        studies.move(self._store, self._key, "active", BY)

    def _queue(self) -> None:
        store, study = self._store, self._study
        seed = f"{self._rng.getrandbits(16):04x}"
        options = Options(
            study.segments, study.excluded, take="random", number=study.number, seed=seed
        )
        made = plan.make(store, studies.get(store, self._key), options)
        queued = outbox.queue(store, frozen.freeze(store, made, BY), "smtp", BY, undo=0)
        self._run = queued.run

    def _claimed(self) -> list[Job]:
        store = self._store
        self._work = BatchWork(
            store=store,
            owner="demo",
            by=BY,
            batch=runs.view(store, self._run),
            template=studies.get(store, self._key).template,
            expire_days=self._study.expire_days,
            overrides=(),
            key=hasher(store).key,
            note=lambda: None,
            clock=store.clock,
        )
        return self._work.claim(self._study.number)

    def _send(self, job: Job, second: int) -> None:
        work = self._at(second)
        if not work.hand_over(job):
            return
        if self._rng.random() < 0.03:
            work.settle([job], "uncertain", "bounced", REFUSED)
            opt_outs.record(self._store, self._here, [job.mailbox], "bounced", BY, REFUSED)
        else:
            work.settle([job], "uncertain", "sent", "250 2.0.0 Ok")
            self._sent.append((second, job))

    def _at(self, second: int) -> BatchWork:
        return replace(self._work, clock=lambda: second)

    def _replies(self) -> Iterator[Happening]:
        rng, study = self._rng, self._study
        longest = study.expire_days * DAY
        for sent, job in self._sent:
            at = sent + int(min(rng.expovariate(1 / (1.7 * DAY)) + 10 * MINUTE, longest * 0.9))
            choice = rng.random()
            if choice < study.started:
                yield at, self._mark(job, "started")
                if rng.random() < study.completed:
                    took = int(rng.triangular(6, 50, 16) * MINUTE)
                    yield at + took, self._mark(job, "completed")
            elif choice < study.started + study.declined:
                yield at, self._mark(job, "declined")
            if choice > 0.965:
                reason = rng.choice(_REASONS)
                yield at + HOUR, self._opt_out(job, reason)

    def _mark(self, job: Job, state: str) -> Callable[[], object]:
        return lambda: lifecycle.mark(self._store, self._here, [job.invite], state, BY)

    def _opt_out(self, job: Job, reason: str) -> Callable[[], object]:
        boxes = [job.mailbox]
        return lambda: opt_outs.record(self._store, self._here, boxes, "opted_out", BY, reason)
