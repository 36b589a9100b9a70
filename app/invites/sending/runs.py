"""Batches: their progress, and pausing, stopping and undoing them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from app.db.store import Store
from app.invites import ledger
from app.invites.ending import end_invites
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.sending.channels.registry import Channel, channel_of
from app.invites.states import state_words, written_to
from app.text import plain

OVER = ("stopped", "done", "failed")
RECORD = "record of "  # how the name of the seal of a batch's own row begins
LAST = 5  # results to show


@dataclass(frozen=True)
class RunResult:
    """The result of one invite of a batch."""

    address: str | None
    state: str
    answer: str | None


@dataclass(frozen=True)
class RunView:
    """The current state of a batch. ``counts``: invites by state, or reminders in a batch of
    reminders. ``invited``: to how many it was sent. ``login``: the user of the database who
    confirmed it, or None. ``server``: the only mail server that may send it, or None. ``start_at``:
    the start time that a person gave. ``quiet_hours``: those of the batch, else of its study, else
    None. ``last``: the last results. ``recent``: emails in the last minute."""

    id: int
    connection_id: int
    study_id: int
    kind: str
    channel: Channel
    state: str
    trouble: str | None
    number: int
    at: int
    by: str
    login: str | None
    go_at: int
    machine: str
    server: str | None
    start_at: int | None
    quiet_hours: str | None
    counts: dict[str, int]
    invited: int
    last: tuple[RunResult, ...] = ()
    recent: int = 0

    @property
    def person(self) -> str:
        """Who confirmed it, for a person."""
        return (
            f"{plain(self.by, 40)} as {plain(self.login, 40)}" if self.login else plain(self.by, 40)
        )

    def is_of(self, by: str, login: str | None) -> bool:
        """Whether this user of the system, who is this user of the database, confirmed it."""
        return self.by == by and self.login in (None, login)

    @property
    def left(self) -> int:
        """How many are still to be sent."""
        return self.counts.get("queued", 0) + self.counts.get("sending", 0)

    @property
    def uncertain(self) -> int:
        """How many may or may not have arrived."""
        return self.counts.get("uncertain", 0)

    @property
    def route(self) -> str:
        """What leaves by the same route shares its limits: a mail server, or a computer's
        folder."""
        return f"{self.channel.key} {self.server or self.machine}"

    @property
    def on_purpose(self) -> bool:
        """Whether a person paused it."""
        return self.state == "paused" and self.trouble is None

    @property
    def words(self) -> str:
        """The progress, for a person."""
        parts = [f"{self.invited:,} {state_words(self.channel.result)}"]
        for state in ("uncertain", "failed", "to_confirm", "bounced", "withdrawn"):
            if number := self.counts.get(state):
                parts.append(f"{number:,} {state_words(state)}")
        return ", ".join([*parts, *[f"{self.left:,} left"] * bool(self.left)])


def view(store: Store, run_id: int) -> RunView:
    """A batch. Raises StudyProblem if it does not exist."""
    rows = store.rows(
        "SELECT r.id, s.connection_id, r.study_id, r.kind, r.way, r.state, r.trouble, r.number,"
        ' r.at, r."by", r.login, r.go_at, r.machine, r.server, r.start_at,'
        " coalesce(r.quiet_hours, s.quiet_hours)"
        " FROM run r JOIN study s ON s.id = r.study_id WHERE r.id = ?",
        (run_id,),
    )
    if not rows:
        raise StudyProblem("The batch no longer exists. Nothing was changed.")
    run, state, since = columns(rows[0][3])
    reached = written_to(state, since)
    counts: dict[str, int] = dict(
        store.rows(
            f"SELECT {state}, count(*) FROM invite WHERE {run} = ? GROUP BY {state}", (run_id,)
        )
    )
    last = store.rows(
        f"SELECT address, {state}, answer FROM invite WHERE {run} = ? AND {since} IS NOT NULL"
        f" ORDER BY {since} DESC, id DESC LIMIT {LAST}",
        (run_id,),
    )
    recent, invited = store.row(
        f"SELECT count(CASE WHEN {since} > ? THEN 1 END), count(CASE WHEN {reached} THEN 1 END)"
        f" FROM invite WHERE {run} = ?",
        (int(time.time()) - 60, run_id),
    )
    results = tuple(RunResult(*row) for row in last)
    which, way, rest = rows[0][:4], rows[0][4], rows[0][5:]
    found: tuple[Any, ...] = (*which, channel_of(way), *rest, counts, invited, results, recent)
    return RunView(*found)


def columns(kind: str) -> tuple[str, str, str]:
    """The columns of an invite for its batch, its state, and the time when it may have arrived."""
    if kind == "reminder":
        return "reminder_run_id", "reminder", "reminded_at"
    return "run_id", "state", "sent_at"


def of_study(store: Store, study_id: int) -> list[RunView]:
    """All batches of a study, the newest first."""
    rows = store.rows("SELECT id FROM run WHERE study_id = ? ORDER BY id DESC", (study_id,))
    return [view(store, key) for (key,) in rows]


def open_runs(store: Store, connection_id: int | None = None) -> list[RunView]:
    """Unfinished batches of one account or of all, the oldest first."""
    of_account = "" if connection_id is None else " AND s.connection_id = ?"
    rows = store.rows(
        "SELECT r.id FROM run r JOIN study s ON s.id = r.study_id"
        f" WHERE NOT {store.among('r.state')}{of_account} ORDER BY r.id",
        (store.values(list(OVER)), *(() if connection_id is None else (connection_id,))),
    )
    return [view(store, key) for (key,) in rows]


def pause(store: Store, run_id: int, by: str, trouble: str | None = None) -> None:
    """Send no more of it until :func:`resume`. ``trouble``: the reason if no person paused it."""
    _move(store, run_id, by, "running", "paused", trouble)


def note(store: Store, run_id: int, trouble: str | None) -> None:
    """Keep why a running batch waits, or None once it continues."""
    with store.transaction():
        store.execute(
            "UPDATE run SET trouble = ? WHERE id = ? AND state = 'running'", (trouble, run_id)
        )


def resume(store: Store, run_id: int, by: str) -> None:
    """Continue. Invites that were tried and refused are tried again at once."""
    with store.transaction():
        _move(store, run_id, by, "paused", "running", None)
        store.execute(
            "UPDATE invite SET not_before = NULL WHERE run_id = ? OR reminder_run_id = ?",
            (run_id, run_id),
        )


def finish(store: Store, run_id: int, by: str) -> None:
    """Mark a batch as finished, because nothing is left to send. It failed if some were tried and
    none arrived."""
    now = view(store, run_id)
    refused = sum(now.counts.get(state, 0) for state in ("failed", "to_confirm", "bounced"))
    failed = refused and not now.invited and not now.uncertain
    _move(store, run_id, by, "running", "failed" if failed else "done", None)


def _move(store: Store, run_id: int, by: str, before: str, after: str, trouble: str | None) -> None:
    with store.transaction():
        moved = store.execute(
            "UPDATE run SET state = ?, trouble = ? WHERE id = ? AND state = ?",
            (after, trouble, run_id, before),
        )
        if moved:
            study, here = _place(store, run_id)
            entry = Entry("run", study, before=before, after=after, detail=trouble)
            ledger.append(store, here, by, [entry, record_seal_of(store, run_id)])


def take_over(store: Store, run_id: int, by: str, machine: str, server: str | None) -> None:
    """Let this computer, or this mail server, send a batch in place of the one that it was
    confirmed for. The former sender sends no more of it."""
    with store.transaction():
        study, here = _place(store, run_id)
        (state,) = store.row("SELECT state FROM run WHERE id = ?", (run_id,))
        store.execute(
            "UPDATE run SET machine = ?, server = ? WHERE id = ?", (machine, server, run_id)
        )
        detail = f"batch {run_id} taken over{f', by {server}' if server else ''}"
        entry = Entry("run", study, before=state, after=state, detail=detail)
        ledger.append(store, here, by, [entry, *seals_of(store, run_id)])


def stop(store: Store, run_id: int, by: str) -> int:
    """Withdraw what is still queued, for good. Returns how many."""
    with store.transaction():
        study, here = _place(store, run_id)
        (kind, before) = store.row("SELECT kind, state FROM run WHERE id = ?", (run_id,))
        if before in OVER:
            return 0
        store.execute("UPDATE run SET state = 'stopped' WHERE id = ?", (run_id,))
        if kind == "reminder":
            ended = end_reminders(store, "reminder_run_id = ?", (run_id,))
        else:
            ends = dict.fromkeys(("queued", "sending"), "withdrawn")
            ended = end_invites(store, "run_id = ?", (run_id,), ends, "batch stopped")
        entry = Entry("run", study, before=before, after="stopped")
        ledger.append(store, here, by, [entry, *ended, record_seal_of(store, run_id)])
    return len(ended)


def end_reminders(store: Store, where: str, parameters: tuple[object, ...]) -> list[Entry]:
    """Withdraw those of these reminders that were not sent, inside the caller's transaction.
    Returns the entries for the ledger."""
    waiting = f"{where} AND reminder IN ('queued', 'sending')"
    lock = " FOR UPDATE" if store.postgres else ""
    found = store.rows(
        f"SELECT id, study_id, mailbox, reminder FROM invite WHERE {waiting} ORDER BY id{lock}",
        parameters,
    )
    store.execute_many(
        "UPDATE invite SET reminder = 'withdrawn', attempt = attempt + 1 WHERE id = ?",
        [(row[0],) for row in found],
    )
    return [
        Entry("reminder", study, invite, mailbox, before, "withdrawn")
        for invite, study, mailbox, before in found
    ]


def seal_of(store: Store, run_id: int) -> Entry:
    """The entry of the ledger that shows whether a batch was changed by other means: how it leaves,
    to which participants and with which tokens."""
    study, *stored, kind = store.row(
        "SELECT study_id, way, server, kind FROM run WHERE id = ?", (run_id,)
    )
    of_run, _, _ = columns(kind)
    digest, last = sha256(), 0
    while rows := store.rows(
        f"SELECT id, participant_id, token FROM invite WHERE {of_run} = ? AND id > ?"
        " ORDER BY id LIMIT 10000",
        (run_id, last),
    ):
        digest.update(json.dumps([list(row) for row in rows]).encode())
        last = rows[-1][0]
    return ledger.seal(study, f"batch {run_id}", [*stored, digest.hexdigest()])


def record_seal_of(store: Store, run_id: int) -> Entry:
    """The entry of the ledger that shows whether what is stored of a batch itself was changed by
    other means: its state, its plan, who confirmed it, and when and where it leaves."""
    study, *stored = store.row(
        'SELECT study_id, state, kind, plan_id, number, at, "by", login, go_at, machine, start_at,'
        " quiet_hours FROM run WHERE id = ?",
        (run_id,),
    )
    return ledger.seal(study, f"{RECORD}batch {run_id}", stored)


def seals_of(store: Store, run_id: int) -> list[Entry]:
    """Both seals of a batch."""
    return [seal_of(store, run_id), record_seal_of(store, run_id)]


def _place(store: Store, run_id: int) -> tuple[int, int]:
    (study, here) = store.row(
        "SELECT s.id, s.connection_id FROM run r JOIN study s ON s.id = r.study_id WHERE r.id = ?",
        (run_id,),
    )
    return int(study), int(here)
