"""The dialog of a plan's options: everyone, a batch or a random sample, and overrides."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input

from app.invites.errors import StudyProblem
from app.invites.plan.options import OVERRIDES, STRATA, Options, new_seed
from app.invites.plan.outcomes import AGAIN
from app.keys.dialogs import PLAN_OPTIONS
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import Dialog
from app.widgets.forms.form_row import FormGroup, FormRow
from app.widgets.forms.select_field import SelectField
from app.widgets.forms.toggle_field import ToggleField
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine

TAKES = (
    ("all", "Everyone who can be invited"),
    ("random", "Random sample"),
    ("batch", "Longest-standing customers"),
)
SHARES = {"plan": "Plan", "product": "Product", "tenure": "Time as a customer"}
AGAIN_WORDS = {
    "completed": "participants who completed",
    "declined": "participants who declined",
    "expired": "participants whose invite expired",
}
OVERRIDE_WORDS = {
    "cool_down": "participants contacted recently",
    "cap": "participants at the invite limit",
}
PLACES = {"strata": "seed", "overrides": "reason", "again": "reason"}  # where a problem is shown


class PlanOptionsDialog(Dialog["Options | None"]):
    """Returns the options, or None if they stay as they were."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(PLAN_OPTIONS)
    help_text = "Type how many to invite. Enter goes to the next field. ctrl+s previews them."

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    def compose(self) -> ComposeResult:
        now = self._options
        strata = [("", "Nothing"), *((one, SHARES[one]) for one in STRATA)]
        number = TextField("everyone", id="options-number", longest=9)
        seed = TextField("a new one", id="options-seed", longest=60)
        for field in (number, seed):
            field.add_class("short")
        with Vertical(id="dialog", classes="study-form plan-options") as dialog:
            dialog.border_title = words("Who to invite")
            with VerticalScroll(can_focus=False):
                yield FormRow("Sample size", number, "invites", id="row-number")
                yield FormRow("Selection", SelectField(TAKES, now.take, id="options-take"))
                yield FormRow(
                    "Stratify by",
                    SelectField(strata, now.strata or "", id="options-strata"),
                    id="row-strata",
                )
                unit = "the same seed selects the same participants"
                yield FormRow("Seed", seed, unit, id="row-seed")
                yield FormGroup("Exceptions")
                for one, does in AGAIN_WORDS.items():
                    label = "Invite again" if one == AGAIN[0] else ""
                    yield FormRow(label, ToggleField(does, one in now.again, id=f"again-{one}"))
                for one, does in OVERRIDE_WORDS.items():
                    label = "Also invite" if one == OVERRIDES[0] else ""
                    toggle = ToggleField(does, one in now.overrides, id=f"overrides-{one}")
                    yield FormRow(label, toggle)
                reason = TextField("kept in the ledger", id="options-reason", longest=200)
                yield FormRow("Reason", reason, id="row-reason")
            with Horizontal(id="buttons"):
                yield TextLine(id="options-said")
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Preview", id="save", variant="primary", compact=True)

    def on_mount(self) -> None:
        now = self._options
        self._field("number").value = str(now.number) if now.take != "all" else ""
        self._field("seed").value = now.seed
        self._field("reason").value = now.reason
        self._show_fields()
        self._field("number").focus()

    def _field(self, name: str) -> TextField:
        return self.query_one(f"#options-{name}", TextField)

    @property
    def _take(self) -> SelectField:
        return self.query_one("#options-take", SelectField)

    def _show_fields(self) -> None:
        """Show the fields that the selection needs."""
        random = self._take.value == "random"
        for name in ("strata", "seed"):
            self.query_one(f"#row-{name}").display = random

    @on(SelectField.Changed, "#options-take")
    def _taken(self, message: SelectField.Changed) -> None:
        message.stop()
        if message.value == "all":
            self._field("number").value = ""
        self._show_fields()

    @on(Input.Changed, "#options-number")
    def _sized(self, event: Input.Changed) -> None:
        """A number means a random sample, unless another selection was made."""
        event.stop()
        if not self.is_current:  # the fields are emptied when the dialog closes
            return
        if bool(event.value.strip()) is (self._take.value == "all"):
            self._take.value = "random" if event.value.strip() else "all"
        self._show_fields()

    def _read(self) -> Options:
        """The options in the fields. Raises StudyProblem."""
        number, take = self._field("number").value.strip(), self._take.value
        if number and not (number.isascii() and number.isdigit()):
            raise StudyProblem("Enter a number, or leave it empty for everyone.", "number")
        random = take == "random"
        strata = self.query_one("#options-strata", SelectField).value
        found = replace(
            self._options,
            take=take,
            number=int(number[:9]) if number else 0,
            seed=(self._field("seed").value.strip() or new_seed()) if random else "",
            strata=(strata or None) if random else None,
            again=self._switched("again", AGAIN),
            overrides=self._switched("overrides", OVERRIDES),
            reason=self._field("reason").value.strip(),
        )
        found.check()
        return found

    def _switched(self, what: str, of: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one for one in of if self.query_one(f"#{what}-{one}", ToggleField).value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_cancel()

    def action_save(self) -> None:
        if not self.is_current:
            return
        for row in self.query(FormRow):
            row.show_problem("")
        try:
            self.dismiss(self._read())
        except StudyProblem as problem:
            name = PLACES.get(problem.place or "", problem.place or "")
            rows = list(self.query(f"#row-{name}").results(FormRow)) if name else []
            said = words((f"× {problem}", "$never"))
            for row in rows:
                row.show_problem(str(problem))
                self._field(name).focus()
                said = words(("1 problem", "bold $never"), f" in {row.label}")
            self.query_one("#options-said", TextLine).show(said)

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
