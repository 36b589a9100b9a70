"""The outcome of one member in a plan: exactly one, with a detail that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import TypeAlias

from app.invites.mail.addresses import AddressFault
from app.invites.opt_outs import KINDS
from app.invites.states import state_words
from app.text import when

# The states of an invite that prevent another one for the same study and mailbox. If several apply,
# the first is shown. Failed and withdrawn invites prevent nothing. Positions in this tuple are
# stored as the detail of ALREADY: append only.
ALREADY = (
    *("started", "sent", "handed_over", "uncertain", "sending", "queued"),
    *("completed", "declined", "bounced", "expired"),
)
AGAIN = ("completed", "declined", "expired")  # may be invited again if a plan says so

Reason: TypeAlias = Callable[[int, Mapping[int, str], float], str]


def _excluded(detail: int, _: Mapping[int, str], __: float) -> str:
    """1 if only another member with the same mailbox is in an excluded segment, else 0."""
    if detail:
        return "shares an address with a member of an excluded segment"
    return "in an excluded segment"


def _unusable(detail: int, _: Mapping[int, str], __: float) -> str:
    """An AddressFault."""
    return f"invalid email: {AddressFault(detail).words}"


def _same_mailbox(detail: int, names: Mapping[int, str], _: float) -> str:
    """The row id of the member who keeps the shared mailbox."""
    return f"same email as {names.get(detail, 'another')}"


def _opted_out(detail: int, _: Mapping[int, str], __: float) -> str:
    """A position in KINDS."""
    return KINDS[detail].replace("_", " ")


def _already(detail: int, _: Mapping[int, str], __: float) -> str:
    """A position in ALREADY."""
    return f"already invited: {state_words(ALREADY[detail])}"


def _cool_down(detail: int, _: Mapping[int, str], now: float) -> str:
    """When the member may be invited again, in seconds since 1970."""
    return f"contacted recently, until {when(detail, now)}"


def _cap(detail: int, _: Mapping[int, str], now: float) -> str:
    """When the member may be invited again, in seconds since 1970."""
    return f"invite limit reached until {when(detail, now)}"


class Outcome(IntEnum):
    """Each has a number, a key for programs, words that follow a count, and a way to word a
    member's detail if it has one.

    They are in the order in which the reasons are checked. The first that applies is the member's.
    The number does not follow that order. It is stored with locked plans and never published: don't
    change one, give a new outcome the next free number (up to 255), and put it where it belongs."""

    key: str
    words: str
    reason: Reason | None

    DELETED = 1, "deleted", "deleted in Stripe"
    EXCLUDED = 2, "excluded", "in an excluded segment", _excluded
    NO_EMAIL = 3, "no_email", "no email"
    UNUSABLE = 4, "unusable", "invalid email", _unusable
    SAME_MAILBOX = 5, "same_mailbox", "duplicate email", _same_mailbox
    OPTED_OUT = 6, "opted_out", "do not contact", _opted_out
    ALREADY = 7, "already", "already invited", _already
    COOL_DOWN = 8, "cool_down", "contacted recently", _cool_down
    CAP = 9, "cap", "invite limit reached", _cap
    NOT_SAMPLED = 10, "not_sampled", "not sampled"
    INVITE = 11, "invite", "will be invited"

    def __new__(  # the defaults are for Outcome(number), which looks one up
        cls, number: int, key: str = "", words: str = "", reason: Reason | None = None
    ) -> Outcome:
        one = int.__new__(cls, number)
        one._value_ = number
        one.key, one.words, one.reason = key, words, reason
        return one


def reason(outcome: Outcome, detail: int, names: Mapping[int, str], now: float) -> str:
    """Why a member has this outcome, for a person. ``names``: Stripe ids by row id, of the members
    who keep a shared mailbox."""
    return outcome.words if outcome.reason is None else outcome.reason(detail, names, now)
