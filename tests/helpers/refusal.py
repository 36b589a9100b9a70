"""What is said when a database is not opened."""

from __future__ import annotations

import pytest

from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.settings import Settings


def refusal(settings: Settings) -> str:
    """What is said when this database is opened."""
    with pytest.raises(DatabaseProblem) as caught:
        open_store(settings)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text
