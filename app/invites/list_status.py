"""What a list says of each participant: the states that tools write in a status column."""

from __future__ import annotations

from collections import Counter

from app.invites.errors import StudyProblem
from app.invites.list_columns import ContactList, folded
from app.text import plain

# What tools write in a status column. None: neither started nor completed, such as screened out.
STATES: dict[str, str | None] = {
    **dict.fromkeys(
        ("complete", "completed", "done", "finished", "attended", "qualified", "submitted"),
        "completed",
    ),
    **dict.fromkeys(
        ("started", "partial", "incomplete", "in_progress", "partially_completed", "in-progress"),
        "started",
    ),
    **dict.fromkeys(("declined", "refused", "opted_out"), "declined"),
    **dict.fromkeys(("bounced", "bounce", "hard_bounce", "undeliverable"), "bounced"),
    **dict.fromkeys(
        (
            *("disqualified", "screened_out", "screenout", "screen_out", "terminated", "rejected"),
            *("quota_full", "over_quota", "overquota", "no_show", "no-show", "cancelled"),
            *("canceled", "active", "accepted", "scheduled", "invited", "sent", "pending"),
            *("not_started", "opened", "viewed", "unsubscribed", "subscribed", ""),
        ),
        None,
    ),
}


# Columns that say yes or no, such as Finished of Qualtrics.
FLAGS = ("finished", "completed", "complete")
_YES, _NO = ("true", "yes", "1", "y"), ("false", "no", "0", "n", "")
# Headings that also mean something else, such as a country's states.
DOUBTFUL = ("state", "outcome", "result", "estado", "stato")


def by_status(found: ContactList, state: str) -> tuple[list[str], Counter[str]]:
    """The values of a list whose status says ``state``, and how many others have each status. A
    list without a status column has only the first. Raises StudyProblem if a status is unknown, as
    it may mean anything."""
    if found.status_column is None:
        return found.values, Counter()
    heading = folded(found.status_column)
    states = dict(STATES)
    if heading in FLAGS:
        states |= {**dict.fromkeys(_YES, "completed"), **dict.fromkeys(_NO, "started")}
    words = {entry.status: folded(entry.status) for entry in found.entries}
    unknown = sorted({plain(said, 40) for said, word in words.items() if word not in states})
    if heading in DOUBTFUL and not ({*words.values()} - {""}) & states.keys():
        return found.values, Counter()
    if unknown:
        raise StudyProblem(
            f"The column “{plain(found.status_column, 60)}” says {', '.join(unknown[:5])}, which"
            " Panelist does not know. Say which rows count, such as --where"
            f" “{plain(found.status_column, 60)}={unknown[0]}”. Nothing was changed."
        )
    meant = dict.fromkeys(e.value for e in found.entries if states[words[e.status]] == state)
    others = Counter(e.status for e in found.entries if states[words[e.status]] != state)
    return list(meant), others
