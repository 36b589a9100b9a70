"""The same people in both databases, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db.engines.store_factory import open_store
from app.settings import RequestRate, Settings
from tests.helpers.filters.population import Population, populate


def _folding(url: str) -> str:
    """A database whose own lower() knows every letter, as it is with most servers' locales."""
    import psycopg

    with psycopg.connect(url % "postgres", autocommit=True) as session:
        session.execute(
            "CREATE DATABASE folding TEMPLATE template0 ENCODING 'UTF8'"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        )
    return url % "folding"


@pytest.fixture(scope="session")
def both(
    postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Population, Population]]:
    """The hostile population on SQLite and on PostgreSQL."""
    stores = [
        open_store(
            Settings(
                home=tmp_path_factory.mktemp("filters") / "home",
                database_url=url,
                rate=RequestRate(None, None),
            )
        )
        for url in (None, _folding(postgres))
    ]
    made = [populate(store) for store in stores]
    for store in stores:
        store.analyze()  # as a sync does: PostgreSQL plans without joining all with all
    yield made[0], made[1]
    for store in stores:
        store.close()
