"""What tests of sign-ins begin with: a listener to talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.callback_client import Browser, collect_what_others_left, listening


@pytest.fixture
def alone() -> None:
    """What other tests left open is not taken for this one's."""
    collect_what_others_left()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Talks to a listener for Stripe's redirect."""
    with listening(tmp_path) as running:
        yield running
