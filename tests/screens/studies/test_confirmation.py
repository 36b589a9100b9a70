"""The dialog that confirms a batch sends what it showed, or asks again with names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.invites import opt_outs, studies
from app.invites.mail.addresses import hasher
from app.invites.schedule.start_time import moment_words
from app.invites.sending import outbox, runs
from app.invites.sending.schedule import Schedule
from app.screens.studies.confirm_dialog import ConfirmSendDialog
from app.screens.studies.screen import StudiesScreen
from app.services import sending
from app.widgets.dialog import QuestionDialog
from tests.helpers import rows
from tests.helpers.study_keys import confirm, invites, look, people, plan, put, stub
from tests.helpers.study_world import BY, planned, queued, send, sender, study
from tests.screens.conftest import Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


async def dialog(at: Driven) -> ConfirmSendDialog:
    """The dialog for all eleven who can be invited. It follows the data only when told."""
    await look(at)
    await plan(at)
    found = await confirm(at)
    found._follow_from = float("inf")
    return found


def join(store: Store, here: int, name: str = "Eve") -> None:
    number = f"cus_{name}"
    rows.send(store, here, Fetched(2, participants=[rows.person(number, name=name)]))


def opt_out(store: Store, here: int, number: int) -> None:
    box = hasher(store).stored(f"cus_{number:02}@example.com")
    opt_outs.record(store, here, [box], "opted_out", BY)


async def follow(at: Driven, found: ConfirmSendDialog, said: str) -> None:
    """Let it compare the plan with the data, as after every change of them."""
    found._follow_from = 0.0
    found.follow()
    await at.until(lambda: said in at.flat)
    found._follow_from = float("inf")


@pytest.mark.parametrize(("typed", "sent"), [("12", 12), ("11", 11)])
async def test_who_would_be_added_is_asked_about_by_name(
    start: Start, here: int, store: Store, typed: str, sent: int
) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await dialog(at)
        join(store, here)
        await put(at, "11")
        await at.press("enter")
        await at.until(lambda: "Since the preview at" in at.flat)
        assert "+ Eve" in at.flat
        assert "Type 12 for all of them, or 11 for only those you saw" in stub(at)
        assert invites(store) == 0
        await at.press("enter")
        assert invites(store) == 0
        await put(at, typed)
        await at.press("enter")
        await at.until(lambda: invites(store) == sent)
        asked = {who for (who,) in store.rows("SELECT address FROM invite")}
        assert ("cus_Eve@example.com" in asked) is (sent == 12)


async def test_who_fell_out_is_dropped_and_named(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await dialog(at)
        opt_out(store, here, 4)
        await put(at, "11")
        await at.press("enter")
        await at.until(lambda: invites(store) == 10)
        await at.until(lambda: "− Person 04 (opted out)" in at.toasts)
        assert "undo" not in at.toasts  # files are written at once


@pytest.mark.parametrize(("typed", "sent"), [("11", 10), ("13", None)])
async def test_while_it_is_open_it_follows_the_data(
    start: Start, here: int, store: Store, typed: str, sent: int | None
) -> None:
    """What a person typed for the list that they read is sent at the first try."""
    study(store, here)
    async with start((120, 40)) as at:
        found = await dialog(at)
        opt_out(store, here, 4)
        await follow(at, found, "− Person 04")
        assert "interview invites at most" in stub(at)
        for name in ("Eve", "Ada", "Bea"):
            join(store, here, name)
        await follow(at, found, "+ Bea")
        assert "Type 11 for only those you saw, or 13 for all of them" in stub(at)
        if sent is None:  # another one joins unseen
            join(store, here, "Zoe")
        await put(at, typed)
        await at.press("enter")
        if sent is None:
            await at.until(lambda: "+ Zoe" in at.flat)
            assert "14 for all of them" in stub(at)
            assert invites(store) == 0
        else:
            await at.until(lambda: invites(store) == sent)


async def test_another_mail_is_shown_again(start: Start, here: int, store: Store) -> None:
    key = study(store, here)
    async with start((120, 40)) as at:
        await dialog(at)
        studies.change(store, key, BY, subject="Ten minutes?", cool_down_days=60)
        await put(at, "11")
        await at.press("enter")
        await at.until(lambda: "the subject" in at.flat)
        assert "the cool-down" in at.flat
        assert "Ten minutes?" in at.flat
        assert invites(store) == 0
        await put(at, "11")
        await at.press("enter")
        await at.until(lambda: invites(store) == 11)


async def test_masking_hides_who_is_named(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await at.press("M")
        await plan(at)
        found = await confirm(at)
        found._follow_from = float("inf")
        join(store, here)
        await follow(at, found, "+ E•••")
        assert "Eve" not in at.flat


async def test_a_key_goes_on_with_another_persons_batch_after_a_question(
    start: Start, here: int, store: Store
) -> None:
    key = study(store, here)
    run = queued(store, key, "eml").run
    runs.pause(store, run, BY)
    async with start((120, 40)) as at:
        await look(at)
        await at.press("P")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert "rosa queued these invites, not you" in at.flat
        at.settle()
        await at.press("escape")
        assert runs.view(store, run).on_purpose
        await at.press("P")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        at.settle()
        await at.strike("y")
        await at.until(lambda: runs.view(store, run).left == 0)


async def test_a_key_does_not_send_through_another_mail_server(
    start: Start, here: int, store: Store
) -> None:
    run = queued(store, study(store, here)).run
    store.execute("UPDATE run SET server = 'rosa@mail.example.com:465', state = 'paused'")
    async with start((120, 40)) as at:
        await look(at)
        await at.press("P")
        await at.until(lambda: "confirmed for rosa@mail.example.com:465" in at.toasts)
        assert runs.view(store, run).state == "paused"


async def test_a_start_time_is_shown_as_it_was_understood(
    start: Start, here: int, store: Store
) -> None:
    study(store, here, quiet_hours="weekends")
    async with start((80, 24)) as at:
        found = await dialog(at)
        assert "Starts at once" in stub(at)
        await at.press("tab")
        await put(at, "Tuesday")
        await at.until(lambda: "is not a valid start time" in stub(at))
        await at.press("enter")
        await put(at, "11")
        await at.press("enter")
        await at.until(lambda: "are not valid" in stub(at))
        assert invites(store) == 0
        await at.press("tab")
        await put(at, " 9:00")
        await at.until(lambda: "Starts on Tuesday " in stub(at))
        await at.press("enter", "enter")
        await at.until(lambda: not found.is_attached)
        (started,) = store.row("SELECT start_at FROM run")
        await at.until(lambda: moment_words(started) in at.toasts)
        assert "press u to undo all of it" in at.toasts
        await at.until(lambda: "Starts at" in at.flat)
        assert store.row("SELECT count(*), min(go_at) FROM run") == (1, started)
        assert time.localtime(started)[3:7] == (9, 0, 0, 1)
        await at.press("u")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.press("y")
        await at.until(lambda: "withdrawn" in at.flat)
        assert store.row("SELECT state FROM run") == ("stopped",)


async def test_an_app_sends_what_was_confirmed_for_later(
    start: Start, here: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was queued by another Panelist, and its start has come."""
    monkeypatch.setattr(sending, "SOON", 0.01)
    plan_of_it = planned(store, study(store, here))
    outbox.queue(store, plan_of_it, "eml", BY, undo=0, schedule=Schedule(1))
    other = planned(
        store, study(store, here, "Another", cool_down_days=None, cap=None, cap_days=None)
    )
    at_once = outbox.queue(store, other, "eml", BY, undo=0).run
    async with start((120, 40)) as at:
        await at.press("2")
        await at.until(lambda: f"Batch {at_once} of rosa for “Another”: running;" in at.flat)
        await at.until(lambda: store.rows("SELECT state FROM run WHERE id = 1") == [("done",)])
        assert runs.view(store, at_once).left == 11


