"""The Studies mode: a study is made, planned, confirmed and sent, by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.rows import Answer
from app.db.store import Store
from app.invites import studies
from app.screens.confirming import Confirming
from app.screens.planning import Planning
from app.screens.studies import StudiesScreen
from app.screens.study_form import StudyForm
from app.widgets.dialog import Question
from tests.db import making
from tests.invites.world import BY, LETTER, study
from tests.screens.conftest import SIZES, Driven, Start

HOSTILE = "\x1b]0;owned\x07[red]Eve[/]\u202e"
PEOPLE = 12


@pytest.fixture
def here(store: Store) -> int:
    to = making.connection(store)
    some = [making.person(f"cus_{one:02}", name=f"Person {one:02}") for one in range(PEOPLE)]
    some[2] = some[2]._replace(name=HOSTILE)
    some[3] = some[3]._replace(email=None)
    making.send(store, to, Answer(1, participants=some))
    making.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


async def put(at: Driven, text: str) -> None:
    await at.press(*({" ": "space"}.get(sign, sign) for sign in text))


async def look(at: Driven) -> StudiesScreen:
    await at.press("4")
    await at.until(lambda: isinstance(at.app.screen, StudiesScreen))
    screen = at.app.screen
    assert isinstance(screen, StudiesScreen)
    await at.pilot.pause()
    return screen


async def plan(at: Driven) -> Planning:
    await at.press("d")
    await at.until(lambda: isinstance(at.app.screen, Planning))
    screen = at.app.screen
    assert isinstance(screen, Planning)
    await at.until(lambda: screen.counted is not None)
    return screen


async def confirm(at: Driven) -> Confirming:
    await at.press("i")
    await at.until(lambda: isinstance(at.app.screen, Confirming))
    dialog = at.app.screen
    assert isinstance(dialog, Confirming)
    dialog.opened = 0.0  # nobody's keys are left over
    return dialog


def invites(store: Store) -> int:
    return int(store.row("SELECT count(*) FROM invite")[0])


@pytest.mark.parametrize("size", SIZES)
async def test_from_nothing_to_files(
    start: Start, here: int, store: Store, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await look(at)
        await at.press("n")
        await at.until(lambda: isinstance(at.app.screen, StudyForm))
        form = at.app.screen
        assert isinstance(form, StudyForm)
        form.opened = 0.0
        await put(at, "Pricing")
        for name, text in LETTER.items():
            form.query_one(f"#study-{name}").value = text  # type: ignore[attr-defined]
        await at.strike("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, StudiesScreen))
        await at.until(lambda: "Pricing" in at.flat)
        await at.press("s")
        await at.press("space", "enter")
        await at.until(lambda: "All Customers" in at.flat)
        await at.press("a")
        await at.until(lambda: studies.studies(store, here)[0].state == "active")
        screen = await plan(at)
        counted = screen.counted
        assert counted is not None
        assert [one.count for one in counted.groups if one.count] == [PEOPLE - 1, 1]
        await at.until(lambda: studies.studies(store, here)[0].state == "active")
        dialog = await confirm(at)
        assert "WILL SEND 11" in at.flat
        assert "TEST" in at.flat
        assert "\x1b]" not in at.text
        assert "\u202e" not in at.text
        await at.press("enter")
        assert invites(store) == 0
        await put(at, "12")
        await at.press("enter")
        assert "11 people would be written to, not 12" in at.flat
        assert invites(store) == 0
        await at.press("backspace", "1", "enter", "enter", "enter")
        await at.until(lambda: not dialog.is_attached)
        mailbox = Path(at.app.settings.home) / "mailbox"
        await at.until(lambda: mailbox.exists() and len(list(mailbox.glob("*.eml"))) == 11)
        await at.until(lambda: "11 handed over, 0 left" in at.flat)
        assert invites(store) == PEOPLE - 1


async def test_what_changed_since_it_was_shown_is_asked_anew(
    start: Start, here: int, store: Store
) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await plan(at)
        await confirm(at)
        making.send(store, here, Answer(2, participants=[making.person("cus_new")]))
        await put(at, "11")
        await at.press("enter")
        await at.until(lambda: "It has changed since you saw it" in at.flat)
        assert "WILL SEND 12" in at.flat
        assert invites(store) == 0
        await at.press("enter")
        assert invites(store) == 0
        await put(at, "12")
        await at.press("enter")
        await at.until(lambda: invites(store) == 12)


@pytest.mark.parametrize("status", ["syncing", "segments_synced"])
async def test_while_the_first_sync_runs_it_asks_for_more(
    start: Start, here: int, store: Store, status: str
) -> None:
    study(store, here)
    store.execute("UPDATE connection SET status = ?", (status,))
    async with start((80, 24)) as at:
        await look(at)
        await plan(at)
        await confirm(at)
        await put(at, "11")
        await at.press("enter")
        assert "still filling" in at.flat
        assert invites(store) == 0
        await at.press("ctrl+o", "enter")
        await at.until(lambda: invites(store) == 11)


async def test_escape_sends_nothing(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((80, 24)) as at:
        await look(at)
        await plan(at)
        await confirm(at)
        await put(at, "11")
        await at.press("escape")
        assert isinstance(at.app.screen, Planning)
        await at.press("escape")
        assert isinstance(at.app.screen, StudiesScreen)
        assert invites(store) == 0


async def test_a_plan_is_narrowed_to_a_sample(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        screen = await plan(at)
        await at.press("o")
        await put(at, "5")
        await at.press("ctrl+s")
        await at.until(lambda: "5 at random" in at.flat)
        await at.until(lambda: screen.counted is not None and screen.counted.groups[0].count == 5)
        await at.press("o")
        await put(at, "x")
        await at.press("ctrl+s")
        assert "is a number" in at.flat


async def test_the_log_is_marked_by_key(start: Start, here: int, store: Store) -> None:
    key = study(store, here)
    from tests.invites.world import queued, send, sender

    queued(store, key, "eml")
    send(sender(store, here, Path(store.where).parent))
    async with start((120, 40)) as at:
        await look(at)
        await at.press("l")
        await at.until(lambda: "rows 1–11 of 11" in at.flat)
        await at.press("c")
        await at.until(lambda: studies.funnel(store, key).get("completed") == 1)
        await at.press("space", "space", "d")
        await at.until(lambda: isinstance(at.app.screen, Question))
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.strike("y")
        await at.until(lambda: "declined" in studies.funnel(store, key))
        await at.press("f", "f")
        await at.press("slash")
        await put(at, "nobody")
        await at.until(lambda: "No invite is here" in at.flat)
        await at.press("escape", "escape", "escape")
        assert isinstance(at.app.screen, StudiesScreen)


async def test_masking_hides_people(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await at.until(lambda: "cus_00@example.com" in at.flat)
        await at.press("x")
        assert "@example.com" not in at.flat.replace("research@acme.example", "")
        await plan(at)
        assert "Person 0" not in at.text


@pytest.mark.parametrize("key", ["d", "e", "s", "a", "l", "p", "u", "v", "m", "y", "c"])
async def test_without_a_study_no_key_does_harm(start: Start, here: int, key: str) -> None:
    async with start((80, 24)) as at:
        await look(at)
        await at.press(key, "escape")
        assert "fault" not in at.flat


async def test_a_draft_is_deleted_and_a_study_closed_after_a_question(
    start: Start, here: int, store: Store
) -> None:
    studies.create(store, here, "Draft", BY)
    async with start((80, 24)) as at:
        await look(at)
        await at.press("c")
        await at.until(lambda: isinstance(at.app.screen, Question))
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.strike("y")
        await at.until(lambda: studies.studies(store, here) == [])
