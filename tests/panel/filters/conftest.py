"""The same people in both databases, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db.store import open_store
from app.settings import Rate, Settings
from tests.conftest import new_database
from tests.panel.filters.people import Population, populate


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
                rate=Rate(None, None),
            )
        )
        for url in (None, new_database(postgres))
    ]
    made = [populate(store) for store in stores]
    yield made[0], made[1]
    for store in stores:
        store.close()
