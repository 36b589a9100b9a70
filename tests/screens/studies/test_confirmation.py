"""The dialog that confirms a batch sends what it showed, or asks again with names."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.invites import opt_outs, studies
from app.invites.mail.addresses import hasher
from app.invites.sending import runs
from app.screens.studies.confirm_dialog import ConfirmSendDialog
from app.widgets.dialog import QuestionDialog
from tests.helpers import rows
from tests.helpers.study_keys import confirm, invites, look, people, plan, put
from tests.helpers.study_world import BY, queued, send, sender, study
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
        await at.until(lambda: "It has changed since you saw it" in at.flat)
        assert "+ Eve" in at.flat
        assert "WILL SEND 12" in at.flat
        assert "Type 12 (the others, too) or 11 (those you saw first)" in at.flat
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
        assert "WILL SEND at most 11" in at.flat
        for name in ("Eve", "Ada", "Bea"):
            join(store, here, name)
        await follow(at, found, "+ Bea")
        assert "Type 11 (those you saw first) or 13" in at.flat
        if sent is None:  # another one joins unseen
            join(store, here, "Zoe")
        await put(at, typed)
        await at.press("enter")
        if sent is None:
            await at.until(lambda: "+ Zoe" in at.flat)
            assert "WILL SEND 14" in at.flat
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


async def test_who_was_written_to_is_invited(start: Start, here: int, store: Store) -> None:
    key = study(store, here)
    run = queued(store, key, undo=120).run
    async with start((120, 40)) as at:
        screen = await look(at)
        assert [one.invited for one in screen.listed._listed] == [0]
        runs.stop(store, run, BY)
        queued(store, key, "eml")
        send(sender(store, here, Path(store.where).parent))
        opt_out(store, here, 4)
        screen.read()
        await at.until(lambda: "handed over" in at.flat)
        assert [one.invited for one in screen.listed._listed] == [11]
        (bar,) = [line for line in at.text.splitlines() if "invited " in line and "·" in line]
        assert " 11" in bar
        (bar,) = [line for line in at.text.splitlines() if "withdrawn " in line and "·" in line]
        assert " 12" in bar
