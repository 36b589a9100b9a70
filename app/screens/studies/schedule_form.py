"""The fields for the start time and the quiet hours of a batch."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from app.invites.errors import StudyProblem
from app.invites.schedule import quiet_hours, start_time
from app.invites.sending.schedule import AT_ONCE, Schedule
from app.widgets.content import words
from app.widgets.inputs import TextField

FIELDS = (
    ("Start", "at once", "confirm-start", 60),
    ("Quiet", "as in the study", "confirm-quiet", 100),
)


class ScheduleForm(Vertical):
    """Two fields with their labels. ``schedule``: what they say, None if that is not understood."""

    class Changed(Message):
        """The fields say something else. ``problem``: what is not understood, or ""."""

        def __init__(self, problem: str) -> None:
            super().__init__()
            self.problem = problem

    class Left(Message):
        """A person pressed Enter in a field."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.schedule: Schedule | None = AT_ONCE

    def compose(self) -> ComposeResult:
        for label, hint, name, longest in FIELDS:
            with Horizontal(classes="field"):
                yield Static(words((label, "$muted")), classes="label")
                yield TextField(hint, id=name, longest=longest)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.screen.is_current:  # the fields are emptied when the dialog closes
            return
        start, quiet = (field.value for field in self.query(TextField))
        problem = ""
        try:
            at = start_time.parse(start, time.time()) if start.strip() else None
            self.schedule = Schedule(at, quiet_hours.canonical(quiet))
        except StudyProblem as unclear:
            self.schedule, problem = None, str(unclear)
        self.post_message(self.Changed(problem))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left())
