"""A session with a mail server, phase by phase (RFC 5321).

If the connection breaks at the end, Python's ``send_message`` does not tell whether the server took
the email. So the email is offered without its last line, which is what makes a server responsible
for it (section 4.2.5). A failure before that line means that the email was not sent. Only after
:meth:`Session.finish` has begun can the result be unknown.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator

from app.invites.mail.oauth.mail_tokens import MailAccess
from app.invites.mail.server_settings import MailServer
from app.invites.mail.smtp_login import LONGEST, LoginRefused, broken_words, connect
from app.invites.mail.smtp_replies import Concern, Phase, SmtpReply, is_reply
from app.invites.mail.smtp_socket import ReplyReader
from app.invites.mail.xoauth2 import connect_by_token
from app.problems import Problem
from app.text import plain

PHASE = 120.0  # seconds
GOODBYE = 5.0  # seconds for the answer to QUIT
LAST = 10.0  # seconds for the answer to a whole email, once Panelist was told to stop
FINISH = 600.0  # RFC 5321 4.5.3.2.6: a server may take this long to confirm an email

_DOT = re.compile(rb"^\.", re.MULTILINE)
_BREAK = re.compile(rb"\r?\n|\r")


class NotSent(Problem):
    """The email was not sent: the server refused it, or the connection broke before the end.
    ``answer``: what the server said, or None if it said nothing."""

    def __init__(self, text: str, answer: SmtpReply | None = None) -> None:
        super().__init__(text)
        self.answer = answer


class Interrupted(Problem):
    """Panelist was told to stop before the server had the whole email, so it was not sent."""


class DeliveryUnknown(Problem):
    """The connection broke after the last line, so the server may or may not have the email."""


class Session:
    """A session with a mail server, for one email after another. It connects when the first is
    offered. ``login``: the password, or access by a sign-in. ``patience``: seconds to wait for the
    answer to a whole email. ``last``: the answer to the last one that was taken."""

    def __init__(
        self, server: MailServer, login: str | MailAccess | None, patience: float = FINISH
    ) -> None:
        self._server, self._login, self._patience = server, login, patience
        self._smtp: smtplib.SMTP | None = None
        self._hurried = self._breakable = False
        self.last: SmtpReply | None = None

    def hurry(self) -> None:
        """Panelist was told to stop. An email that the server cannot have yet is left at once:
        raises Interrupted, so only the thread that sends may call this, as a signal handler does.
        The answer to a whole email is waited for a few seconds more. Then it stays uncertain."""
        self._hurried = True
        if self._breakable:
            raise Interrupted("Panelist stopped before the email was sent.")
        if self._smtp is not None and self._smtp.sock is not None:
            end = threading.Timer(LAST, _hang_up, (self._smtp.sock,))
            end.daemon = True
            end.start()

    @contextlib.contextmanager
    def _may_break(self) -> Iterator[None]:
        """A signal may end what is inside, because a server cannot have the email before its end.
        Raises Interrupted."""
        self._breakable = True
        try:
            if self._hurried:
                self.hurry()
            yield
        finally:
            self._breakable = False

    def open(self) -> smtplib.SMTP:
        """Connect and log in, without sending. Raises NotSent."""
        self.close()
        try:
            if isinstance(self._login, MailAccess):  # a new token must be kept before we may leave
                smtp = connect_by_token(self._server, self._login)
            else:
                with self._may_break():
                    smtp = connect(self._server, self._login or "")
        except LoginRefused as refused:
            answer = SmtpReply("login", refused.code, refused.words) if refused.code else None
            raise NotSent(str(refused), answer) from None
        self._smtp = smtp
        if smtp.sock is not None:
            smtp.sock.settimeout(PHASE)
        return smtp

    def offer(self, sender: str, recipient: str, mail: bytes) -> None:
        """Send all of an email but its last line. Raises NotSent.

        Servers end a session after some emails, or while it is idle (RFC 5321, 3.8). The email is
        then offered once more, in a new session.
        """
        if self._smtp is not None:
            try:
                return self._offer(self._smtp, sender, recipient, mail)
            except NotSent as problem:
                answer = problem.answer
                if answer is not None and answer.meaning.concern is not Concern.SESSION:
                    raise
                self.close()
        return self._offer(self.open(), sender, recipient, mail)

    def _offer(self, smtp: smtplib.SMTP, sender: str, recipient: str, mail: bytes) -> None:
        try:
            with self._may_break():
                self._say(smtp, "sender", f"MAIL FROM:<{sender}>", 2)
                self._say(smtp, "recipient", f"RCPT TO:<{recipient}>", 2)
                self._say(smtp, "data", "DATA", 3)
                lines = _BREAK.sub(b"\r\n", mail).removesuffix(b"\r\n") + b"\r\n"
                smtp.send(_DOT.sub(b"..", lines))
                answered = _has_answered(smtp)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            said = broken_words(error)
            raise NotSent(f"The connection broke before the email was sent ({said}).") from None
        if answered:
            self.close()
            raise NotSent("The mail server responded before it had the whole email.")

    def finish(self) -> None:
        """Send the last line and wait for the answer. Raises NotSent if the server refuses the
        email, and DeliveryUnknown if it does not answer."""
        smtp = self._smtp
        if smtp is None:  # no email was offered, so none can have arrived
            raise NotSent("The email was not offered to the mail server.")
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(min(LAST, self._patience) if self._hurried else self._patience)
            smtp.send(b".\r\n")
            code, text = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(PHASE)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise DeliveryUnknown(broken_words(error)) from None
        answer = _answer("end", code, text)
        if code == 421:
            self.close()
        if not is_reply(code) or 300 <= code < 400:  # it may be about to say that it has it
            self.close()
            raise DeliveryUnknown(f"it responded with {answer}")
        if not 200 <= code < 300:
            said = str(answer).rstrip(".")
            raise NotSent(f"The mail server did not accept the email: {said}.", answer)
        self.last = answer

    def close(self) -> None:
        """Disconnect. The server's answer does not matter."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(Exception):
                smtp.close()

    def quit(self) -> None:
        """Say goodbye to the server and disconnect."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(Exception):
                if smtp.sock is not None:
                    smtp.sock.settimeout(min(GOODBYE, self._patience))
                smtp.quit()
            with contextlib.suppress(Exception):
                smtp.close()

    def _say(self, smtp: smtplib.SMTP, phase: Phase, command: str, wanted: int) -> None:
        """``wanted``: the first digit of the answer, which is what counts (RFC 5321, 4.2.1)."""
        code, text = smtp.docmd(command)
        if code // 100 == wanted:
            return
        answer = _answer(phase, code, text)
        if code == 421 or phase == "data" or not is_reply(code):
            self.close()
        else:
            self._reset(smtp)
        raise NotSent(f"The mail server refused it: {str(answer).rstrip('.')}.", answer)

    def _reset(self, smtp: smtplib.SMTP) -> None:
        """Give up on this email. Some servers hang up instead, which changes nothing about it."""
        try:
            smtp.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


def _answer(phase: Phase, code: int, text: bytes | str) -> SmtpReply:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return SmtpReply(phase, code, plain(said, LONGEST))


def _hang_up(sock: socket.socket) -> None:
    """End a connection under whoever waits for it, also one that is encrypted."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _has_answered(smtp: smtplib.SMTP) -> bool:
    """Whether an answer waits that nothing asked for. It would be taken for the answer to what is
    said next, and then a refused email could count as sent."""
    sock, file = smtp.sock, smtp.file
    if sock is None or not isinstance(file, ReplyReader):
        return False
    if file.waiting:
        return True
    waited = sock.gettimeout()
    sock.setblocking(False)
    try:
        return bool(file.peek())
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    finally:
        sock.settimeout(waited)
