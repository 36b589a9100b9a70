"""Takes back what a person said by mistake: a mark, a bounce or an opt-out. It also withdraws
single invites.

Nothing is removed from the ledger. A correction is another entry, and names the state before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from app.db.schema.study_tables import OUTSTANDING
from app.db.store import Row, Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.errors import StudyProblem
from app.invites.ledger import UNMARKED, Entry
from app.invites.lifecycle import ARRIVED, LOST
from app.invites.opt_outs import tell_all

MARKED = ("started", "completed", "declined")  # only a person brings an invite there
LIFTABLE = {"bounced": "bounce-lifted", "opted_out": "opt-out-lifted"}  # the entries that say so
_SENT = ("sent", "handed_over", "started")
_ENDS = dict.fromkeys(("queued", "sending", *_SENT), "withdrawn")
_BY_HAND = "withdrawn by hand"
CHUNK = 1_000


class Move(NamedTuple):
    """One entry of the ledger about an invite."""

    at: int
    what: str
    before: str | None
    after: str | None
    detail: str | None


Earlier: TypeAlias = Callable[[Sequence[Move]], "str | None"]


def withdraw(
    store: Store, connection_id: int, invites: Sequence[int], by: str, reason: str = ""
) -> int:
    """Withdraw these invites: those that wait are not sent, and those that were sent await no reply
    any more. Returns how many. Another plan may invite their participants. Raises
    DatabaseProblem."""
    with store.transaction():
        which = f"connection_id = ? AND {store.among('id')}"
        ended = end_invites(
            store, which, (connection_id, store.values(invites)), _ENDS, reason or _BY_HAND
        )
        if ended:
            ledger.append(store, connection_id, by, ended)
    return len(ended)


def can_withdraw(store: Store, connection_id: int, invites: Sequence[int]) -> int:
    """How many of these invites :func:`withdraw` would end. Raises DatabaseProblem."""
    (number,) = store.row(
        f"SELECT count(*) FROM invite WHERE connection_id = ? AND {store.among('id')}"
        f" AND {store.among('state')}",
        (connection_id, store.values(invites), store.values(list(_ENDS))),
    )
    return int(number)


def undo_marks(
    store: Store, connection_id: int, invites: Sequence[int], by: str, reason: str = ""
) -> int:
    """Undo the last mark of each of these invites. Returns how many changed. A bounce is lifted for
    its mailbox. An invite that no person marked stays as it is, and so does one whose mailbox has
    another open invite of the study. Raises DatabaseProblem."""
    with store.transaction():
        rows = _locked(store, "connection_id = ?", (connection_id,), invites)
        boxes = {row[2] for row in rows if row[4] == "bounced"}
        changed = 0
        if boxes:
            lift(store, connection_id, sorted(boxes), "bounced", by, reason)
            changed = sum(row[4] == "bounced" for row in rows)
        entries = _restored(store, [row for row in rows if row[4] != "bounced"], _marked, reason)
        if entries:
            ledger.append(store, connection_id, by, entries)
    return changed + len(entries)


def lift(
    store: Store, connection_id: int, mailboxes: Iterable[str], kind: str, by: str, reason: str = ""
) -> int:
    """Allow invites to mailboxes again that are recorded as "bounced" or "opted_out". Returns how
    many were. An invite that bounced is as before its bounce, or has failed if the mail server
    refused it. An invite that ended by an opt-out stays withdrawn. Raises StudyProblem if an
    opt-out has no reason, and DatabaseProblem."""
    if kind == "opted_out" and not reason.strip():
        raise StudyProblem("To lift an opt-out, give a reason. It is kept. Nothing was changed.")
    wanted = sorted(set(mailboxes))
    with store.transaction():
        found: list[str] = []
        for start in range(0, len(wanted), CHUNK):
            some = (store.values(wanted[start : start + CHUNK]), kind)
            which = f"{store.among('mailbox')} AND kind = ?"
            rows = store.rows(f"SELECT mailbox FROM opt_out WHERE {which}", some)
            store.execute(f"DELETE FROM opt_out WHERE {which}", some)
            found += [box for (box,) in rows]
        entries: list[Entry] = []
        if kind == "bounced":
            ids = store.rows(
                f"SELECT id FROM invite WHERE {store.among('mailbox')} AND state = 'bounced'",
                (store.values(found),),
            )
            invites = _locked(store, "true", (), [key for (key,) in ids])
            entries = _restored(store, invites, _before_bounce, reason)
        shared = [Entry(LIFTABLE[kind], mailbox=box, detail=reason or None) for box in found]
        tell_all(store, connection_id, by, shared, entries)
    return len(found)


def _locked(
    store: Store, where: str, values: tuple[object, ...], invites: Sequence[int]
) -> list[Row]:
    """(id, study, mailbox, participant, state, sent_at) of these invites, for a change."""
    lock = " FOR UPDATE" if store.postgres else ""
    return store.rows(
        "SELECT id, study_id, mailbox, participant_id, state, sent_at FROM invite"
        f" WHERE {where} AND {store.among('id')} ORDER BY id{lock}",
        (*values, store.values(invites)),
    )


def _restored(store: Store, rows: Sequence[Row], earlier: Earlier, reason: str) -> list[Entry]:
    """Bring each invite to the state that ``earlier`` finds in its history, if there is one.
    Returns the entries for the ledger."""
    entries: list[Entry] = []
    histories = _histories(store, [row[0] for row in rows])
    for invite, study, mailbox, participant, state, sent_at in rows:
        history = histories[invite]
        before = earlier(history) if history and history[-1].after == state else None
        if before is None:
            continue
        if before in OUTSTANDING and _has_open(store, invite, study, mailbox, participant):
            continue
        came = [move for move in history if move.after == before]
        ended = None if before in OUTSTANDING else came[-1].at if came else store.now()
        why = came[-1].detail if came and ended is not None else None
        left = [move.at for move in history if move.after in ("uncertain", "handed_over")]
        if sent_at is None and before in ("uncertain", *_SENT) and left:
            sent_at = left[-1]
        store.execute(
            "UPDATE invite SET state = ?, reason = ?, ended_at = ?, sent_at = ?,"
            " attempt = attempt + 1 WHERE id = ?",
            (before, why, ended, sent_at, invite),
        )
        entries.append(Entry(UNMARKED, study, invite, mailbox, state, before, reason or None))
    return entries


def _has_open(store: Store, invite: int, study: int, mailbox: str, participant: int) -> bool:
    """Whether there is another open invite of the study, beside which the schema allows none."""
    return bool(
        store.rows(
            # The plus keeps it from looking through all open invites of the study.
            "SELECT 1 FROM invite WHERE (mailbox = ? OR participant_id = ?) AND +study_id = ?"
            f" AND id <> ? AND {store.among('state')} LIMIT 1",
            (mailbox, participant, study, invite, store.values(list(OUTSTANDING))),
        )
    )


def _histories(store: Store, invites: Sequence[int]) -> defaultdict[int, list[Move]]:
    """What the ledger says of each of these invites, the oldest first."""
    found: defaultdict[int, list[Move]] = defaultdict(list)
    for start in range(0, len(invites), CHUNK):
        for invite, *move in store.rows(
            "SELECT invite, at, what, before, after, detail FROM ledger"
            f" WHERE {store.among('invite')} AND {store.among('what')} ORDER BY number",
            (store.values(invites[start : start + CHUNK]), store.values(["invite", UNMARKED])),
        ):
            found[invite].append(Move(*move))
    return found


def _marked(history: Sequence[Move]) -> str | None:
    """The state before the last mark that is not undone. Anything else that happened to the invite
    ends the marks before it."""
    stack: list[str | None] = []
    for move in history:
        if move.what == UNMARKED:
            stack = stack[:-1]
        elif move.after in MARKED or move.detail in (ARRIVED, LOST) or _dismissed(move):
            stack.append(move.before)
        else:
            stack.clear()
    return stack[-1] if stack else None


def _before_bounce(history: Sequence[Move]) -> str:
    """The state before a bounce, or "failed" if the mail server refused the invite."""
    before = history[-1].before
    return before if before in (*_SENT, "to_confirm") else "failed"


def _dismissed(move: Move) -> bool:
    """Whether a person said that this was no bounce."""
    return (move.before, move.after) == ("to_confirm", "failed")
