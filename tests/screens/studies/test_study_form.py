"""The form of a study: errors where they belong, templates, and what is kept."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.invites import studies
from app.invites.mail.built_in_templates import OWN, built_in
from app.screens.studies.edit_dialog import StudyEditDialog
from app.screens.studies.plan_options_dialog import PlanOptionsDialog
from app.widgets.dialog import QuestionDialog
from app.widgets.forms.select_field import SelectField
from app.widgets.inputs import TextField
from app.widgets.text_box import TextBox
from tests.helpers.study_keys import look, people, plan, put
from tests.helpers.study_world import study
from tests.screens.conftest import Driven, Start


@pytest.fixture
def here(store: Store) -> int:
    return people(store)


async def opened(at: Driven, key: str) -> StudyEditDialog:
    """The form, which ``key`` opens."""
    await look(at)
    await at.press(key)
    await at.until(lambda: isinstance(at.app.screen, StudyEditDialog))
    at.settle()
    form = at.app.screen
    assert isinstance(form, StudyEditDialog)
    return form


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_mistake_is_said_under_its_field_when_it_is_left(
    start: Start, here: int, store: Store, size: tuple[int, int]
) -> None:
    async with start(size) as at:
        form = await opened(at, "n")
        form.query_one("#study-link").focus()
        await put(at, "http://x")
        assert "×" not in at.part("#row-link")
        await at.press("tab")
        await at.until(lambda: "2 problems in Title, Interview link" in at.flat)
        assert "× The interview link needs {{token}}" in at.part("#row-link")
        form.query_one("#study-cool_down_days", TextField).value = "many"
        form.query_one("#study-cap_days", TextField).value = ""
        await at.strike("ctrl+s")
        await at.until(lambda: "4 problems in Title, Interview link, Wait" in at.flat)
        await at.until(lambda: form.focused is not None and form.focused.id == "study-title")
        await put(at, "Pricing")  # now it follows what is typed
        await at.until(lambda: "3 problems in Interview link" in at.flat)
        assert studies.studies(store, here) == []


async def test_a_template_replaces_ones_own_words_only_after_a_question(
    start: Start, here: int, store: Store
) -> None:
    study(store, here)
    async with start((120, 40)) as at:
        form = await opened(at, "e")
        field, text = form.query_one(SelectField), form.query_one("#study-text", TextBox)
        survey = built_in("survey")
        assert survey is not None
        field.focus()
        await at.press("enter", "j", "j", "j", "enter")
        assert text.text == survey.text
        assert form.query_one("#study-subject", TextField).value == survey.subject
        text.load_text(f"Dear {survey.text}")
        await at.until(lambda: field.value == OWN)
        for answer, kept in (("n", True), ("y", False)):
            field.focus()
            await at.press("enter", "g", *("k",) * 5, "enter")
            await at.until(lambda: isinstance(at.app.screen, QuestionDialog))
            at.settle()
            await at.press(answer)
            await at.until(lambda: at.app.screen is form)
            assert text.text.startswith("Dear") is kept
            assert (field.value == OWN) is kept


async def test_quiet_hours_are_chosen_or_typed(start: Start, here: int, store: Store) -> None:
    key = study(store, here)
    async with start((120, 40)) as at:
        form = await opened(at, "e")
        form.query_one("#study-quiet").focus()
        await at.press("enter", "j", "j", "enter")
        await at.strike("ctrl+s")
        await at.until(lambda: studies.get(store, key).rules.quiet_hours == "20:00-08:00")
        form = await opened(at, "e")
        assert form.query_one("#study-quiet", SelectField).value == "20:00-08:00"
        assert not form.query_one("#row-quiet_hours").display
        form.query_one("#study-quiet").focus()
        await at.press("enter", "j", "j", "j", "enter")
        await put(at, "21:00-7:00")
        await at.strike("ctrl+s")
        await at.until(lambda: studies.get(store, key).rules.quiet_hours == "21:00-07:00")


async def test_without_a_terminal_of_its_own_no_editor_is_started(
    start: Start, here: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(store, here)
    monkeypatch.setenv("VISUAL", "true")
    async with start((120, 40)) as at:
        form = await opened(at, "e")
        before = form.query_one("#study-text", TextBox).text
        await at.press("ctrl+e")
        await at.until(lambda: "An editor cannot run" in at.flat)
        assert form.query_one("#study-text", TextBox).text == before


async def test_options_are_chosen_and_a_reason_is_asked_for_where_it_is_needed(
    start: Start, here: int, store: Store
) -> None:
    study(store, here)
    async with start((80, 24)) as at:
        await look(at)
        screen = await plan(at)
        await at.press("o")
        await at.until(lambda: isinstance(at.app.screen, PlanOptionsDialog))
        dialog = at.app.screen
        assert not dialog.query_one("#row-seed").display
        await put(at, "5")
        await at.until(lambda: dialog.query_one("#row-seed").display)
        dialog.query_one("#overrides-cool_down").focus()
        await at.press("space", "ctrl+s")
        await at.until(lambda: "1 problem in Reason" in at.flat)
        await put(at, "They asked")
        await at.press("ctrl+s")
        await at.until(lambda: "5 at random" in at.flat)
        assert screen._options.overrides == ("cool_down",)
        assert screen._options.reason == "They asked"