async def test_a_key_takes_over_another_computers_batch_after_a_question(
    start: Start, here: int, store: Store
) -> None:
    run = queued(store, study(store, here), "eml").run
    store.execute("UPDATE run SET machine = 'another'")
    async with start((120, 40)) as at:
        await look(at)
        await at.press("P")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert "Take it over" in at.flat
        assert runs.view(store, run).left == 11
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.press("y")
        await at.until(lambda: runs.view(store, run).state == "done")


async def test_who_was_written_to_is_invited(start: Start, here: int, store: Store) -> None:
    key = study(store, here)
    run = queued(store, key, undo=120).run
    async with start((120, 40)) as at:
        screen = await look(at)
        await at.until(lambda: invited(screen) == [0])
        runs.stop(store, run, BY)
        queued(store, key, "eml")
        send(sender(store, here, Path(store.where).parent))
        opt_out(store, here, 4)
        screen.read()
        await at.until(lambda: "handed over" in at.flat)
        assert invited(screen) == [11]
        assert "Invited 11" in at.part("#study")
        assert "10 awaiting reply × 1 opted out" in at.part("#study")
        assert "11 withdrawn" in at.part("#study")


def invited(screen: StudiesScreen) -> list[int]:
    """How many were written to, of each study."""
    return [one.counts.invited for one in screen.listed.every if one.counts is not None]
