"""Sends invites through a mail server, one after another.

An invite is uncertain from just before the mail server may have it until the server's answer is
known. An uncertain invite is never sent again: see :mod:`app.invites.mail.smtp`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.credentials.errors import CredentialProblem
from app.credentials.store import Credentials
from app.invites import opt_outs
from app.invites.mail.oauth.mail_tokens import MailAccess
from app.invites.mail.oauth.providers import mail_app
from app.invites.mail.server_settings import MailRate, mail_rate, mail_server, password
from app.invites.mail.smtp import DeliveryUnknown, Interrupted, NotSent, Session
from app.invites.mail.smtp_replies import Concern, Meaning, SmtpReply
from app.invites.sending.batch_work import BatchWork
from app.invites.sending.channels.channel import (
    ChannelNotSetUp,
    ChannelSetup,
    Limit,
    PutResult,
    Rest,
)
from app.invites.sending.channels.server_trouble import AlikeRefusals, Rests, growing
from app.invites.sending.jobs import Job
from app.settings import Settings

MAIL_RATE = "PANELIST_MAIL_RATE"
TRIES = 6  # for one email; after that it has failed
FIRST_WAIT, LONGEST_WAIT = 60, 3_600  # seconds between two tries
NOT_SET_UP = "No mail server is set. Set PANELIST_SMTP_SERVER, then resume."


def open_channel(setup: ChannelSetup) -> SmtpChannel:
    """Open the channel from the settings. Raises ChannelNotSetUp and SettingsError."""
    settings, credentials = setup.settings, setup.credentials
    server = mail_server(settings)
    if server is None:
        raise ChannelNotSetUp(NOT_SET_UP)
    mail_app(settings)  # raises now, and not at the first email

    def connect() -> Session:
        session = open_session(settings, credentials)
        if session is None:  # the settings don't change while this process runs
            raise NotSent(NOT_SET_UP)
        return session

    return SmtpChannel(connect, mail_rate(settings), str(server))


def open_session(settings: Settings, credentials: Credentials) -> Session | None:
    """A session with the mail server, or None if none is set. Raises SettingsError and NotSent."""
    server = mail_server(settings)
    if server is None:
        return None
    app = mail_app(settings)
    if app is not None:
        return Session(server, MailAccess(credentials, server, app))
    try:
        return Session(server, password(settings, credentials, server) if server.user else None)
    except CredentialProblem as problem:
        raise NotSent(str(problem), SmtpReply("login", 535, "no password")) from None


class SmtpChannel:
    """``connect``: makes a session with the mail server ``server``, and raises NotSent."""

    def __init__(
        self, connect: Callable[[], Session], rate: MailRate, server: str | None = None
    ) -> None:
        self.server = server
        self._connect = connect
        self._session: Session | None = None
        self._hurried = False
        self._rests, self._refusals, self._bounces = Rests(), AlikeRefusals(), AlikeRefusals()
        pace = ((rate.per_minute, 60), (rate.per_day, 86_400))
        self.limits = tuple(Limit(most, at, MAIL_RATE) for most, at in pace if most is not None)

    def put(self, work: BatchWork) -> PutResult:
        """Send the next one."""
        claimed = work.claim()
        if not claimed:
            return PutResult(0)
        (job,) = claimed
        return self._send(work, job, work.message(job))

    def idle(self) -> None:
        """Say goodbye, because servers end sessions that say nothing for a while."""
        self.close()

    def hurry(self) -> None:
        """Leave an email that the server cannot have yet, and wait only seconds for the answer to
        one that it may have. Raises Interrupted, which :meth:`put` handles."""
        self._hurried = True
        if self._session is not None:
            self._session.hurry()

    def close(self) -> None:
        """Say goodbye to the mail server."""
        if self._hurried:
            self._drop()
        if self._session is not None:
            self._session.quit()
            self._session = None

    def _send(self, work: BatchWork, job: Job, mail: bytes) -> PutResult:
        before = "sending"
        try:
            if self._session is None:
                self._session = self._connect()
            session = self._session
            if self._hurried:
                session.hurry()
            session.offer(work.template.sender_address, job.address, mail)
            if not work.hand_over(job):
                self._drop()
                work.settle([job], before, "queued")
                return PutResult(1)
            before = "uncertain"
            session.finish()
            work.settle([job], before, "sent", str(session.last))
            for trouble in (self._rests, self._refusals, self._bounces):
                trouble.end()
            return PutResult(1)
        except Interrupted:
            self._drop()
            work.settle([job], before, "queued")
            return PutResult(1)
        except NotSent as why:
            return self._not_sent(work, job, before, why)
        except DeliveryUnknown:
            return self._rested("The mail server stopped responding after it got an email.", True)
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _not_sent(self, work: BatchWork, job: Job, before: str, why: NotSent) -> PutResult:
        reply = why.answer
        said = str(reply) if reply else str(why)
        settle = partial(work.settle, [job], before, answer=said)
        meaning = reply.meaning if reply else Meaning(Concern.SERVER, final=False)
        if meaning.concern in (Concern.SENDER, Concern.SERVER):
            self._drop()
            settle("queued")
            return PutResult(1, str(why)) if meaning.final else self._rested(str(why), bool(reply))
        if not meaning.final:
            failed = job.attempt >= TRIES
            settle("failed") if failed else settle("queued", wait=_wait(job))
            new = meaning.concern is Concern.SESSION and reply and reply.phase == "sender"
            return self._rested(str(why), True) if new else PutResult(1)
        if reply is not None and meaning.bounced:
            self._refusals.end()
            self._bounced(work, job, before, reply)
            return PutResult(1)
        self._bounces.end()
        settle("failed")
        return self._refused(work, job, reply) if reply else PutResult(1)

    def _bounced(self, work: BatchWork, job: Job, before: str, reply: SmtpReply) -> None:
        """Record a bounce. If too many in a row are alike, then none of them is one until a person
        confirms it."""
        said = str(reply)
        alike = self._bounces.add(job, reply)
        if self._bounces.found:
            work.settle([job], before, "to_confirm", said)
        else:
            work.settle([job], before, "bounced", said)
            opt_outs.record(work.store, job.connection, [job.mailbox], "bounced", work.by, said)
        for other in alike[:-1]:
            work.settle([other], "bounced", "to_confirm", said)
            opt_outs.lift_bounce(work.store, other.connection, other.mailbox, work.by)

    def _rested(self, why: str, reached: bool) -> PutResult:
        """Give the server a rest. ``reached``: it responded with."""
        seconds = self._rests.next(reached=reached)
        return PutResult(1, why) if seconds is None else PutResult(1, rest=Rest(seconds, why))

    def _refused(self, work: BatchWork, job: Job, reply: SmtpReply) -> PutResult:
        """Pause if the refusals in a row are not about the recipients, who are then queued
        again."""
        alike = self._refusals.add(job, reply)
        if not alike:
            return PutResult(1)
        self._refusals.end()
        work.settle(alike, "failed", "queued")
        return PutResult(1, f"The mail server refuses every email, the last one with: {reply}")


def _wait(job: Job) -> int:
    """Seconds until the next try."""
    return growing(job.attempt, FIRST_WAIT, LONGEST_WAIT)
