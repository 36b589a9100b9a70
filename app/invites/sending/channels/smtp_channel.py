"""Sends invites through a mail server, one after another.

An invite is uncertain from just before the mail server may have it until the server's answer is
known. An uncertain invite is never sent again: see :mod:`app.invites.mail.smtp`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from app.credentials.errors import CredentialProblem
from app.credentials.store import Credentials
from app.invites import opt_outs
from app.invites.mail.server_settings import MailRate, mail_rate, mail_server, password
from app.invites.mail.smtp import DeliveryUnknown, NotSent, Session, SmtpReply
from app.invites.sending.batch_work import BatchWork
from app.invites.sending.channels.channel import ChannelNotSetUp, ChannelSetup, Limit, PutResult
from app.invites.sending.channels.failure_tally import FailureTally
from app.invites.sending.jobs import Job
from app.settings import Settings

TRIES = 6  # for one email; after that it has failed
FIRST_WAIT, LONGEST_WAIT = 60, 3_600  # seconds between two tries
NOT_SET_UP = "No mail server is set. Set PANELIST_SMTP_SERVER, then resume."


def open_channel(setup: ChannelSetup) -> SmtpChannel:
    """Open the channel from the settings. Raises ChannelNotSetUp and SettingsError."""
    settings, credentials = setup.settings, setup.credentials
    if mail_server(settings) is None:
        raise ChannelNotSetUp(NOT_SET_UP)

    def connect() -> Session:
        session = open_session(settings, credentials)
        if session is None:  # the settings don't change while this process runs
            raise NotSent(NOT_SET_UP)
        return session

    return SmtpChannel(connect, mail_rate(settings))


def open_session(settings: Settings, credentials: Credentials) -> Session | None:
    """A session with the mail server, or None if none is set. Raises SettingsError and NotSent."""
    server = mail_server(settings)
    if server is None:
        return None
    try:
        return Session(server, password(settings, credentials, server) if server.user else None)
    except CredentialProblem as problem:
        raise NotSent(str(problem), SmtpReply("login", 535, "no password")) from None


class SmtpChannel:
    """``connect``: makes a session with the mail server, and raises NotSent."""

    def __init__(self, connect: Callable[[], Session], rate: MailRate) -> None:
        self._connect = connect
        self._session: Session | None = None
        self._failures = FailureTally()
        pace = ((rate.per_minute, 60), (rate.per_day, 86_400))
        self.limits = tuple(Limit(most, seconds) for most, seconds in pace if most is not None)

    def put(self, work: BatchWork) -> PutResult:
        """Send the next one."""
        claimed = work.claim()
        if not claimed:
            return PutResult(0)
        (job,) = claimed
        mail = work.message(job)
        self._failures.count_try()
        return PutResult(1, self._send(work, job, mail))

    def close(self) -> None:
        """Say goodbye to the mail server."""
        if self._session is not None:
            self._session.quit()
            self._session = None

    def _send(self, work: BatchWork, job: Job, mail: bytes) -> str | None:
        """Returns why the batch must pause, or None."""
        before = "sending"
        try:
            if self._session is None:
                self._session = self._connect()
            session = self._session
            session.offer(work.template.sender_address, job.address, mail)
            if not work.hand_over(job):
                self._drop()
                work.settle([job], before, "queued")
                return None
            before = "uncertain"
            session.finish()
            work.settle([job], before, "sent", str(session.last))
            self._failures.count_success()
            return None
        except NotSent as why:
            return self._not_sent(work, job, before, why)
        except DeliveryUnknown:
            silent = "the mail server went silent after a mail was handed over"
            return self._failures.count_failure(silent)
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _not_sent(self, work: BatchWork, job: Job, before: str, why: NotSent) -> str | None:
        """Returns why the batch must pause, or None."""
        reply = why.answer
        said = str(reply) if reply else str(why)
        settle = partial(work.settle, [job], before, answer=said)
        if reply is None or reply.phase in ("login", "sender") or reply.is_quota:
            # The fault is not this one recipient's.
            self._drop()
            if reply is not None and (reply.code >= 500 or reply.is_quota):
                settle("queued")
                self._failures.reset()
                return str(why)
            settle("queued", wait=_wait(job))
            return self._failures.count_failure(str(why))
        if reply.code >= 500:
            bounced = reply.phase == "recipient" and reply.is_unknown_mailbox
            settle("bounced" if bounced else "failed")
            if bounced:
                store, boxes = work.store, [job.mailbox]
                opt_outs.record(store, job.connection, boxes, "bounced", work.owner, said)
        elif job.attempt >= TRIES:
            settle("failed")
        else:
            settle("queued", wait=_wait(job))
        return self._failures.count_failure(said)


def _wait(job: Job) -> int:
    """Seconds until the next try. Each wait is longer, and random so that tries spread out."""
    longest = min(FIRST_WAIT * 2 ** min(job.attempt - 1, 10), LONGEST_WAIT)
    return int(longest * random.uniform(0.8, 1.2))
