"""How long a backup, a move to PostgreSQL, the move back and a salvage take, and how much memory,
for 100,000 participants with 200,000 invites: ``python -m tests.benchmarks.moving [number]``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.db.engines.store_factory import open_store
from app.db.rows import Fetched
from app.db.store import Store
from app.invites.ledger import Entry, append
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.recovery import house_move
from app.recovery.backup import back_up
from app.recovery.salvage import rescue
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.postgres_server import running
from tests.helpers.study_world import BY, study

CHUNK = 5_000


def fill(store: Store, people: int) -> int:
    """An account whose participants were each invited to two studies."""
    here = rows.connection(store)
    for start in range(0, people, CHUNK):
        some = [rows.person(f"cus_{one:07}") for one in range(start, min(start + CHUNK, people))]
        rows.send(store, here, Fetched(1, participants=some))
    rows.make_segments(store, here)
    hashes = hasher(store)
    for title in ("First", "Second"):
        key = study(store, here, title)
        with store.transaction():
            store.execute(
                'INSERT INTO run (study_id, kind, way, state, number, at, "by", go_at, machine)'
                " VALUES (?, 'invite', 'eml', 'done', ?, 0, ?, 0, '')",
                (key, people, BY),
            )
        (run,) = store.row("SELECT max(id) FROM run")
        (first,) = store.row("SELECT coalesce(max(id), 0) FROM invite")
        for start in range(0, people, CHUNK):
            numbers = range(start, min(start + CHUNK, people))
            boxes = {one: hashes.stored(f"cus_{one:07}@example.com") for one in numbers}
            with store.transaction():
                store.insert(
                    "invite (id, connection_id, study_id, participant_id, run_id, mailbox, address,"
                    " token, state, queued_at, sent_at, attempt)",
                    [
                        (
                            *(first + one + 1, here, key, one + 1, run, boxes[one], None),
                            *(f"{title}-{one}", "handed_over", 1, 2, 1),
                        )
                        for one in numbers
                    ],
                )
                entries = [
                    Entry("invite", key, first + one + 1, boxes[one], before, after)
                    for one in numbers
                    for before, after in ((None, "queued"), ("queued", "handed_over"))
                ]
                append(store, here, BY, entries)
    return here


def timed(what: str, do: Callable[[], object]) -> None:
    started = time.perf_counter()
    do()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<22} {time.perf_counter() - started:6.1f} s, at most {most:4.0f} MB so far")


def main(people: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running() as server:
        home = Path(folder) / "home"
        settings = Settings(home=home)
        store = open_store(settings)
        timed("filled", lambda: fill(store, people))
        timed("backup", lambda: back_up(store, Path(folder) / "backup.db"))
        store.close()
        both = Settings(home=home, database_url=server.url % "postgres")
        timed("to PostgreSQL", lambda: house_move.to_postgres(both))
        there = open_store(both)
        timed("proof there", lambda: prove(there, 1))
        timed("backup of PostgreSQL", lambda: back_up(there, Path(folder) / "postgres.db"))
        there.close()
        timed("back to SQLite", lambda: house_move.to_sqlite(both))
        store = open_store(settings)
        print("the proof holds" if prove(store, 1).holds else "the proof does not hold")
        store.close()
        timed("salvage", lambda: rescue(Path(folder) / "backup.db", Path(folder) / "saved.db"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
