"""What a list says of each participant: the states that tools write in a status column."""

from __future__ import annotations

import shlex
from collections import Counter

from app.invites.errors import StudyProblem
from app.invites.lists.list_entries import ContactList
from app.invites.lists.list_headings import DOUBTFUL, FLAGS, folded, says_when
from app.text import plain

FEW = 10  # unknown values that an error names
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


_YES, _NO = ("true", "yes", "1", "y"), ("false", "no", "0", "n", "")
# How words of a status begin in some languages, so that "Estado" is not taken for a country's.
_STATUS_STEMS = (
    *("complet", "conclu", "termin", "finaliz", "finit", "fatt", "hech", "feit", "cancel"),
    *("annul", "parcial", "parzial", "pend", "rechaz", "rifiut", "recus", "declin", "inici"),
    *("iniziat", "in_corso", "en_curso", "em_andamento", "en_proceso", "no_asist", "abandon"),
)


def by_status(found: ContactList, state: str) -> tuple[list[str], Counter[str]]:
    """The values of a list whose status says ``state``, and how many others have each status. A
    list without a status column has only the first. Raises StudyProblem if a status is unknown, as
    it may mean anything, or if several columns say one."""
    column = found.status_column
    if column is None:
        return found.values, Counter()
    if found.more_statuses:
        names = " and ".join(f"“{plain(one, 60)}”" for one in (column, *found.more_statuses))
        raise StudyProblem(
            f"The columns {names} each contain a status. Choose one with {_where(column)}."
            " Nothing was changed."
        )
    heading = folded(column)
    states = dict(STATES)
    if heading in FLAGS:
        states |= {**dict.fromkeys(_YES, "completed"), **dict.fromkeys(_NO, "started")}
    words = {entry.status: folded(entry.status) for entry in found.entries}
    if says_when(column):
        states |= {word: "completed" for word in words.values() if word}
    unknown = sorted({plain(said, 40) for said, word in words.items() if word not in states})
    if is_doubtful(found):
        return found.values, Counter()
    if unknown:
        more = f" and {len(unknown) - FEW:,} more" if len(unknown) > FEW else ""
        raise StudyProblem(
            f"The column “{plain(column, 60)}” says {', '.join(unknown[:FEW])}{more}, which "
            f"Panelist does not recognise. Choose the rows with {_where(column)}. Nothing was"
            " changed."
        )
    meant = dict.fromkeys(e.value for e in found.entries if states[words[e.status]] == state)
    others = Counter(e.status for e in found.entries if states[words[e.status]] != state)
    return list(meant), others


def is_doubtful(found: ContactList) -> bool:
    """Whether the status column means something else, such as the states of a country."""
    if found.status_column is None or folded(found.status_column) not in DOUBTFUL:
        return False
    words = {folded(entry.status) for entry in found.entries} - {""}
    return not any(word in STATES or word.startswith(_STATUS_STEMS) for word in words)


def status_words(found: ContactList, others: Counter[str]) -> list[str]:
    """Who is left out by their status, and which columns were not read, for a person."""
    said = []
    for status, number in sorted(others.items()):
        if not folded(status):
            rows = "1 row has" if number == 1 else f"{number:,} rows have"
            said.append(f"{rows} no status and {'is' if number == 1 else 'are'} skipped.")
            continue
        are = "1 is" if number == 1 else f"{number:,} are"
        column = plain(found.status_column, 40)
        said.append(f"{are} skipped, because {column} says “{plain(status, 40)}”.")
    if is_doubtful(found):
        said.append(f"The column “{plain(found.status_column, 40)}” was not read as a status.")
    if found.unread_words:
        said.append(found.unread_words)
    return said


def _where(column: str) -> str:
    """The option as a person types it in a shell. It chooses no value."""
    option = f"{plain(column, 60)}=…"
    safe = not set(option) & set('"$`\\!')
    return "--where " + (f'"{option}"' if safe else shlex.quote(option))
