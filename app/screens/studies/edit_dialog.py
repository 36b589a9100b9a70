"""The form of a study: its email and its limits."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, TextArea

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import studies
from app.invites.errors import StudyProblem
from app.invites.mail import template
from app.invites.operator import by
from app.invites.plan.members import sample_member
from app.invites.studies import NEEDED, Study
from app.keys.dialogs import STUDY_FORM
from app.screens.base import host_of
from app.screens.studies.form.study_fields_form import StudyFieldsForm
from app.screens.studies.form.study_form import (
    FIELDS,
    RULES,
    TEMPLATE,
    field_name,
    problem_in,
    rules_of,
    template_of,
    values_of,
)
from app.screens.studies.mail_rows import mail_lines
from app.services.text_editor import EditorProblem, edited
from app.text import masked, plain
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.dialog import DecisionDialog, QuestionDialog
from app.widgets.lines.line_pane import LinePane
from app.widgets.lines.text_line import TextLine
from app.widgets.text_box import TextBox

NO_LINK = "https://interviews.example/?guest={{token}}"  # in the preview
BESIDE = 116  # columns from which the mail stands beside the fields


class StudyEditDialog(DecisionDialog["int | None"]):
    """Creates a study or changes ``study``. Returns its id, or None if nothing was saved."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(STUDY_FORM)
    help_text = (
        "Fields such as {{name|there}} and {{link}} are filled in for each participant."
        " [your words]({{link}}) makes a link of your words. Tab goes to the next field. ctrl+s "
        "saves, ctrl+o shows the email, and ctrl+e opens your editor."
    )

    class Saved(Message):
        """Saving ended. ``problem`` says why it failed, and ``place`` names the wrong field."""

        def __init__(self, key: int, problem: str = "", place: str | None = None) -> None:
            super().__init__()
            self.key, self.problem, self.place = key, problem, place

    class Known(Message):
        """A thread has read whom to show the mail for: (name, email), or None."""

        def __init__(self, member: tuple[str | None, str] | None) -> None:
            super().__init__()
            self.member = member

    def __init__(
        self, store: Store, connection_id: int, study: Study | None, *, masking: bool
    ) -> None:
        super().__init__()
        self._masking = masking
        self._member: tuple[str | None, str] | None = None  # in the preview: (name, email)
        self._store, self._connection_id, self._study = store, connection_id, study
        self._saving = False
        self._good = dict.fromkeys(TEMPLATE, "")  # the last values without a mistake
        self._first = values_of(study)
        self._left: set[str] = set()  # the fields that a person has left once
        self._refused: dict[str, str] = {}  # what saving found, by field

    def compose(self) -> ComposeResult:
        title = f"Edit “{plain(self._study.title, 60)}”" if self._study else "New study"
        with Vertical(id="dialog", classes="study-form") as dialog:
            dialog.border_title = words(title)
            with Horizontal(id="study-form-columns"):
                yield StudyFieldsForm(self._first, id="study-fields")
                yield LinePane("The email as the participant gets it.", id="study-preview")
            with Horizontal(id="buttons"):
                yield TextLine(id="study-said")
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Save", id="save", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#study-title").focus()
        self._find_member()

    @work(thread=True)
    def _find_member(self) -> None:
        keys = self._study.segments if self._study and self._study.segments else ("all",)
        found = None
        with suppress(DatabaseProblem):  # then the preview shows no member
            found = sample_member(self._store, self._connection_id, keys, 0)
        self._store.close()
        self.post_message(self.Known(found))

    @on(Known)
    def _known(self, message: Known) -> None:
        message.stop()
        self._member = message.member
        self._preview()

    # The fields

    @property
    def fields(self) -> StudyFieldsForm:
        """The fields of the form."""
        return self.query_one(StudyFieldsForm)

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _typed(self, event: Input.Changed | TextArea.Changed) -> None:
        event.stop()
        name = (event.control.id or "").removeprefix("study-")
        self._refused.pop(name, None)
        if self.is_mounted and self.is_attached:
            self._check()
            self._preview()
            if name in ("subject", "text"):
                self.fields.name_template()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A field is checked when it is left, and from then on while it is typed in."""
        self._left.add((event.widget.id or "").removeprefix("study-"))
        self._check()

    def _problems(self, names: Iterable[str]) -> dict[str, str]:
        now = self.fields.values
        found = {name: problem_in(name, now) for name in names} | self._refused
        return {name: said for name, said in found.items() if said}

    def _check(self) -> dict[str, str]:
        """Show what is wrong with the fields that a person has left. Returns it by field."""
        found = self._problems(one.name for one in FIELDS if one.name in self._left)
        self.fields.show_problems(found)
        if found:
            number = "1 problem" if len(found) == 1 else f"{len(found)} problems"
            names = ", ".join(dict.fromkeys(field_name(name) for name in found))
            self._say(words((number, "bold $never"), f" in {names}"))
        else:
            self._say(words())
        return found

    def _preview(self) -> None:
        """Show the mail. A field with a mistake is shown as it was before the mistake."""
        now = self.fields.values
        self._good |= {name: now[name] for name in TEMPLATE if not problem_in(name, now)}
        good = {**now, **self._good}
        made = template_of(good | {"link": good["link"] or NO_LINK})
        name, email = self._member or (None, "")
        called = masked(name) if self._masking and name else name
        message = template.render(made, called, "…")
        to = masked(email) if self._masking else email
        to = f"{plain(called, 80)} <{to}>" if called and to else to or "No participant yet"
        title = words((f"What {plain(called, 40) if called else 'a member'} gets", "bold"))

        def lines(width: int, _height: int) -> list[Content]:
            return [title, *mail_lines(made, message, to, False, width), *self._missing()]

        self.query_one("#study-preview", LinePane).make(lines)

    def _missing(self) -> list[Content]:
        """What it needs before it can send."""
        now = self.fields.values
        lines = [words(), words(("Before it can send", "bold"))]
        for name, needed in NEEDED.items():
            good = bool(now[name].strip()) and not problem_in(name, now)
            mark = ("✓ ", "$completed") if good else ("× ", "$never")
            lines.append(words("  ", mark, f"{needed[:1].upper()}{needed[1:]}"))
        return lines

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= BESIDE, "-beside")

    def _say(self, line: Content) -> None:
        self.query_one("#study-said", TextLine).show(line)

    # Keys

    def action_preview(self) -> None:
        """Show the mail in place of the fields, or the fields again, when both do not fit."""
        self.toggle_class("-preview")
        shown = self.has_class("-preview")
        self.query_one("#study-preview" if shown else "#study-title").focus()

    def action_editor(self) -> None:
        """Write the text in one's own editor. The app waits, and comes back as it was."""
        reminder = self.focused is not None and (self.focused.id or "").startswith("study-reminder")
        area = self.query_one("#study-reminder_text" if reminder else "#study-text", TextBox)
        try:
            with self.app.suspend():
                found = edited(area.text)
        except EditorProblem as problem:
            self._say(words((f"× {problem}", "$never")))
            return
        except SuspendNotSupported:
            self._say(words(("× An editor cannot run in this terminal.", "$never")))
            return
        if found != area.text:
            area.load_text(found)
        area.focus()

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
        """Save in a thread, unless a field is wrong."""
        if self._saving or self.deaf or not self.is_current:
            return
        self._left |= {one.name for one in FIELDS}
        self._refused.clear()
        if wrong := self._check():
            self._go_to(next(iter(wrong)))
            return
        self._saving = True
        self._say(words(("Saving…", "$muted")))
        self._save(self.fields.values)

    def _go_to(self, name: str) -> None:
        self.remove_class("-preview")
        self.query_one(f"#study-{name}").focus()

    @work(thread=True)
    def _save(self, now: dict[str, str]) -> None:
        try:
            values: dict[str, object] = {k: v for k, v in now.items() if k not in RULES}
            values |= asdict(rules_of(now))
            if self._study is None:
                title = str(values.pop("title"))
                key = studies.create(self._store, self._connection_id, title, by(), **values)
            else:
                key = studies.change(self._store, self._study.id, by(), **values).id
            self.post_message(self.Saved(key))
        except StudyProblem as problem:
            self.post_message(self.Saved(0, str(problem), problem.place))
        except DatabaseProblem as trouble:
            self.post_message(self.Saved(0, str(trouble)))
        finally:
            self._store.close()

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        message.stop()
        self._saving = False
        if not message.problem:
            if self.is_current:
                host_of(self).tell("Saved.")
                self.dismiss(message.key)
        elif message.place and self.query(f"#row-{message.place}"):
            self._refused[message.place] = message.problem
            self._check()
            self._go_to(message.place)
        else:
            self._say(words((f"× {message.problem}", "$never")))

    def action_cancel(self) -> None:
        """Leave, after a question if something was changed."""
        if self.deaf or not self.is_current:
            return
        if self.fields.values == self._first:
            self.dismiss(None)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(None)

        self.app.push_screen(QuestionDialog([words("Discard your changes?")], "Discard"), answered)
