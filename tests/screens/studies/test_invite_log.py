"""The invitation log: marked by key and by list, resolved, and exported."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from textual.events import Paste

from app.db.store import Store
from app.invites import lifecycle, studies
from app.invites.invite_log import invite_ids
from app.screens.export_dialog import ExportDialog
from app.screens.reason_dialog import ReasonDialog
from app.screens.studies.invite_log_screen import InviteLogScreen
from app.screens.studies.ledger_screen import LedgerScreen
from app.screens.studies.mark_dialog import MarkDialog
from app.screens.studies.mark_list_dialog import MARKS, OPT_OUT, MarkListDialog
from app.screens.studies.screen import StudiesScreen
from app.widgets.choice_list import ChoiceList
from app.widgets.dialog import QuestionDialog
from app.widgets.inputs import TextField
from tests.helpers.study_keys import look, people, put
from tests.helpers.study_world import BY, queued, send, sender, study
from tests.screens.conftest import SIZES, Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


@pytest.fixture
def asked(store: Store, here: int) -> int:
    """A study that invited all eleven who have an address."""
    key = study(store, here)
    queued(store, key, "eml")
    send(sender(store, here, Path(store.where).parent))
    return key


async def log(at: Driven) -> InviteLogScreen:
    await look(at)
    await at.press("L")
    await at.until(lambda: "rows 1–" in at.flat)
    screen = at.app.screen
    assert isinstance(screen, InviteLogScreen)
    return screen


async def paste(at: Driven, text: str, mark: str = "completed") -> MarkListDialog:
    """The dialog, with this list, about to say this of it."""
    await at.press("I")
    await at.until(lambda: isinstance(at.app.screen, MarkListDialog))
    at.settle()
    form = at.app.screen
    assert isinstance(form, MarkListDialog)
    at.app.post_message(Paste(text))
    for _ in range(MARKS.index(mark) - MARKS.index("completed")):
        await at.press("ctrl+t")
    await at.until(lambda: f"Mark as {mark} ▾" in at.flat)
    await at.press("ctrl+s")
    return form


async def mark(at: Driven, state: str) -> None:
    """Mark what is selected by the dialog."""
    await at.press("m")
    await at.until(lambda: isinstance(at.app.screen, MarkDialog))
    at.settle()
    marks = at.app.screen.query_one(ChoiceList)
    marks.highlighted = marks.get_option_index(state)
    await at.press("enter")


async def yes(at: Driven) -> None:
    await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
    at.settle()
    await at.strike("y")


async def test_the_log_is_marked_by_key(start: Start, asked: int, store: Store) -> None:
    async with start((120, 40)) as at:
        await look(at)
        await at.press("L")
        await at.until(lambda: "rows 1–11 of 11" in at.flat)
        await mark(at, "completed")
        await at.until(lambda: studies.funnel(store, asked).get("completed") == 1)
        await at.press("u")
        await at.until(lambda: "completed" not in studies.funnel(store, asked))
        await mark(at, "completed")
        await at.until(lambda: studies.funnel(store, asked).get("completed") == 1)
        await at.press("space", "space")
        await mark(at, "declined")
        await at.until(lambda: "declined" in studies.funnel(store, asked))
        await at.press("f", "f")
        await at.press("slash")
        await put(at, "nobody")
        await at.until(lambda: "No invite matches" in at.flat)
        await at.press("escape", "escape", "escape")
        assert isinstance(at.app.screen, StudiesScreen)


async def test_what_was_just_marked_is_undone_together(
    start: Start, asked: int, store: Store
) -> None:
    """The selection is gone by then, and the cursor is on another invite."""
    async with start((120, 40)) as at:
        await log(at)
        await at.press("space", "space")
        await mark(at, "started")
        await at.until(lambda: studies.funnel(store, asked).get("started") == 2)
        await at.until(lambda: "Press u to undo" in at.toasts)
        await at.press("u")
        await at.until(lambda: "started" not in studies.funnel(store, asked))
        await at.until(lambda: "2 undone." in at.toasts)


@pytest.mark.parametrize("size", SIZES)
async def test_a_list_marks_whom_it_names_and_keeps_the_rest(
    start: Start, asked: int, store: Store, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await log(at)
        form = await paste(at, "cus_00\nCUS_01@Example.com\nnobody@example.com\n\x1b[2Jevil\n")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        assert "Mark 2 invites as completed?" in at.flat
        assert "0 ambiguous, 2 unknown" in at.flat
        assert studies.funnel(store, asked).get("completed") is None
        await yes(at)
        await at.until(lambda: studies.funnel(store, asked).get("completed") == 2)
        await at.until(lambda: "2 marked completed" in at.flat)
        assert form.area.text == "nobody@example.com\n\N{REPLACEMENT CHARACTER}[2Jevil"
        assert not set(at.text) & {"\x1b", "\x07"}
        await at.press("escape")
        assert isinstance(at.app.screen, InviteLogScreen)
        await at.until(lambda: "completed" in at.flat)


async def test_who_is_asked_and_says_no_marks_nobody(
    start: Start, asked: int, store: Store
) -> None:
    async with start((80, 24)) as at:
        await log(at)
        form = await paste(at, "cus_00", "declined")
        await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
        at.settle()
        await at.press("enter")
        await at.until(lambda: "Nothing was marked" in at.flat)
        assert form.area.text == "cus_00"
        assert studies.funnel(store, asked) == {"handed_over": 11}


async def test_a_list_opts_out_for_all_studies(
    start: Start, asked: int, store: Store, here: int
) -> None:
    async with start((80, 24)) as at:
        await log(at)
        await paste(at, "email\ncus_00@example.com\ncus_01\n", OPT_OUT)
        await at.until(lambda: "This is for all studies" in at.flat)
        assert "Mark 2 mailboxes" in at.flat
        await yes(at)
        await at.until(lambda: studies.funnel(store, asked).get("withdrawn") == 2)
        await at.until(lambda: "2 addresses get no more invites" in at.flat)
        (file,) = Path(at.app.settings.home).glob("ledger-*.json")
        (number,) = store.row("SELECT number FROM ledger_head")
        assert json.loads(file.read_text())["number"] == number  # a copy from before is missed


@pytest.mark.parametrize("size", [(80, 24)])
async def test_a_file_is_read_whose_name_is_pasted(
    start: Start, asked: int, store: Store, tmp_path: Path, size: tuple[int, int]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,email\nA,cus_00@example.com\nB,cus_04@example.com\n", "utf-8-sig")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\xff\xfe\x00")
    async with start(size) as at:
        await log(at)
        form = await paste(at, str(bad))
        await at.until(lambda: "not UTF-8 text" in at.flat)
        for name, said in (
            (str(tmp_path / "none.csv"), "cannot be read (No such file"),
            ("a" * 5_000, "No one was found: 0 ambiguous, 1 unknown."),
            ('"cus_00\n' * 3, "a quote in it has no end"),
            (" ", "The list is empty"),
        ):
            form.area.load_text(name)
            await at.press("ctrl+s")
            await at.until(lambda said=said: said in at.flat)  # type: ignore[misc]
        form.area.load_text(str(file))
        await at.press("ctrl+s")
        await yes(at)
        await at.until(lambda: studies.funnel(store, asked).get("completed") == 2)


@pytest.mark.parametrize("masking", [False, True])
async def test_the_log_is_taken_out(
    start: Start, asked: int, store: Store, tmp_path: Path, masking: bool
) -> None:
    store.execute("UPDATE invite SET answer = '550 no such user: cus_00@example.com'")
    async with start((120, 40)) as at:
        await log(at)
        if masking:
            await at.press("M")
            await at.until(lambda: "cus_00@example.com" not in at.flat)
        await at.press("x")
        await at.until(lambda: isinstance(at.app.screen, ExportDialog))
        assert "Export 11 invites" in at.flat
        at.settle()
        at.app.screen.query_one(TextField).value = str(tmp_path / "a.csv")
        await at.press("enter")
        await at.until(lambda: "Exported 11 invites to" in at.flat)
    with (tmp_path / "a.csv").open(newline="") as file:
        found = {line["stripe_id"]: line for line in csv.DictReader(file)}
    assert len(found) == 11
    one = found["cus_00"]
    assert (one["study"], one["state"]) == ("Pricing", "handed_over")
    assert one["address"] == ("c•••@e•••" if masking else "cus_00@example.com")
    assert ("example.com" in (tmp_path / "a.csv").read_text()) is not masking


async def test_what_is_picked_stays_so_while_the_list_is_searched(
    start: Start, asked: int, store: Store
) -> None:
    async with start((80, 24)) as at:
        await log(at)
        await at.press("space", "slash")
        await put(at, "cus_01")
        await at.until(lambda: "rows 1–1 of 1" in at.flat)
        await at.press("enter", "space")
        await mark(at, "started")
        await at.until(lambda: studies.funnel(store, asked).get("started") == 2)


async def test_a_reminder_goes_to_those_whom_the_question_was_about(
    start: Start, asked: int, store: Store, here: int
) -> None:
    (one,) = invite_ids(store, here, text="cus_01")
    (two,) = invite_ids(store, here, text="cus_04")
    reminded = "SELECT count(*) FROM invite WHERE reminder IS NOT NULL"
    async with start((120, 40)) as at:
        await look(at)
        await at.until(lambda: "Pricing" in at.flat)
        lifecycle.mark(store, here, [one], "started", BY)
        await at.press("R")
        await at.until(lambda: "Send one reminder to 10 participants" in at.flat)
        store.execute("UPDATE invite SET state = 'handed_over' WHERE id = ?", (one,))
        await yes(at)
        await at.until(lambda: "Send one reminder to 11 participants" in at.flat)
        assert "Since you were asked:" in at.flat
        assert "+ Person 01" in at.flat
        assert store.row(reminded) == (0,)
        lifecycle.mark(store, here, [two], "completed", BY)
        at.settle()
        await at.strike("tab")  # a y that is held confirms nothing
        await yes(at)
        await at.until(lambda: "No longer invited: Person 04 (completed since)" in at.toasts)
        assert store.row(reminded) == (10,)


async def test_a_reminder_that_nobody_knows_of_is_resolved(
    start: Start, asked: int, store: Store, here: int
) -> None:
    (one,) = invite_ids(store, here, text="cus_01")
    store.execute("UPDATE invite SET reminder = 'uncertain' WHERE id = ?", (one,))
    async with start((80, 24)) as at:
        await log(at)
        await at.press("f")
        await at.until(lambda: "rows 1–1 of 1" in at.flat)
        await mark(at, "arrived")
        await at.until(lambda: "1 marked: arrived" in at.toasts)
        found = store.row("SELECT state, reminder FROM invite WHERE id = ?", (one,))
        assert tuple(found) == ("handed_over", "sent")
        await at.press("escape")
        assert isinstance(at.app.screen, StudiesScreen)


async def test_what_is_final_asks_by_name_and_a_bounce_is_lifted(
    start: Start, asked: int, store: Store
) -> None:
    async with start((120, 40)) as at:
        await log(at)
        await at.press("m")
        await at.until(lambda: "Mark the invite to Person" in at.flat)
        await at.press("escape")
        await mark(at, "bounced")
        await at.until(lambda: studies.funnel(store, asked).get("bounced") == 1)
        await at.press("A")
        await at.until(lambda: isinstance(at.app.screen, ReasonDialog))
        at.settle()
        await put(at, "the wrong one")
        await at.press("enter")
        await at.until(lambda: "bounced" not in studies.funnel(store, asked))
        assert store.rows("SELECT 1 FROM opt_out") == []
        await at.press("W")
        await at.until(lambda: "Withdraw the invite to Person" in at.flat)
        await yes(at)
        await at.until(lambda: studies.funnel(store, asked).get("withdrawn") == 1)
        await at.press("A")
        await at.until(lambda: "They can be contacted already" in at.toasts)


@pytest.mark.parametrize("size", SIZES)
async def test_the_ledger_is_read(
    start: Start, asked: int, store: Store, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        await log(at)
        await mark(at, "completed")
        await at.until(lambda: studies.funnel(store, asked).get("completed") == 1)
        await at.press("L")
        await at.until(lambda: isinstance(at.app.screen, LedgerScreen))
        at.app.clear_notifications()  # they cover the last line
        await at.until(lambda: "Ledger: Pricing" in at.flat and "rows 1–" in at.flat)
        assert "handed over → completed" in at.flat
        await at.press("f")
        await at.until(lambda: "only cus_11" in at.flat)
        await at.until(lambda: "of 4" in at.flat)  # queued, claimed, handed over, completed
        await at.press("M")
        await at.until(lambda: "Person 11" not in at.flat)
        await at.press("escape")
        assert isinstance(at.app.screen, InviteLogScreen)


async def test_escape_drops_the_selection_and_then_leaves(start: Start, asked: int) -> None:
    async with start((100, 30)) as at:
        await log(at)
        await at.press("space", "space")
        assert "2 selected" in at.flat
        await at.press("escape")
        assert isinstance(at.app.screen, InviteLogScreen)
        assert "selected" not in at.flat
        await at.press("escape")
        assert isinstance(at.app.screen, StudiesScreen)


async def test_a_mark_says_for_how_many_it_is(start: Start, asked: int, store: Store) -> None:
    async with start((100, 30)) as at:
        await log(at)
        await mark(at, "completed")
        await at.until(lambda: studies.funnel(store, asked).get("completed") == 1)
        await at.press("m")
        await at.until(lambda: "cannot be marked in this state" in at.toasts)
        await at.press("space", "space", "space", "m")
        await at.until(lambda: isinstance(at.app.screen, MarkDialog))
        assert "Mark 3 invites as" in at.flat
        assert "2 Started" in at.flat
        assert "– Arrived" in at.flat
