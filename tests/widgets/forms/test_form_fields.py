"""A form's fields of a few values: by keys, and without colours."""

from __future__ import annotations

from textual.app import App, ComposeResult

from app.widgets.forms.form_row import FormRow
from app.widgets.forms.select_field import SelectField
from app.widgets.forms.toggle_field import ToggleField
from app.widgets.themes import ThemedApp

CHOICES = (("all", "Everyone"), ("random", "Random sample"), ("batch", "The oldest"))


class Form(ThemedApp):
    """A form of two fields, which counts what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield FormRow("Selection", SelectField(CHOICES, "all"), "of all", id="row")
        yield FormRow("Reminder", ToggleField("one, after 7 days"))

    def on_select_field_changed(self, message: SelectField.Changed) -> None:
        self.told.append(message.value)


def lines(app: App[None]) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(one.text for one in strip).rstrip() for strip in strips]


async def test_a_list_opens_in_place_and_takes_a_choice() -> None:
    app = Form()
    async with app.run_test(size=(80, 12)) as pilot:
        field = app.query_one(SelectField)
        field.focus()
        await pilot.press("j", "down")  # nothing is open
        assert field.value == "all"
        await pilot.press("enter", "down")
        assert [line for line in lines(app) if "▸ Random sample" in line]
        await pilot.press("escape")
        assert field.value == "all"
        assert not [line for line in lines(app) if "The oldest" in line]
        await pilot.press("space", "j", "j", "j", "enter")
        assert (field.value, app.told) == ("batch", ["batch"])
        await pilot.press("enter", "up", "tab")  # leaving it closes it
        assert (field.value, app.told) == ("batch", ["batch"])
        assert not [line for line in lines(app) if "Random" in line]
        field.value = "random"
        field.value = "unknown"
        assert (field.value, app.told) == ("random", ["batch"])


async def test_a_switch_says_with_its_shape_whether_it_is_on() -> None:
    app = Form()
    async with app.run_test(size=(80, 12)) as pilot:
        app.query_one(ToggleField).focus()
        await pilot.pause()
        assert "●━━ off  one, after 7 days" in lines(app)[1]
        await pilot.press("space")
        assert app.query_one(ToggleField).value
        assert "━━● on   one, after 7 days" in lines(app)[1]
        await pilot.press("enter")
        assert not app.query_one(ToggleField).value


async def test_a_problem_moves_what_is_below_and_goes_again() -> None:
    app = Form()
    async with app.run_test(size=(80, 12)) as pilot:
        row = app.query_one("#row", FormRow)
        row.show_problem("Choose another one.")
        await pilot.pause()
        assert lines(app)[1].strip() == "× Choose another one."
        row.show_problem("")
        await pilot.pause()
        assert "Reminder" in lines(app)[1]
