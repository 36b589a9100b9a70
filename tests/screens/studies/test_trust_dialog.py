"""A database that may be a copy says so in the app, and takes the answer there."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from app.invites.restore_guard import mark_as_copy
from app.invites.sending import runs
from app.screens.studies.confirm_dialog import ConfirmSendDialog
from app.screens.studies.trust_dialog import TrustDialog
from app.widgets.dialog import QuestionDialog
from tests.helpers.study_keys import confirm, invites, look, people, plan, put
from tests.helpers.study_world import BY, queued, study
from tests.screens.conftest import Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    """An account of people who were all invited, from a database that was then put back."""
    to = people(store)
    study(store, to)
    mark_as_copy(store, 1_750_000_000)
    return to


async def asked(at: Driven) -> None:
    await at.until(lambda: isinstance(at.app.screen, TrustDialog) and "restored copy" in at.flat)


async def test_confirming_asks_first_and_then_follows(
    start: Start, here: int, store: Store
) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await plan(at)
        await confirm(at)
        await put(at, "11")
        await at.press("enter")
        await asked(at)
        assert "This computer has no record of anything sent or recorded since then." in at.flat
        assert invites(store) == 0
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.press("m")
        await at.until(lambda: isinstance(at.app.screen, ConfirmSendDialog))
        await at.until(lambda: "This database can send again." in at.flat)
        await at.press("enter")  # the number is still there
        await at.until(lambda: invites(store) == 11)


async def test_a_key_asks_and_escape_answers_later(start: Start, here: int, store: Store) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await at.press("V")
        await asked(at)
        await at.press("escape")
        assert store.rows("SELECT 1 FROM ledger WHERE what = 'trusted'") == []
        await at.press("V")
        await asked(at)
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.press("c")
        await at.until(lambda: "This database can send again." in at.flat)
        await at.press("V")
        await at.until(lambda: "No answer is needed." in at.flat)


async def test_going_on_and_reminding_ask_first(start: Start, store: Store, tmp_path: Path) -> None:
    to = people(store)
    key = study(store, to)
    batch = queued(store, key, "eml")
    runs.pause(store, batch.run, BY)
    mark_as_copy(store, 1_750_000_000)
    async with start((120, 40)) as at:
        await look(at)
        await at.press("P")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))  # rosa queued it
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.press("y")
        await asked(at)
        assert runs.view(store, batch.run).state == "paused"
