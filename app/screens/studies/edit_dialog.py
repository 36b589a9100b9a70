"""The form of a study: its template and its rules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static, TextArea

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import studies
from app.invites.errors import StudyProblem
from app.invites.mail import template
from app.invites.operator import by
from app.invites.plan.members import sample_member
from app.invites.rules import Rules
from app.invites.schedule import quiet_hours
from app.invites.studies import Study
from app.keys.dialogs import STUDY_FORM
from app.screens.studies.mail_rows import mail_lines
from app.text import masked
from app.widgets.bindings import bindings
from app.widgets.content import words
from app.widgets.dialog import DecisionDialog, QuestionDialog
from app.widgets.inputs import TextField
from app.widgets.row_list import Row, RowList
from app.widgets.text_box import TextBox
from app.widgets.text_line import TextLine

FIELDS = (
    ("title", "Title", "Pricing page"),
    ("purpose", "Purpose", "Only your team sees it"),
    ("link", "Interview link", "https://interviews.example/?guest={{token}}"),
    ("sender_name", "From", "Rosa Researcher"),
    ("sender_address", "Address", "research@example.com"),
    ("reply_to", "Reply to", "Same as the address"),
    ("subject", "Subject", template.DEFAULT_SUBJECT),
    ("text", "Text", ""),
    ("opt_out", "Opt out", template.DEFAULT_OPT_OUT),
    ("postal", "Postal line", "Acme Inc, 1 Road, Town"),
    ("reminder_subject", "Reminder", "Same subject as the invite"),
    ("reminder_text", "", ""),
    ("cool_down_days", "Cool-down", "days since the last invite from any study"),
    ("cap", "At most", "so many invites of any study …"),
    ("cap_days", "in days", "… in so many days"),
    ("expire_days", "Expires", "days after which an unanswered invite has ended"),
    ("quiet_hours", "Quiet hours", f"no email leaves then: {quiet_hours.EXAMPLE}"),
)
BESIDE = 116  # columns from which the mail stands beside the fields
AREAS = ("text", "reminder_text")
NUMBERS = ("cool_down_days", "cap", "cap_days", "expire_days")
RULES = (*NUMBERS, "quiet_hours")


class StudyEditDialog(DecisionDialog["int | None"]):
    """Creates a study or changes ``study``. Returns its id, or None if nothing was saved."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(STUDY_FORM)
    help_text = (
        "Fields such as {{name|there}}, {{first_name|there}}, {{study}}, {{sender}}, {{link}},"
        " {{opt_out}} and {{postal}} are filled in for each person. [your words]({{link}}) makes"
        " the words a link. tab goes from field to field,"
        " ctrl+s saves, ctrl+o shows the mail."
    )

    class Saved(Message):
        """Saving ended. ``problem`` says why it failed, and ``place`` names the wrong field."""

        def __init__(self, key: int, problem: str = "", place: str | None = None) -> None:
            super().__init__()
            self.key, self.problem, self.place = key, problem, place

    def __init__(
        self, store: Store, connection_id: int, study: Study | None, *, masking: bool
    ) -> None:
        super().__init__()
        self._masking = masking
        self._member: tuple[str | None, str] | None = None  # in the preview: (name, email)
        self._store, self._connection_id, self._study = store, connection_id, study
        self._saving = False
        self._first = _values(study)

    def compose(self) -> ComposeResult:
        title = f"Change “{self._study.title}”" if self._study else "A study"
        with Vertical(id="dialog", classes="study-form"):
            yield Static(words((title, "bold")))
            with Horizontal(id="study-form-columns"):
                with VerticalScroll(id="study-fields", can_focus=False):
                    yield from self._fields()
                yield RowList("", "The mail as a member would get it.", "", id="study-preview")
            yield TextLine(id="study-said")
            with Horizontal(id="buttons"):
                yield Button("Mail (ctrl+o)", id="mail")
                yield Button("Leave", id="cancel")
                yield Button("Save (ctrl+s)", id="save", variant="primary")

    def _fields(self) -> ComposeResult:
        for name, label, hint in FIELDS:
            with Horizontal(classes="area" if name in AREAS else "field"):
                yield Static(words((label, "$muted")), classes="label")
                if name in AREAS:
                    yield TextBox(self._first[name], id=f"study-{name}")
                else:
                    yield TextField(hint, id=f"study-{name}", longest=2_000)

    def on_mount(self) -> None:
        keys = self._study.segments if self._study and self._study.segments else ("all",)
        with suppress(DatabaseProblem):  # then the preview shows no member
            self._member = sample_member(self._store, self._connection_id, keys, 0)
        for name, _, _ in FIELDS:
            if name not in AREAS:
                self.query_one(f"#study-{name}", TextField).value = self._first[name]
        self.query_one("#study-title").focus()

    # The fields

    def _typed_values(self) -> dict[str, str]:
        found = {}
        for name, _, _ in FIELDS:
            widget = self.query_one(f"#study-{name}")
            found[name] = widget.text if isinstance(widget, TextArea) else ""
            if isinstance(widget, TextField):
                found[name] = widget.value
        return found

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _typed(self, event: events.Event) -> None:
        event.stop()
        if self.is_mounted:
            self._check()

    def _check(self) -> None:
        """Show at once what could not be sent. Saving reports the rest."""
        now = self._typed_values()
        made = template.Template(**{name: now[name] for name in _TEMPLATE})
        try:
            template.check(made)
            self._preview(made)
            template.check_template(now["reminder_subject"], now["reminder_text"], "reminder_")
            _numbers(now).check()
            self._say("")
        except StudyProblem as problem:
            self._say(str(problem), problem=True)

    def _preview(self, made: template.Template) -> None:
        """Show the mail. While the template has a mistake, the last mail stays."""
        name, email = self._member or (None, "")
        called = masked(name) if self._masking and name else name
        message = template.render(made, called, "…") if self._member else None
        shown = self.query_one("#study-preview", RowList)
        width = shown.scrollable_content_region.width
        lines = mail_lines(made, message, email, self._masking, width) if message else []
        shown.show([Row(words(), line) for line in lines])

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= BESIDE, "-beside")

    def action_preview(self) -> None:
        """Show the mail in place of the fields, or the fields again, when both do not fit."""
        self.toggle_class("-preview")
        shown = self.has_class("-preview")
        self.query_one("#study-preview" if shown else "#study-title").focus()

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = words((f"✗ {text}", "$never")) if problem and text else words((text, "$muted"))
        self.query_one("#study-said", TextLine).show(line)

    # Keys

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "save":
            self.action_save()
        elif event.button.id == "mail":
            self.action_preview()
        else:
            self.action_cancel()

    def action_save(self) -> None:
        """Save in a thread."""
        if self._saving or self.deaf or not self.is_current:
            return
        self._saving = True
        self._say("Saving…")
        self._save(self._typed_values())

    @work(thread=True)
    def _save(self, now: dict[str, str]) -> None:
        try:
            values: dict[str, object] = {k: v for k, v in now.items() if k not in RULES}
            values |= asdict(_numbers(now))
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
        self._saving = False
        if message.problem:
            self._say(message.problem, problem=True)
            found = self.query(f"#study-{message.place}") if message.place else ()
            for widget in found:
                widget.focus()
        elif self.is_current:
            self.dismiss(message.key)

    def action_cancel(self) -> None:
        """Leave, after a question if something was changed."""
        if self.deaf or not self.is_current:
            return
        if self._typed_values() == self._first:
            self.dismiss(None)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(None)

        line = words("Leave without saving? What you have written is lost.")
        self.app.push_screen(QuestionDialog([line], "Leave"), answered)


