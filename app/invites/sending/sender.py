"""Sends what is queued: one Panelist per database, one mail at a time.

Nothing is sent twice because every step is written down first (:mod:`app.invites.sending.jobs`);
who holds the lock only sees to it that two do not share one pace. Ended in whatever way, the next
sender goes on from there.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from app.db.lease import this_process
from app.db.lock import Lock, LockTaken
from app.db.store import Store
from app.invites import opt_outs as optouts
from app.invites.machine import this_machine
from app.invites.mail.addresses import hasher
from app.invites.mail.folder import Folder
from app.invites.mail.message import compose, message_id
from app.invites.mail.server_settings import MailRate
from app.invites.mail.smtp import DeliveryUnknown, NotSent, Session
from app.invites.mail.template import Template, from_json
from app.invites.plan.frozen import frozen
from app.invites.restore_guard import RestoreGuard
from app.invites.sending import files as filing
from app.invites.sending import jobs, runs
from app.invites.sending.jobs import Job
from app.invites.sending.runs import RunView, columns
from app.panel.export.writer import OutputProblem
from app.problems import Problem

TRIES = 6  # of one mail; then it has failed
FIRST_WAIT, LONGEST_WAIT = 60, 3_600  # seconds between two tries
IN_A_ROW, SHARE, ENOUGH = 5, 0.05, 40  # failures that stop a run; a share counts from so many on
TOGETHER = 100  # files that are written between two commits


class SendInProgress(Problem):
    """Another Panelist sends for this database; nothing was sent here."""


class Sender:
    """Sends for one account. ``session``: a way to the mail server; None where there is none.
    ``folder``: where Panelist's files lie; mails as files are put into ``mailbox`` in it."""

    def __init__(
        self,
        store: Store,
        connection_id: int,
        *,
        session: Callable[[], Session] | None,
        folder: Path,
        rate: MailRate,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._connection_id = store, connection_id
        self._open, self._folder, self._rate = session, Folder(folder / "mailbox"), rate
        self._guard = RestoreGuard(store, connection_id, folder)
        self._on_change = on_change
        self._owner = this_process()
        self._session: Session | None = None
        self._letters: dict[int, tuple[Template, int | None]] = {}
        self._key = b""
        self._row = 0  # failures since the last mail that was taken
        self._failed = self._tried = 0

    def work(
        self, stop: threading.Event, only: Callable[[], Collection[int]], *, wait: bool = True
    ) -> None:
        """Send until nothing is left of these runs, or until told to stop. ``wait``: also for what
        is due later. Raises Sending, Guarded and DatabaseProblem; what was handed over is written
        down."""
        lock = Lock(self._store, "send-lock", 3)
        try:
            lock.take()
            self._guard.check()
            jobs.recover(self._store, self._connection_id, self._owner)
            self._key = hasher(self._store, self._connection_id).key
            while not stop.is_set():
                pause = self._next(only())
                if pause is None or (pause and not wait):
                    return
                if pause and not lock.holds():
                    return
                stop.wait(min(pause, 1.0))
        except LockTaken:
            raise SendInProgress(
                "Another Panelist is sending for this database. What is queued here goes out with"
                " it, or as soon as it has ended."
            ) from None
        finally:
            if self._session is not None:
                self._session.quit()
                self._session = None
            lock.free()

    def _changed(self) -> None:
        """Something was handed over, or could not be."""
        with suppress(OSError):  # a full disk: the ledger itself is in the database
            self._guard.note()
        self._on_change()

    def _next(self, only: Collection[int]) -> float | None:
        """Do the next thing; how many seconds it is to be waited then, None: nothing is left."""
        soonest: float | None = None
        for run in runs.open_runs(self._store, self._connection_id):
            if run.machine != this_machine():
                continue  # it has another mail server, or another folder
            if run.id not in only or run.state != "running" or run.way == "link":
                continue
            wait = self._step(run)
            if wait == 0:
                return 0
            if wait is not None:
                soonest = wait if soonest is None else min(soonest, wait)
        return soonest

    def _step(self, run: RunView) -> float | None:
        now = time.time()
        if not run.left:
            runs.finish(self._store, run.id, self._owner)
            return 0
        if run.go_at > now:
            return run.go_at - now
        (state,) = self._store.row("SELECT state FROM study WHERE id = ?", (run.study_id,))
        if state != "active":
            jobs.withdraw_idle(self._store, run, self._owner)
            return 0
        if run.way in ("eml", "csv"):
            return self._put(run)
        if self._open is None:
            self._give_up(run, "No mail server is set. Set PANELIST_SMTP_SERVER, then resume.")
            return 0
        return self._too_fast(run, now) or self._send(run)

    # Files

    def _put(self, run: RunView) -> float | None:
        most = run.number if run.way == "csv" else TOGETHER
        some = jobs.claim(self._store, run, self._owner, most)
        if not some:
            return self._due(run)
        letter, expire_days = self._letter(run)
        try:
            filing.put(self._folder, run, letter, some, self._mail)
        except (OSError, OutputProblem) as error:
            jobs.settle(self._store, some, self._owner, "sending", "queued")
            why = getattr(error, "strerror", None) or str(error)
            self._give_up(run, f"{self._folder} cannot be written ({why}). Resume when it can.")
            return 0
        moved = (self._store, some, self._owner, "sending", "handed_over")
        if jobs.settle(*moved, expire_days=expire_days) < len(some):
            filing.take_back(self._store, self._folder, run, letter, some)
        self._changed()
        return 0

    # A mail server

    def _send(self, run: RunView) -> float | None:
        some = jobs.claim(self._store, run, self._owner)
        if not some:
            return self._due(run)
        (job,) = some
        letter, expire_days = self._letter(run)
        store, owner = self._store, self._owner
        mail, identity = self._mail(letter, job).as_bytes(), self._identity(letter, job)
        self._tried += 1
        before = "sending"
        try:
            session = self._connected()
            session.offer(letter.sender_address, job.address, mail)
            if not jobs.hand_over(store, run, job, owner, identity):
                self._drop()
                jobs.settle(store, [job], owner, "sending", "queued")
                return 0
            before = "uncertain"
            session.finish()
            after = (store, [job], owner, before, "sent", str(session.last))
            jobs.settle(*after, expire_days=expire_days)
            self._row = 0
        except NotSent as why:
            self._not_sent(run, job, before, why)
        except DeliveryUnknown:
            self._fail(run, "the mail server went silent after a mail was handed over")
        except BaseException:
            self._drop()
            raise
        self._changed()
        return 0

    def _connected(self) -> Session:
        if self._session is None:
            assert self._open is not None
            self._session = self._open()
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _not_sent(self, run: RunView, job: Job, before: str, why: NotSent) -> None:
        store, owner, answer = self._store, self._owner, why.answer
        said = str(answer) if answer else str(why)
        back = (store, [job], owner, before, "queued", said)
        if answer is None or answer.phase in ("login", "sender") or answer.is_quota:
            # Nothing is wrong with this one person.
            self._drop()
            fatal = answer is not None and (answer.code >= 500 or answer.is_quota)
            jobs.settle(*back, wait=None if fatal else self._wait(job))
            if fatal:
                self._give_up(run, str(why))
            else:
                self._fail(run, str(why))
        elif answer.code >= 500:
            bounced = answer.phase == "recipient" and answer.is_unknown_mailbox
            jobs.settle(store, [job], owner, before, "bounced" if bounced else "failed", said)
            if bounced:
                optouts.record(store, job.connection, [job.mailbox], "bounced", owner, said)
            self._fail(run, said)
        elif job.attempt >= TRIES:
            jobs.settle(store, [job], owner, before, "failed", said)
            self._fail(run, said)
        else:
            jobs.settle(*back, wait=self._wait(job))
            self._fail(run, said)

    def _wait(self, job: Job) -> int:
        longest = min(FIRST_WAIT * 2 ** min(job.attempt - 1, 10), LONGEST_WAIT)
        return int(longest * random.uniform(0.8, 1.2))

    def _fail(self, run: RunView, why: str) -> None:
        self._row += 1
        self._failed += 1
        share = self._tried >= ENOUGH and self._failed > SHARE * self._tried
        if self._row >= IN_A_ROW or share:
            many = f"{self._row} mails in a row" if not share else "more than 5% of the mails"
            self._give_up(run, f"{many.capitalize()} were not taken, the last one because: {why}")

    def _give_up(self, run: RunView, why: str) -> None:
        self._row = self._failed = self._tried = 0
        runs.pause(self._store, run.id, self._owner, why)
        self._changed()

    # What both need

    def _due(self, run: RunView) -> float | None:
        """Seconds until the next mail of the run may be tried; None: it has none."""
        of_run, state, _ = columns(run.kind)
        (at,) = self._store.row(
            f"SELECT min(coalesce(not_before, 0)) FROM invite WHERE {of_run} = ?"
            f" AND {state} = 'queued'",
            (run.id,),
        )
        return None if at is None else max(0.1, at - time.time())

    def _too_fast(self, run: RunView, now: float) -> float:
        """Seconds until another mail may go out; what was sent before a restart counts."""
        for most, seconds in ((self._rate.per_minute, 60), (self._rate.per_day, 86_400)):
            if most is None:
                continue
            rows = self._store.rows(
                "SELECT at FROM (SELECT i.sent_at AS at FROM invite i JOIN run r ON r.id = i.run_id"
                " WHERE i.connection_id = ? AND i.sent_at > ? AND r.way = 'smtp'"
                " UNION ALL SELECT i.reminded_at FROM invite i JOIN run r"
                " ON r.id = i.reminder_run_id WHERE i.connection_id = ? AND i.reminded_at > ?"
                " AND r.way = 'smtp') x ORDER BY at DESC LIMIT 1 OFFSET ?",
                (*(self._connection_id, int(now) - seconds) * 2, most - 1),
            )
            if rows:
                return float(max(0.1, rows[0][0] + seconds - now))
        return 0.0

    def _letter(self, run: RunView) -> tuple[Template, int | None]:
        """What the run writes, and for how many days it may be answered."""
        if run.id not in self._letters:
            (plan, letter) = self._store.row(
                "SELECT plan_id, letter FROM run WHERE id = ?", (run.id,)
            )
            if plan is not None:
                found = frozen(self._store, plan)
                self._letters[run.id] = found.letter, found.rules.expire_days
            else:
                self._letters[run.id] = from_json(letter), None
        return self._letters[run.id]

    def _mail(self, letter: Template, job: Job) -> EmailMessage:
        return compose(letter, job.address, job.name, job.token, self._identity(letter, job))

    def _identity(self, letter: Template, job: Job) -> str:
        return message_id(self._key, job.invite, job.kind, letter.sender_address)
