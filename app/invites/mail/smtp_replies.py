"""What a mail server's answer means: who it is about, and whether it may change.

It is read from what was answered, the reply code (RFC 5321, 4.2) and the enhanced code (RFC 3463
and the IANA registry "SMTP Enhanced Status Codes"). The words are never searched: "quota" can be
the recipient's or ours, and "user unknown" can be about the sender. A provider's own codes are rows
of a table, each with its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

Phase: TypeAlias = Literal["login", "sender", "recipient", "data", "end"]
Enhanced: TypeAlias = tuple[int, int, int]


class Concern(Enum):
    """Who an answer is about."""

    RECIPIENT = "recipient"
    MESSAGE = "message"  # this email, or no one knows whose fault it is
    SENDER = "sender"  # our address, our account or our domain
    SESSION = "session"  # this connection only
    SERVER = "server"


@dataclass(frozen=True)
class Meaning:
    """``final``: trying again cannot help. ``bounced``: the mailbox surely does not exist or takes
    no email any more."""

    concern: Concern
    final: bool
    bounced: bool = False


@dataclass(frozen=True)
class SmtpReply:
    """A server's answer. ``phase``: what it responded with. ``text``: without the reply code."""

    phase: Phase
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()

    @property
    def enhanced(self) -> Enhanced | None:
        """The enhanced code at the start of the text, if it has the class of the reply code (RFC
        2034, 4)."""
        found = _ENHANCED.match(self.text)
        if found is None:
            return None
        kind, subject, detail = (int(part) for part in found.groups())
        return (kind, subject, detail) if kind == self.code // 100 else None

    @property
    def meaning(self) -> Meaning:
        """Who is meant, and whether it is final."""
        if not is_reply(self.code):  # then it may be anything but a mail server
            return Meaning(Concern.SERVER, final=False)
        final = self.code >= 500
        if self.phase == "login":
            return Meaning(Concern.SERVER, final)
        if self.code == 421:  # RFC 5321, 3.8: the server closes this connection
            return Meaning(Concern.SESSION, final=False)
        if self.enhanced is not None:
            for low, high, concern in _PROVIDERS + _REGISTERED:
                if low <= self.enhanced <= high:
                    return Meaning(concern, final, bounced=final and self.enhanced in _BOUNCES)
        elif self.code == 454:  # Amazon SES, "SMTP response codes": throttling
            return Meaning(Concern.SERVER, final=False)
        return Meaning(_BY_PHASE[self.phase], final)


def is_reply(code: int) -> bool:
    """Whether a mail server may answer that after the greeting (RFC 5321, 4.2.1). smtplib has -1
    for what does not begin with a number."""
    return 200 <= code < 600


_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")

_BY_PHASE = {
    "sender": Concern.SENDER,
    "recipient": Concern.RECIPIENT,
    "data": Concern.MESSAGE,
    "end": Concern.MESSAGE,
}

# RFC 3463, 3.2 and 3.3; 5.1.10 is RFC 7505, 4.2: the domain says that it takes no email.
_BOUNCES = frozenset(((5, 1, 1), (5, 1, 2), (5, 1, 3), (5, 1, 6), (5, 1, 10), (5, 2, 1)))


# First and last code of a row, and who it is about. Google: support.google.com/a/answer/3726730.
# Microsoft: learn.microsoft.com, "Non-delivery reports in Exchange Online".
_PROVIDERS: tuple[tuple[Enhanced, Enhanced, Concern], ...] = (
    ((5, 1, 90), (5, 1, 90), Concern.SENDER),  # Microsoft: our daily limit of recipients
    ((5, 2, 252), (5, 2, 252), Concern.SENDER),  # Microsoft: SendAsDenied
    ((5, 4, 5), (5, 4, 5), Concern.SENDER),  # Google: our daily limit; IANA: congestion
    ((4, 7, 500), (4, 7, 699), Concern.SERVER),  # Microsoft: server busy, for our address
    ((5, 7, 57), (5, 7, 57), Concern.SENDER),  # Microsoft: not logged in
    ((5, 7, 60), (5, 7, 60), Concern.SENDER),  # Microsoft: may not send as this sender
    ((5, 7, 139), (5, 7, 139), Concern.SENDER),  # Microsoft: logins by password are disabled
    ((5, 7, 501), (5, 7, 512), Concern.SENDER),  # Microsoft: our account or address is banned
    ((5, 7, 700), (5, 7, 750), Concern.SENDER),  # Microsoft: our organisation may not send
    ((4, 7, 28), (4, 7, 29), Concern.SERVER),  # Google: too much email from our address
)

# The IANA registry.
_REGISTERED: tuple[tuple[Enhanced, Enhanced, Concern], ...] = (
    ((5, 1, 0), (5, 1, 0), Concern.MESSAGE),  # some address, no one knows whose
    ((4, 1, 7), (4, 1, 8), Concern.SENDER),
    ((5, 1, 7), (5, 1, 8), Concern.SENDER),
    ((4, 1, 0), (4, 1, 999), Concern.RECIPIENT),
    ((5, 1, 1), (5, 1, 999), Concern.RECIPIENT),
    ((4, 2, 0), (4, 2, 999), Concern.RECIPIENT),
    ((5, 2, 0), (5, 2, 999), Concern.RECIPIENT),
    ((4, 3, 0), (4, 3, 999), Concern.SERVER),
    ((4, 4, 2), (4, 4, 2), Concern.SESSION),  # the connection is bad, or was idle for too long
    ((4, 7, 20), (4, 7, 27), Concern.SENDER),  # RFC 7372: our domain's DKIM, SPF and DNS
    ((5, 7, 20), (5, 7, 27), Concern.SENDER),
    ((5, 7, 8), (5, 7, 9), Concern.SENDER),  # RFC 4954: our login
)
