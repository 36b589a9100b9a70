"""A row of a form: a label, a field, the unit of its value, and what is wrong with it below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from app.widgets.content import words
from app.widgets.lines.text_line import TextLine


class FormRow(Vertical):
    """``field`` with its ``label`` on the left and its ``unit`` on the right. A problem makes the
    row one line taller, and moves what is below."""

    DEFAULT_CSS = """
    FormRow { height: auto; }
    FormRow > Horizontal { height: auto; }
    FormRow .label { width: 16; text-align: right; padding-right: 2; color: $muted; }
    FormRow .unit { width: auto; padding-left: 1; color: $muted; }
    FormRow .problem { margin-left: 16; color: $never; height: auto; }
    """

    def __init__(
        self,
        label: str,
        field: Widget,
        unit: str = "",
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.label, self._field, self._unit = label, field, unit
        self._problem = TextLine()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(words(self.label), classes="label")
            yield self._field
            if self._unit:
                yield Static(words(self._unit), classes="unit")
        self._problem.add_class("problem")
        yield self._problem

    def show_problem(self, text: str) -> None:
        """Show what is wrong with the field, or nothing for ""."""
        self._problem.show(words((f"× {text}", "$never")) if text else words())


class FormGroup(Static):
    """The name of the rows below it."""

    DEFAULT_CSS = "FormGroup { height: 1; margin-top: 1; text-style: bold; }"

    def __init__(self, name: str) -> None:
        super().__init__(words(name))
