"""The Studies mode: a study is made, planned, confirmed and sent, by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste

from app.db.store import Store
from app.invites import studies
from app.screens.export_dialog import ExportDialog
from app.screens.studies.confirm_dialog import ConfirmSendDialog
from app.screens.studies.edit_dialog import StudyEditDialog
from app.screens.studies.plan_screen import PlanScreen
from app.screens.studies.screen import StudiesScreen
from app.widgets.dialog import QuestionDialog
from app.widgets.inputs import TextField
from app.widgets.text_box import TextBox
from tests.helpers.study_keys import (
    HOSTILE,
    PEOPLE,
    confirm,
    invites,
    look,
    people,
    plan,
    put,
    stub,
)
from tests.helpers.study_world import BY, LETTER, study
from tests.screens.conftest import SIZES, Start


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


@pytest.mark.parametrize("size", SIZES)
async def test_from_nothing_to_files(
    start: Start, here: int, store: Store, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await look(at)
        await at.press("n")
        await at.until(lambda: isinstance(at.app.screen, StudyEditDialog))
        form = at.app.screen
        assert isinstance(form, StudyEditDialog)
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
        assert "Type 11 and press Enter" in stub(at)
        assert "TEST" in at.flat
        assert "\x1b]" not in at.text
        assert "\u202e" not in at.text
        await at.press("enter")
        assert invites(store) == 0
        await put(at, "12")
        await at.press("enter")
        assert "11 participants will be invited, not 12" in stub(at)
        assert invites(store) == 0
        await at.press("backspace", "1", "enter", "enter", "enter")
        await at.until(lambda: not dialog.is_attached)
        mailbox = Path(at.app.settings.home) / "mailbox"
        await at.until(lambda: mailbox.exists() and len(list(mailbox.glob("*.eml"))) == 11)
        await at.until(lambda: "11 handed over" in at.flat)
        assert invites(store) == PEOPLE - 1


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
        assert "still filling" in stub(at)
        assert invites(store) == 0
        await at.press("ctrl+o", "enter")
        await at.until(lambda: invites(store) == 11)


async def test_words_that_are_links_are_named(start: Start, here: int, store: Store) -> None:
    study(store, here, text="[Choose a time]({{link}}) {{opt_out}}")
    said = "as HTML too, in which “Choose a time” is a link"
    async with start((200, 60)) as at:
        await look(at)
        await at.until(lambda: said in at.part("#study-mail"))
        assert "Choose a time <https://interviews.example/pricing?guest=…>" in at.part(
            "#study-mail"
        )
        await plan(at)
        await confirm(at)
        assert said in at.flat


async def test_escape_sends_nothing(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((80, 24)) as at:
        await look(at)
        await plan(at)
        await confirm(at)
        await put(at, "11")
        await at.press("escape")
        assert isinstance(at.app.screen, PlanScreen)
        await at.press("escape")
        assert isinstance(at.app.screen, StudiesScreen)
        assert invites(store) == 0


async def test_a_draft_is_activated_on_the_way_to_the_confirmation(
    start: Start, here: int, store: Store
) -> None:
    key = study(store, here)
    store.execute("UPDATE study SET state = 'draft' WHERE id = ?", (key,))
    async with start((80, 24)) as at:
        await look(at)
        await plan(at)
        for answer, state in (("escape", "draft"), ("y", "active")):
            await at.press("i")
            await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
            at.settle()
            await at.press(answer)
            await at.until(lambda: not isinstance(at.app.screen, QuestionDialog))
            await at.until(lambda state=state: studies.get(store, key).state == state)  # type: ignore[misc]
        await at.until(lambda: isinstance(at.app.screen, ConfirmSendDialog))
        assert invites(store) == 0


async def test_a_plan_is_narrowed_to_a_sample(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        screen = await plan(at)
        assert "in cool-down" not in at.flat  # no one is
        await at.press("down", "o")
        await put(at, "5")
        await at.press("ctrl+s")
        await at.until(lambda: "5 at random" in at.flat)
        await at.until(lambda: screen.counted is not None and screen.counted.groups[0].count == 5)
        assert screen.groups.names == ["will be invited", "no email", "not sampled"]
        await at.until(lambda: "No email" in at.flat)  # still the current one
        await at.press("o")
        await put(at, "x")
        await at.press("ctrl+s")
        assert "Enter a number" in at.flat


async def test_masking_hides_people(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await at.until(lambda: "cus_00@example.com" in at.flat)
        await at.press("M")
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
        await at.press("C")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        at.app.screen.opened = 0.0  # type: ignore[attr-defined]
        await at.strike("y")
        await at.until(lambda: studies.studies(store, here) == [])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_form_shows_the_mail_as_it_is_typed(
    start: Start, here: int, store: Store, size: tuple[int, int]
) -> None:
    study(store, here)
    async with start(size) as at:
        await look(at)
        await at.press("e")
        await at.until(lambda: isinstance(at.app.screen, StudyEditDialog))
        at.settle()
        beside = size[0] >= 116
        assert ("Hello Person 00," in at.flat) is beside
        form = at.app.screen
        form.query_one("#study-text", TextBox).load_text(
            "Dear {{name|friend}}: {{link}} {{opt_out}}"
        )
        form.query_one("#study-subject", TextField).focus()
        await put(at, "!")
        if not beside:
            await at.press("ctrl+o")
        await at.until(lambda: "Dear Person 00:" in at.flat)
        assert "about Pricing?!" in at.flat
        if not beside:
            await at.press("ctrl+o")
        form.query_one("#study-text", TextBox).focus()
        form.query_one("#study-text", TextBox).load_text("Dear {{age}}")
        await at.pilot.pause()
        assert "unknown field" not in at.part("#study-fields")  # it is still being written
        form.query_one("#study-title").focus()
        await at.until(lambda: "1 problem in Text" in at.flat)
        form.query_one("#study-text").focus()
        await at.until(lambda: "unknown field" in at.part("#study-fields"))
        await at.press("escape")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))


async def test_what_is_pasted_is_not_obeyed(start: Start, here: int, store: Store) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await at.press("e")
        await at.until(lambda: isinstance(at.app.screen, StudyEditDialog))
        for where in ("#study-purpose", "#study-text"):
            at.app.screen.query_one(where).focus()
            await at.pilot.pause()
            at.app.post_message(Paste(HOSTILE + "\x9b2J\u202e"))
            await at.until(lambda: "owned" in at.text)
            assert not set(at.text) & {"\x1b", "\x07", "\x9b", "\u202e"}
            at.app.screen.query_one("#study-purpose", TextField).value = ""


@pytest.mark.parametrize("by", ["double click", "held key", "resize"])
async def test_the_dialog_sends_nothing_that_was_not_typed(
    start: Start, here: int, store: Store, by: str
) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        await look(at)
        await plan(at)
        await at.press("i")
        await at.until(lambda: isinstance(at.app.screen, ConfirmSendDialog))
        dialog = at.app.screen
        if by == "held key":
            at.rejuvenate()
            await at.press(*("enter",) * 5, "1", "1", "enter")
        elif by == "double click":
            at.settle()
            number = dialog.query_one("#confirm-number", TextField)
            for offset in range(0, dialog.size.height, 2):
                await at.pilot.click(offset=(60, offset), times=2)
            assert number.value == ""
        else:
            at.settle()
            await put(at, "1")
            for size in ((60, 20), (200, 60), (80, 24)):
                await at.pilot.resize_terminal(*size)
                await at.press("enter")
                assert "11 participants will be invited, not 1" in stub(at)
                assert "To invite fewer, press Escape" in stub(at)
            await at.press("1", "enter", "enter")
            await at.until(lambda: invites(store) == 11)
            return
        assert invites(store) == 0


async def test_a_plan_is_taken_out_with_why(
    start: Start, here: int, store: Store, tmp_path: Path
) -> None:
    study(store, here)
    async with start((80, 24)) as at:
        await look(at)
        await plan(at)
        await at.press("down", "x")
        await at.until(lambda: isinstance(at.app.screen, ExportDialog))
        at.settle()
        at.app.screen.query_one(TextField).value = str(tmp_path / "a.csv")
        await at.press("enter")
        await at.until(lambda: "Exported 1 participant to" in at.flat)
    lines = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "stripe_id,email,name,outcome,reason"
    assert lines[1] == "cus_03,,Person 03,no_email,no email"
