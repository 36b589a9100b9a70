"""An account of four who were all invited, which several of these tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from tests.helpers.study_world import account, queued, send, sender, study


@pytest.fixture
def here(store: Store) -> int:
    return account(store, 4)


@pytest.fixture
def asked(store: Store, here: int, tmp_path: Path) -> int:
    """A study that has invited all four, by files; its row id."""
    key = study(store, here)
    queued(store, key, "eml")
    send(sender(store, here, tmp_path))
    return key
