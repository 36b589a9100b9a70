"""The fields of a study: they show their values, and begin with a template."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static, TextArea

from app.invites.mail.built_in_templates import BUILT_IN, OWN, built_in, key_of
from app.screens.studies.form.study_form import AREAS, FIELDS, NUMBERS, OTHER, QUIET, FieldText
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog
from app.widgets.forms.form_row import FormGroup, FormRow
from app.widgets.forms.select_field import SelectField
from app.widgets.inputs import TextField
from app.widgets.text_box import TextBox

PLACEHOLDERS = "{{name|there}} {{first_name|there}} {{study}} {{link}} {{opt_out}} {{postal}}"


class StudyFieldsForm(VerticalScroll, can_focus=False):
    """The fields of a study, with the values ``first``."""

    def __init__(self, first: Mapping[str, str], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._first = first

    def compose(self) -> ComposeResult:
        for one in FIELDS:
            if one.group:
                yield FormGroup(one.group)
            if one.name == "subject":
                choices = [*((each.key, each.name) for each in BUILT_IN), (OWN, "Your own words")]
                value = key_of(self._first["subject"], self._first["text"])
                yield FormRow("Template", SelectField(choices, value, id="study-template"))
            if one.name == "quiet_hours":
                known = [key for key, _ in QUIET]
                value = self._first[one.name] if self._first[one.name] in known else OTHER
                yield FormRow("Quiet hours", SelectField(QUIET, value, id="study-quiet"))
            yield FormRow(one.label, self._field(one), one.unit, id=f"row-{one.name}")
            if one.name == "text":
                yield FormRow("", Static(words((PLACEHOLDERS, "$muted")), classes="placeholders"))

    def _field(self, one: FieldText) -> Widget:
        if one.name in AREAS:
            return TextBox(self._first[one.name], id=f"study-{one.name}")
        field = TextField(one.hint, id=f"study-{one.name}", longest=2_000)
        field.set_class(one.name in NUMBERS, "short")
        return field

    def on_mount(self) -> None:
        for one in FIELDS:
            if one.name not in AREAS:
                self.query_one(f"#study-{one.name}", TextField).value = self._first[one.name]
        self._show_other_times()

    @property
    def values(self) -> dict[str, str]:
        """What the fields say, by their names."""
        found = {}
        for one in FIELDS:
            widget = self.query_one(f"#study-{one.name}")
            found[one.name] = widget.text if isinstance(widget, TextArea) else ""
            if isinstance(widget, TextField):
                found[one.name] = widget.value
        return found

    def show_problems(self, found: Mapping[str, str]) -> None:
        """Show what is wrong, by the names of the fields."""
        for one in FIELDS:
            self.query_one(f"#row-{one.name}", FormRow).show_problem(found.get(one.name, ""))

    # Choices

    @on(SelectField.Changed, "#study-template")
    def _another_template(self, message: SelectField.Changed) -> None:
        """Begin with another text. A text of one's own is only replaced after a question."""
        message.stop()
        chosen, now = built_in(message.value), self.values
        own = key_of(now["subject"], now["text"]) == OWN and bool(now["text"].strip())
        if chosen is None:
            self.name_template()
        elif not own:
            self._begin_with(chosen.subject, chosen.text)
        else:

            def answered(yes: bool | None) -> None:
                if yes:
                    self._begin_with(chosen.subject, chosen.text)
                else:
                    self.name_template()

            line = words(f"Replace your subject and text with “{chosen.name}”?")
            self.app.push_screen(QuestionDialog([line], "Replace"), answered)

    def name_template(self) -> None:
        """Show which template the subject and the text are from."""
        now = self.values
        field = self.query_one("#study-template", SelectField)
        field.value = key_of(now["subject"], now["text"])

    def _begin_with(self, subject: str, text: str) -> None:
        self.query_one("#study-subject", TextField).value = subject
        self.query_one("#study-text", TextBox).load_text(text)

    @on(SelectField.Changed, "#study-quiet")
    def _quiet_chosen(self, message: SelectField.Changed) -> None:
        message.stop()
        field = self.query_one("#study-quiet_hours", TextField)
        field.value = "" if message.value == OTHER else message.value
        self._show_other_times()
        if message.value == OTHER:
            field.focus()

    def _show_other_times(self) -> None:
        other = self.query_one("#study-quiet", SelectField).value == OTHER
        self.query_one("#row-quiet_hours").display = other
