"""At most one Panelist syncs a database, and a dead one holds nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from app.db.engines.store_factory import open_store
from app.db.lease import Lease, LeaseTaken
from app.db.store import Store
from app.settings import Settings

HOLD = """
import sys
from pathlib import Path
from app.db.lease import Lease
from app.db.engines.store_factory import open_store
from app.settings import Settings
store = open_store(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2] or None))
with Lease(store):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease until it reads a line or dies."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.home), settings.database_url or ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def take_when_free(store: Store) -> None:
    """A server notices the end of a killed client by itself, not at once."""
    while True:
        try:
            with Lease(store):
                return
        except LeaseTaken:
            continue


def test_a_second_holder_is_refused_with_a_sentence(settings: Settings, store: Store) -> None:
    with holder(settings) as other:
        with pytest.raises(LeaseTaken) as caught, Lease(store):
            pass
        text = str(caught.value)
        assert "is syncing this database" in text
        assert text.endswith(".")
        assert f"(process {other.pid} on " in text


def test_refused_once_it_may_be_taken_later(settings: Settings, store: Store) -> None:
    lease = Lease(store)
    with holder(settings) as other:
        with pytest.raises(LeaseTaken):
            lease.__enter__()
        other.communicate("end\n")
    take_when_free(store)
    with lease:
        pass


def test_the_lease_of_a_killed_holder_is_free(settings: Settings, store: Store) -> None:
    with holder(settings) as other:
        other.kill()
        other.wait()
        take_when_free(store)


def test_a_lease_is_free_once_left(settings: Settings, store: Store) -> None:
    with Lease(store), pytest.raises(LeaseTaken), Lease(open_store(settings)):
        pass
    take_when_free(store)


def test_leases_of_two_databases_are_apart(settings: Settings, store: Store) -> None:
    elsewhere = Settings(home=settings.home / "other")
    with ExitStack() as held:
        held.enter_context(Lease(store))
        held.enter_context(Lease(open_store(elsewhere)))
