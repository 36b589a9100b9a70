"""PostgreSQL behind PgBouncer, which gives each transaction another session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from app.db.engines import store_factory
from app.db.engines.store_factory import open_store, open_store_patiently
from app.db.lease import Lease, LeaseTaken
from app.db.rows import Fetched
from app.db.watch import Watch
from app.settings import Settings
from tests.helpers.rows import connection, names, person, send

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
CONFIGURATION = """
[databases]
* = host={host}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = {ignored}
"""

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")


@pytest.fixture(params=["options are refused", "options are dropped"])
def pooled(
    request: pytest.FixtureRequest,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Settings]:
    """The database through a pooler."""
    monkeypatch.setattr(store_factory, "AGAIN", 0.02)
    assert PROGRAM
    assert settings.database_url
    named = psycopg.conninfo.conninfo_to_dict(settings.database_url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ignored = "options" if "dropped" in request.param else "extra_float_digits"
    file = tmp_path / "pgbouncer.ini"
    text = CONFIGURATION.format(host=f"{named['host']} user=postgres", port=port, ignored=ignored)
    file.write_text(text)
    for place in (tmp_path, *tmp_path.parents[:3], file):
        place.chmod(place.stat().st_mode | 0o055)
    user = "nobody" if os.geteuid() == 0 else None  # PgBouncer refuses root
    with subprocess.Popen([PROGRAM, "-q", file], user=user) as process:
        yield replace(
            settings, database_url=f"postgresql://postgres@127.0.0.1:{port}/{named['dbname']}"
        )
        process.kill()


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_everything_works_through_a_pooler(pooled: Settings) -> None:
    store = open_store_patiently(pooled, lambda _: None)
    here = connection(store)
    for number in range(12):  # the driver prepares what it says more than five times
        send(store, here, Fetched(number + 1, participants=[person(f"cus_{number}")]))
    assert len(names(store, here)) == 12
    watch = Watch(store)
    assert watch.changed()
    assert not watch.changed(), "others' writes are looked for every few seconds"
    other = open_store(pooled)
    with Lease(store):
        with pytest.raises(LeaseTaken):
            Lease(other).take()
        send(store, here, Fetched(20, participants=[person("cus_a")]))
    with Lease(other):
        pass
    other.close()
    store.close()
