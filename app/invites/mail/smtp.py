"""A mail server, spoken to phase by phase (RFC 5321).

Python's ``send_message`` tells the same whether a server kept the mail or not, where the connection
breaks at the end. So the mail is offered without its last line, which is what makes a server
responsible for it (section 4.2.5): whatever fails before is known not to be sent. Only what
happens after :meth:`Session.finish` began may be unknown.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass

from app.invites.mail.server_settings import MailServer
from app.problems import Problem
from app.text import plain

CONNECT = 30.0  # seconds
PHASE = 120.0
FINISH = 600.0  # RFC 5321 4.5.3.2.6: a server may take so long to say that it has the mail
LONGEST = 300  # signs of an answer that are kept

QUOTA = ("quota", "rate limit", "too many", "too fast", "limit exceeded", "4.7.", "5.7.1 ")

_DOT = re.compile(rb"^\.", re.MULTILINE)
_BREAK = re.compile(rb"\r?\n|\r")


@dataclass(frozen=True)
class SmtpReply:
    """What a server said. ``phase``: to what: "login", "sender", "recipient", "data" or "end"."""

    phase: str
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()

    @property
    def is_quota(self) -> bool:
        """Whether it wants fewer mails of us, whoever they are for."""
        return any(word in str(self).lower() for word in QUOTA)

    @property
    def is_unknown_mailbox(self) -> bool:
        """Whether nobody is there. RFC 3463: 5.1.x is about the address, 5.2.1 a mailbox that
        takes no mail any more."""
        said = self.text.lower()
        gone = "5.1." in said or "5.2.1" in said or "user unknown" in said
        return self.code in (550, 551, 553) and gone


class NotSent(Problem):
    """The server does not take this mail, or was lost before it could; it is not sent. ``answer``:
    what it said, None where it said nothing."""

    def __init__(self, text: str, answer: SmtpReply | None = None) -> None:
        super().__init__(text)
        self.answer = answer


class DeliveryUnknown(Problem):
    """The connection was lost after the last line: the server may have the mail, or not."""


class Session:
    """A way to a mail server, for one mail after the other; it connects when one is offered.
    ``patience``: seconds for the answer to a whole mail. ``last``: to the last that was taken."""

    def __init__(self, server: MailServer, password: str | None, patience: float = FINISH) -> None:
        self._server, self._password, self._patience = server, password, patience
        self._smtp: smtplib.SMTP | None = None
        self.last: SmtpReply | None = None

    def open(self) -> None:
        """Connect and log in; nothing is sent. Raises NotSent."""
        server = self._server
        trust = ssl.create_default_context()
        try:
            if server.security == "tls":
                self._smtp = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=CONNECT, context=trust
                )
            else:
                self._smtp = smtplib.SMTP(server.host, server.port, timeout=CONNECT)
                if server.security == "starttls":
                    self._smtp.starttls(context=trust)
            self._smtp.ehlo_or_helo_if_needed()
            if server.user:
                self._smtp.login(server.user, self._password or "")
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(PHASE)
        except smtplib.SMTPResponseException as error:
            self.close()
            answer = _answer("login", error.smtp_code, error.smtp_error)
            raise NotSent(_refused(server, answer), answer) from None
        except ssl.SSLError as error:
            self.close()
            why = plain(getattr(error, "verify_message", "") or error.reason or error, LONGEST)
            raise NotSent(f"The mail server {server} cannot be trusted: {why}.") from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            self.close()
            said = plain(getattr(error, "strerror", "") or error, LONGEST)
            raise NotSent(f"The mail server {server} cannot be reached: {said}.") from None

    def offer(self, sender: str, recipient: str, mail: bytes) -> None:
        """Bring a mail to the point where only its last line is missing. Raises NotSent."""
        if self._smtp is None:
            self.open()
        assert self._smtp is not None
        try:
            self._say("sender", f"MAIL FROM:<{sender}>", 250)
            self._say("recipient", f"RCPT TO:<{recipient}>", 250, 251)
            self._say("data", "DATA", 354)
            lines = _BREAK.sub(b"\r\n", mail).removesuffix(b"\r\n") + b"\r\n"
            self._smtp.send(_DOT.sub(b"..", lines))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            said = plain(error, LONGEST)
            raise NotSent(f"The mail server was lost before the mail was sent: {said}.") from None

    def finish(self) -> None:
        """Send the last line and wait for what the server says. Raises NotSent where it says that
        it has not taken the mail, and Unknown where it says nothing."""
        assert self._smtp is not None
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(self._patience)
            self._smtp.send(b".\r\n")
            code, text = self._smtp.getreply()
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(PHASE)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise DeliveryUnknown(plain(error, LONGEST)) from None
        answer = _answer("end", code, text)
        if code == 421:
            self.close()
        if not 200 <= code < 300:
            raise NotSent(f"The mail server did not take the mail: {answer}.", answer)
        self.last = answer

    def close(self) -> None:
        """Hang up; what the server says to that is no matter."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(Exception):
                smtp.close()

    def quit(self) -> None:
        """Take leave."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(Exception):
                if smtp.sock is not None:
                    smtp.sock.settimeout(5.0)
                smtp.quit()
            with contextlib.suppress(Exception):
                smtp.close()

    def _say(self, phase: str, command: str, *wanted: int) -> None:
        assert self._smtp is not None
        code, text = self._smtp.docmd(command)
        if code in wanted:
            return
        answer = _answer(phase, code, text)
        if code == 421 or phase == "data":
            self.close()
        else:
            self._smtp.rset()
        raise NotSent(f"The mail server refused it: {answer}.", answer)


def _answer(phase: str, code: int, text: bytes | str) -> SmtpReply:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return SmtpReply(phase, code, plain(said, LONGEST))


def _refused(server: MailServer, answer: SmtpReply) -> str:
    if answer.code in (530, 534, 535):
        return (
            f"The mail server {server} refuses the user or the password ({answer.code}). Give the"
            " right one with panelist mail --password-stdin."
        )
    return f"The mail server {server} refuses to talk: {answer}."