_TEMPLATE = (
    "title", "link", "sender_name", "sender_address", "reply_to", "subject", "text", "postal",
    "opt_out",
)  # fmt: skip


def _values(study: Study | None) -> dict[str, str]:
    """The values of the fields when the form opens."""
    blank = dict.fromkeys((name for name, _, _ in FIELDS), "")
    if study is None:
        start = {
            "subject": template.DEFAULT_SUBJECT,
            "text": template.DEFAULT_TEXT,
            "opt_out": template.DEFAULT_OPT_OUT,
        }
        rules = Rules()
    else:
        start, rules = asdict(study.template), study.rules
        for name in ("purpose", "reminder_subject", "reminder_text"):
            start[name] = getattr(study, name)
    numbers = {name: str(value) if value else "" for name, value in asdict(rules).items()}
    return {**blank, **start, **numbers}


def _numbers(now: dict[str, str]) -> Rules:
    """The rules in the fields. A blank one sets no limit. Raises StudyProblem."""
    found: dict[str, Any] = {"quiet_hours": quiet_hours.canonical(now["quiet_hours"])}
    for name in NUMBERS:
        text = now[name].strip()
        if text and not (text.isascii() and text.isdigit()):
            said = name.replace("_", " ")
            raise StudyProblem(f"The rule “{said}” is a number, or left out.", name)
        found[name] = int(text[:9]) if text else None
    return Rules(**found)
