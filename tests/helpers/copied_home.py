"""Homes that are copied, put back and moved on one computer, as people do it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import paths
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites import opt_outs, studies
from app.invites.mail.addresses import hasher
from app.invites.plan import plan
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.invites.restore_guard import Answer, RestoreGuard
from app.invites.witness.lost_records import LostRecords
from app.paths import Folders
from app.settings import Settings
from tests.helpers.study_world import BY, account, queued, send, sender, study


@dataclass(frozen=True)
class Panel:
    """A panel of one account. ``state``: of the computer. ``url``: of a PostgreSQL database."""

    home: Path
    state: Path
    url: str | None = None

    @contextmanager
    def store(self) -> Iterator[Store]:
        opened = open_store(Settings(home=self.home, database_url=self.url))
        try:
            yield opened
        finally:
            opened.close()

    @property
    def folders(self) -> Folders:
        return Folders(self.home, self.state)

    def fill(self, people: int = 4) -> None:
        """An account and a study of everyone that is ready."""
        with self.store() as store:
            study(store, account(store, people))

    def invite(self) -> int:
        """Invite everyone who may be, as files. Returns how many. Raises RestoreSuspected."""
        with self.store() as store:
            (before,) = store.row("SELECT count(*) FROM invite")
            batch = queued(store, 1, "eml")
            self.send()
            (after,) = store.row("SELECT count(*) FROM invite WHERE state <> 'queued'")
            return int(after) - int(before) if batch.number else 0

    def send(self) -> None:
        """Send what is queued, as long as the guard has nothing to ask. Raises RestoreSuspected."""
        with self.store() as store:
            RestoreGuard(store, 1, self.folders).check()
            send(sender(store, 1, self.home, state=self.state))

    def invitable(self) -> int:
        """How many a plan of the study would invite."""
        with self.store() as store:
            made = plan.make(store, studies.get(store, 1), Options(("all",)))
            return made.counts()[Outcome.INVITE]

    def why(self) -> str | None:
        """Why it asks, or None."""
        with self.store() as store:
            return RestoreGuard(store, 1, self.folders).suspicion()

    def lost(self) -> LostRecords:
        with self.store() as store:
            return RestoreGuard(store, 1, self.folders).lost()

    def answer(self, answer: Answer) -> LostRecords:
        with self.store() as store:
            return RestoreGuard(store, 1, self.folders).accept(BY, answer)

    def follow(self) -> None:
        with self.store() as store:
            RestoreGuard(store, 1, self.folders).follow()

    def opt_out(self, address: str) -> None:
        with self.store() as store:
            opt_outs.record(store, 1, [hasher(store).stored(address)], "opted_out", BY)
        self.follow()

    def copy(self, to: Path) -> Panel:
        """A copy of the whole home."""
        shutil.copytree(self.home, to)
        return Panel(to, self.state, self.url)

    def put_back(self, copy: Panel) -> None:
        """Replace the whole home by a copy of it."""
        shutil.rmtree(self.home)
        shutil.copytree(copy.home, self.home)

    def put_back_file(self, copy: Panel) -> None:
        """Write a copy of the database over it, in the same file."""
        for suffix in ("-wal", "-shm"):
            Path(f"{paths.database(self.home)}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(paths.database(copy.home), paths.database(self.home))
