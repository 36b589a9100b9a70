"""What becomes of one member in a plan: exactly one outcome, with a number that says why.

The order of :class:`Outcome` is the order in which the reasons are asked: the first that holds is
the member's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from app.invites.mail.addresses import AddressFault
from app.invites.opt_outs import KINDS
from app.text import when

# The states of an invite that keep its mailbox from another one for the same study; where several
# hold, the first is told. Failed and withdrawn invites keep nobody.
ALREADY = (
    *("started", "sent", "handed_over", "uncertain", "sending", "queued"),
    *("completed", "declined", "bounced", "expired"),
)
AGAIN = ("completed", "declined", "expired")  # who may be asked again where somebody wants that


class Outcome(IntEnum):
    """The detail of each is a number: see :func:`reason`."""

    DELETED = 1
    EXCLUDED = 2
    NO_EMAIL = 3
    UNUSABLE = 4
    SAME_MAILBOX = 5
    OPTED_OUT = 6
    ALREADY = 7
    COOL_DOWN = 8
    CAP = 9
    NOT_SAMPLED = 10
    INVITE = 11

    @property
    def key(self) -> str:
        """For programs."""
        return self.name.lower()

    @property
    def words(self) -> str:
        """For a person, after a number."""
        return _WORDS[self]


_WORDS = {
    Outcome.DELETED: "deleted in Stripe",
    Outcome.EXCLUDED: "in an excluded segment",
    Outcome.NO_EMAIL: "no email",
    Outcome.UNUSABLE: "address not usable",
    Outcome.SAME_MAILBOX: "same mailbox as another",
    Outcome.OPTED_OUT: "opted out, bounced, erased",
    Outcome.ALREADY: "already invited",
    Outcome.COOL_DOWN: "in cool-down",
    Outcome.CAP: "over the cap",
    Outcome.NOT_SAMPLED: "not in the sample",
    Outcome.INVITE: "will be invited",
}


def reason(outcome: Outcome, detail: int, names: Mapping[int, str], now: float) -> str:
    """Why one member has this outcome, for a person. ``detail`` is, by outcome: EXCLUDED 1 when
    only somebody with the same mailbox is in an excluded segment, else 0; UNUSABLE an
    :class:`AddressFault`; SAME_MAILBOX the row id of who stands for the mailbox, looked up in
    ``names``; OPTED_OUT a place in :data:`KINDS`; ALREADY one in :data:`ALREADY`; COOL_DOWN and
    CAP the time from which on the person may be invited; of the others 0."""
    if outcome is Outcome.EXCLUDED and detail:
        return "shares a mailbox with somebody in an excluded segment"
    if outcome is Outcome.UNUSABLE:
        return f"address not usable: {AddressFault(detail).words}"
    if outcome is Outcome.SAME_MAILBOX:
        return f"same mailbox as {names.get(detail, 'another')}"
    if outcome is Outcome.OPTED_OUT:
        return KINDS[detail].replace("_", " ")
    if outcome is Outcome.ALREADY:
        return f"already invited: {ALREADY[detail].replace('_', ' ')}"
    if outcome is Outcome.COOL_DOWN:
        return f"in cool-down until {when(detail, now)}"
    if outcome is Outcome.CAP:
        return f"over the cap until {when(detail, now)}"
    return outcome.words
