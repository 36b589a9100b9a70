"""The words for the states of invites, reminders, batches and studies: one for each, wherever it is
shown. Programs get the key, which differs from the word only in its underscore. docs/words.md lists
them."""

from __future__ import annotations

# Of an invite, and of a reminder. In the order of an invite's life.
INVITE_STATES = {
    "queued": "queued",
    "sending": "sending",
    "uncertain": "uncertain",
    "sent": "sent",
    "handed_over": "handed over",
    "started": "started",
    "completed": "completed",
    "declined": "declined",
    "to_confirm": "to confirm",
    "bounced": "bounced",
    "failed": "failed",
    "expired": "expired",
    "withdrawn": "withdrawn",
}
RESPONDED = ("started", "completed", "declined")

NO_ADDRESS = "no address"  # of an invite: erased, or lost with a damaged page


def state_words(state: str) -> str:
    """The word for a state of an invite or a reminder."""
    return INVITE_STATES.get(state, state)


def written_to(state: str = "state", since: str = "sent_at") -> str:
    """The SQL condition for an invite that reached its participant. Who opted out later was written
    to as well. ``state`` and ``since``: the columns, which a reminder has of its own."""
    return (
        f"{since} IS NOT NULL AND {state} NOT IN ('uncertain', 'to_confirm', 'bounced', 'failed')"
    )
