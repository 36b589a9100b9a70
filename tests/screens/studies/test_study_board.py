"""What Studies shows of a study, and that no key acts on another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from app.invites import lifecycle
from app.invites.sending import runs
from app.screens.studies.invite_log_screen import InviteLogScreen
from app.widgets.dialog import QuestionDialog
from app.widgets.empty_state import EmptyState
from tests.helpers.study_keys import confirm, look, people, plan, stub
from tests.helpers.study_world import BY, queued, send, sender, study
from tests.screens.conftest import SIZES, Start

FREE = {"cool_down_days": None, "cap": None, "cap_days": None}


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


@pytest.mark.parametrize("size", [*SIZES, (200, 60)])
async def test_without_a_study_one_sentence_and_its_key_stand_in_the_middle(
    start: Start, here: int, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await look(at)
        assert at.app.screen.query_one(EmptyState).display
        lines = at.text.splitlines()
        (row,) = [at for at, line in enumerate(lines) if "No studies yet." in line]
        assert abs(row - size[1] / 2) <= 4
        left = len(lines[row]) - len(lines[row].lstrip())
        assert abs(left + len("No studies yet.") / 2 - size[0] / 2) <= 1
        assert "n New study" in at.flat


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_funnel_has_percentages_and_days(
    start: Start, here: int, store: Store, size: tuple[int, int]
) -> None:
    key = study(store, here)
    queued(store, key, "eml")
    send(sender(store, here, Path(store.where).parent))
    ids = [one for (one,) in store.rows("SELECT id FROM invite ORDER BY id")]
    lifecycle.mark(store, here, ids[:6], "started", BY)
    lifecycle.mark(store, here, ids[:4], "completed", BY)
    store.execute("UPDATE invite SET sent_at = sent_at - 172800")
    async with start(size) as at:
        screen = await look(at)
        await at.until(lambda: screen.view is not None)
        shown = at.part("#study")
        for words in ("100 %", "55 %  2 days", "36 %  2 days", "5 awaiting reply", "2 started"):
            assert " ".join(words.split()) in shown
        assert "5 invitees have not replied" in shown
        if size[1] >= 40:
            assert "Person 00" in shown
            await at.press("M")
            await at.until(lambda: "Person 00" not in at.text)


async def test_a_key_after_a_move_acts_on_the_study_that_is_chosen_then(
    start: Start, here: int, store: Store
) -> None:
    """It waits until that study is read."""
    first = queued(store, study(store, here, "First", **FREE), undo=120).run
    second = queued(store, study(store, here, "Second", **FREE), undo=120).run
    async with start((120, 40)) as at:
        screen = await look(at)
        await at.until(lambda: screen.view is not None)
        screen._busy = True  # as if a thread still counted
        await at.press("down", "u")
        assert not isinstance(at.app.screen, QuestionDialog)
        screen._busy = False
        screen._look()
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        at.settle()
        await at.strike("y")
        await at.until(lambda: runs.view(store, first).state == "stopped")
        assert runs.view(store, second).state == "running"


async def test_the_log_shows_all_studies_by_a_key(start: Start, here: int, store: Store) -> None:
    queued(store, study(store, here, "First", **FREE), undo=120)
    queued(store, study(store, here, "Second", **FREE), undo=120)
    async with start((120, 40)) as at:
        await look(at)
        await at.press("L")
        await at.until(lambda: "of 11" in at.flat)
        assert isinstance(at.app.screen, InviteLogScreen)
        assert "First" not in at.text
        assert "Reminder" not in at.text  # no invite has one
        await at.press("S")
        await at.until(lambda: "Invites: all studies rows 1–22 of 22" in at.flat)
        assert "First" in at.text
        await at.press("S")
        await at.until(lambda: "Invites: Second rows 1–11 of 11" in at.flat)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_the_ticket_has_the_number_and_its_proof(
    start: Start, here: int, store: Store, size: tuple[int, int]
) -> None:
    study(store, here)
    async with start(size) as at:
        await look(at)
        await plan(at)
        await confirm(at)
        assert "SEND" in stub(at)
        assert "TEST" in stub(at)
        assert "Type 11 and press Enter" in stub(at)
        proof = at.part("#ticket-proof")
        assert "no email −1" in proof or size[0] == 60
        assert "Person 00" in proof or size[0] == 60
        if size[0] >= 120:
            assert "██ ██" in stub(at)
            assert "From Rosa Researcher <research@acme.example>" in proof


async def test_the_ticket_masks_its_names(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await at.press("M")
        await plan(at)
        await confirm(at)
        assert "not shown while names are masked" in at.flat
        assert "Person 0" not in at.text
