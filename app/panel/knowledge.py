"""What is known about subscriptions. What is not known is not stated.

Until all subscriptions of an account were fetched, no one is known to lack one. The same is true
while the key may not read them, and of a participant of whom a subscription could not be stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from app.db.segment_rules import LIVE
from app.db.store import Store

NOT_YET, UNKNOWN = "not known yet", "not known"


class Knowledge(Enum):
    """Whether all subscriptions of an account are here, and why not."""

    KNOWN = "known"
    FETCHING = "fetching"
    FORBIDDEN = "forbidden"

    @property
    def word(self) -> str:
        """What stands in place of a status that depends on subscriptions that are not here."""
        return NOT_YET if self is Knowledge.FETCHING else UNKNOWN

    @property
    def sentence(self) -> str:
        """Why subscriptions are not known, and what to do. "" if they are known."""
        return _SENTENCES[self]


_SENTENCES = {
    Knowledge.KNOWN: "",
    Knowledge.FETCHING: (
        "Subscriptions are still syncing. Wait until Status shows that they are complete."
    ),
    Knowledge.FORBIDDEN: (
        "The key has no permission to read subscriptions. Add “Subscriptions Read” in"
        " Stripe and connect again."
    ),
}


def knowledge(store: Store, connection_id: int) -> Knowledge:
    """What is known about the subscriptions of an account. Raises DatabaseProblem."""
    rows = store.rows(
        "SELECT k.subscriptions_known, s.state FROM connection k LEFT JOIN step s"
        " ON s.connection_id = k.id AND s.name = 'subscriptions' WHERE k.id = ?",
        (connection_id,),
    )
    for known, state in rows:
        if known:
            return Knowledge.KNOWN
        if state == "skipped":
            return Knowledge.FORBIDDEN
    return Knowledge.FETCHING


def set_aside(store: Store, connection_id: int) -> int:
    """How many participants have a subscription that could not be stored."""
    (found,) = store.row(
        "SELECT count(DISTINCT customer) FROM quarantine WHERE connection_id = ?"
        " AND listing = 'subscriptions'",
        (connection_id,),
    )
    return int(found)


def doubts_of(
    store: Store, connection_id: int, customers: Iterable[str]
) -> tuple[str, dict[str, str]]:
    """The words to show instead of an uncertain status. First for everyone, or "" if statuses are
    certain. Then for each of these customers who has a subscription that could not be stored."""
    known = knowledge(store, connection_id)
    everyone = "" if known is Knowledge.KNOWN else known.word
    rows = store.rows(
        "SELECT DISTINCT customer FROM quarantine WHERE connection_id = ?"
        " AND listing = 'subscriptions' AND customer IS NOT NULL",
        (connection_id,),
    )
    doubtful = {customer for (customer,) in rows} & set(customers) if rows else set()
    return everyone, dict.fromkeys(doubtful, UNKNOWN)


def certain(statuses: Iterable[str]) -> bool:
    """Whether these statuses decide a participant's status whatever else they may have."""
    return any(status in LIVE for status in statuses)
