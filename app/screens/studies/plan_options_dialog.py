"""The dialog of a plan's options: everyone, a batch or a random sample, and overrides."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from app.invites.errors import StudyProblem
from app.invites.plan.options import OVERRIDES, STRATA, Options, new_seed
from app.invites.plan.outcomes import AGAIN
from app.keys.dialogs import PLAN_OPTIONS
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import Dialog
from app.widgets.inputs import TextField
from app.widgets.text_line import TextLine

FIELDS = (
    ("number", "How many", "blank: everyone who can be invited"),
    ("take", "Which", "random, or batch: who are customers the longest"),
    ("seed", "Seed", "blank: a new one; the same seed draws the same people"),
    ("strata", "In shares by", f"blank, or {', '.join(STRATA)}"),
    ("again", "Ask again", f"blank, or of {', '.join(AGAIN)}"),
    ("overrides", "Pass by rule", f"blank, or of {', '.join(OVERRIDES)}"),
    ("reason", "Reason", "needed to pass by a rule; it is kept"),
)


class PlanOptionsDialog(Dialog["Options | None"]):
    """Returns the options, or None if they stay as they were."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(PLAN_OPTIONS)
    help_text = "Enter goes to the next field. ctrl+s previews with these options."

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="study-form plan-options"):
            yield Static(words(("Whom the plan takes", "bold")))
            for name, label, hint in FIELDS:
                with Horizontal(classes="field"):
                    yield Static(words((label, "$muted")), classes="label")
                    yield TextField(hint, id=f"options-{name}", longest=200)
            yield TextLine(id="options-said")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Plan (ctrl+s)", id="save", variant="primary")

    def on_mount(self) -> None:
        now = self._options
        values = {
            "number": str(now.number) if now.take != "all" else "",
            "take": now.take if now.take != "all" else "",
            "seed": now.seed,
            "strata": now.strata or "",
            "again": ", ".join(now.again),
            "overrides": ", ".join(now.overrides),
            "reason": now.reason,
        }
        for name, value in values.items():
            self.query_one(f"#options-{name}", TextField).value = value
        self.query_one("#options-number").focus()

    def _value(self, name: str) -> str:
        return self.query_one(f"#options-{name}", TextField).value.strip()

    def _read(self) -> Options:
        """The options in the fields. Raises StudyProblem."""
        number, take = self._value("number"), self._value("take")
        if number and not (number.isascii() and number.isdigit()):
            raise StudyProblem("Enter a number, or leave it blank for everyone.", "number")
        take = (take or "random") if number else "all"
        found = replace(
            self._options,
            take=take,
            number=int(number[:9]) if number else 0,
            seed=(self._value("seed") or new_seed()) if take == "random" else "",
            strata=(self._value("strata") or None) if take == "random" else None,
            again=tuple(self._value("again").replace(",", " ").split()),
            overrides=tuple(self._value("overrides").replace(",", " ").split()),
            reason=self._value("reason"),
        )
        found.check()
        return found

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
        try:
            self.dismiss(self._read())
        except StudyProblem as problem:
            self.query_one("#options-said", TextLine).show(words((f"✗ {problem}", "$never")))
            for widget in self.query(f"#options-{problem.place}") if problem.place else ():
                widget.focus()

    def action_cancel(self) -> None:
        if self.is_current:
            self.dismiss(None)
