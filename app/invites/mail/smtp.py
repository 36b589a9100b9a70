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
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.invites.mail.server_settings import MailServer
from app.invites.mail.smtp_login import LONGEST, LoginRefused, connect
from app.problems import Problem
from app.text import plain

PHASE = 120.0  # seconds
FINISH = 600.0  # RFC 5321 4.5.3.2.6: a server may take this long to confirm an email

QUOTA = ("quota", "rate limit", "too many", "too fast", "limit exceeded", "4.7.", "5.7.1 ")

Phase: TypeAlias = Literal["login", "sender", "recipient", "data", "end"]

_DOT = re.compile(rb"^\.", re.MULTILINE)
_BREAK = re.compile(rb"\r?\n|\r")


@dataclass(frozen=True)
class SmtpReply:
    """A server's answer. ``phase``: what it answered."""

    phase: Phase
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()

    @property
    def is_quota(self) -> bool:
        """Whether the server wants fewer emails from us, to any recipient."""
        return any(word in str(self).lower() for word in QUOTA)

    @property
    def is_unknown_mailbox(self) -> bool:
        """Whether the mailbox does not exist. RFC 3463: 5.1.x is about the address, 5.2.1 is a
        mailbox that no longer takes email."""
        said = self.text.lower()
        gone = "5.1." in said or "5.2.1" in said or "user unknown" in said
        return self.code in (550, 551, 553) and gone


class NotSent(Problem):
    """The email was not sent: the server refused it, or the connection broke before the end.
    ``answer``: what the server said, or None if it said nothing."""

    def __init__(self, text: str, answer: SmtpReply | None = None) -> None:
        super().__init__(text)
        self.answer = answer


class DeliveryUnknown(Problem):
    """The connection broke after the last line, so the server may or may not have the email."""


class Session:
    """A session with a mail server, for one email after another. It connects when the first is
    offered. ``patience``: seconds to wait for the answer to a whole email. ``last``: the answer to
    the last one that was taken."""

    def __init__(self, server: MailServer, password: str | None, patience: float = FINISH) -> None:
        self._server, self._password, self._patience = server, password, patience
        self._smtp: smtplib.SMTP | None = None
        self.last: SmtpReply | None = None

    def open(self) -> smtplib.SMTP:
        """Connect and log in, without sending. Raises NotSent."""
        self.close()
        try:
            smtp = connect(self._server, self._password or "")
        except LoginRefused as refused:
            answer = SmtpReply("login", refused.code, refused.words) if refused.code else None
            raise NotSent(str(refused), answer) from None
        self._smtp = smtp
        if smtp.sock is not None:
            smtp.sock.settimeout(PHASE)
        return smtp

    def offer(self, sender: str, recipient: str, mail: bytes) -> None:
        """Send all of an email but its last line. Raises NotSent."""
        smtp = self._smtp or self.open()
        try:
            self._say(smtp, "sender", f"MAIL FROM:<{sender}>", 250)
            self._say(smtp, "recipient", f"RCPT TO:<{recipient}>", 250, 251)
            self._say(smtp, "data", "DATA", 354)
            lines = _BREAK.sub(b"\r\n", mail).removesuffix(b"\r\n") + b"\r\n"
            smtp.send(_DOT.sub(b"..", lines))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            said = plain(error, LONGEST)
            raise NotSent(f"The mail server was lost before the mail was sent: {said}.") from None

    def finish(self) -> None:
        """Send the last line and wait for the answer. Raises NotSent if the server refuses the
        email, and DeliveryUnknown if it does not answer."""
        smtp = self._smtp
        if smtp is None:  # no email was offered, so none can have arrived
            raise NotSent("The mail server was not offered a mail.")
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(self._patience)
            smtp.send(b".\r\n")
            code, text = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(PHASE)
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
                    smtp.sock.settimeout(5.0)
                smtp.quit()
            with contextlib.suppress(Exception):
                smtp.close()

    def _say(self, smtp: smtplib.SMTP, phase: Phase, command: str, *wanted: int) -> None:
        code, text = smtp.docmd(command)
        if code in wanted:
            return
        answer = _answer(phase, code, text)
        if code == 421 or phase == "data":
            self.close()
        else:
            smtp.rset()
        raise NotSent(f"The mail server refused it: {answer}.", answer)


def _answer(phase: Phase, code: int, text: bytes | str) -> SmtpReply:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return SmtpReply(phase, code, plain(said, LONGEST))
