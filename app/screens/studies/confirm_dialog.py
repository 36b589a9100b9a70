"""The dialog that shows what would be sent and queues it. Nothing else queues a batch.

A person confirms by typing the number of invites. Then :func:`app.invites.sending.approval.approve`
decides: the plan is queued without those who fell out, or the dialog shows the difference and asks
again. While the dialog is open it follows the data, so that a person sees who would be added before
they answer. They may then take them in, or send to those they saw first.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input

from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.plan.outcomes import Outcome
from app.invites.plan.summary import Summary
from app.invites.sending.channels.registry import channel_of
from app.invites.sending.schedule import AT_ONCE, Schedule
from app.invites.studies import Study
from app.keys.dialogs import CONFIRM
from app.screens.base import WIDE, host_of
from app.screens.studies.confirm_actions import Choice, ConfirmActions
from app.screens.studies.schedule_form import ScheduleForm
from app.screens.studies.ticket_rows import PlanChange, TicketText, change_rows
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.content import Content, words
from app.widgets.inputs import TextField
from app.widgets.lines.line_block import Draw, LineBlock
from app.widgets.lines.text_line import TextLine
from app.widgets.perforation import Perforation

FOLLOWS_AFTER = 3.0  # seconds that a person needs at least to read the dialog
FILLING = (
    "The first sync is not complete, so segments are still filling. Wait, or press ctrl+o to send "
    "to the members so far."
)
TALL = 34  # rows from which there is room for blank lines
LARGE = 24  # rows from which there is room for the largest digits


class ConfirmSendDialog(ConfirmActions):
    """Returns the batch that was queued, or None if nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(CONFIRM)
    NAMES: ClassVar[Mapping[str, str]] = {"field.open": "Send"}
    help_text = (
        "Type the number of invites and press Enter to send them. Escape sends nothing. Press Tab "
        "to set a start time, such as Tuesday 9:00, or quiet hours, such as nights, weekends."
    )

    def __init__(
        self,
        store: Store,
        study: Study,
        summary: Summary,
        snapshot: Snapshot,
        delivery: Delivery,
        *,
        names: Mapping[str, str],
        per_minute: int | None,
        quiet_hours: str | None,
    ) -> None:
        super().__init__()
        self._store, self._study, self._summary = store, study, summary
        self._delivery, self._masking = delivery, snapshot.masking
        self.channel = channel_of(delivery.channel)
        self._text = TicketText(study, snapshot, self.channel, names, per_minute, quiet_hours)
        self._asked: PlanChange | None = None  # why the person was asked again
        self._earlier: Summary | None = None  # what was shown before that
        self._asked_at = 0.0  # when what was shown before that was made
        self._changed: PlanChange | None = None  # what changed since the plan was shown
        self._busy = self._over = self._following = False
        self._follow_due, self._follow_from = False, 0.0
        connection = snapshot.view.connection
        self._filling = connection is not None and connection.status != "complete"
        self._tall = self._low = False

    def compose(self) -> ComposeResult:
        with Horizontal(id="dialog", classes="confirm"):
            with VerticalScroll(id="ticket-stub", can_focus=False):
                yield LineBlock(id="ticket-number")
                yield TextLine(id="confirm-ask")
                yield TextField("", id="confirm-number", longest=9)
                yield TextLine(id="confirm-said")
                yield ScheduleForm(id="confirm-schedule")
                yield LineBlock(id="ticket-timing")
                yield LineBlock(id="ticket-changes")
                yield LineBlock(id="ticket-facts")
            yield Perforation()
            with VerticalScroll(id="ticket-proof", can_focus=False):
                yield LineBlock(id="confirm-text")

    def on_mount(self) -> None:
        self._follow_from = self.opened + FOLLOWS_AFTER
        self.query_one("#confirm-number").focus()
        self._draw()
        self._ask_for_number()
        self.set_interval(0.25, self._follow_if_due)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-beside")
        tall, low = event.size.height >= TALL, event.size.height < LARGE
        if (tall, low) != (self._tall, self._low):
            self._tall, self._low = tall, low
            self.set_class(tall, "-roomy")
            self._draw()

    # What is shown

    @property
    def _schedule(self) -> Schedule | None:
        """When the batch may leave, as typed. None if that is not understood."""
        return self.query_one(ScheduleForm).schedule

    @property
    def _choices(self) -> dict[int, Choice]:
        """What can be sent, by the number to type. The first is the plan that is shown."""
        changed, asked, earlier = self._changed, self._asked, self._earlier
        added = changed is not None and bool(changed.drift.added)
        found = {self._summary.number: Choice(self._summary.plan, only_planned=added)}
        if changed is not None and added:
            number = changed.drift.plan.counts()[Outcome.INVITE]
            found.setdefault(number, Choice(changed.drift.plan))
        if earlier is not None and asked is not None and not asked.drift.terms:
            found.setdefault(earlier.number, Choice(earlier.plan, only_planned=True))
        return {number: choice for number, choice in found.items() if number}

    def _draw(self) -> None:
        changed, summary = self._changed, self._summary
        tall, low = self._tall, self._low
        dropped = changed is not None and bool(changed.drift.dropped)
        rows = [
            *change_rows(self._asked, at=self._asked_at, masking=self._masking),
            *change_rows(changed, at=summary.plan.at, masking=self._masking),
        ]
        schedule, text = self._schedule or AT_ONCE, self._text
        above = [] if tall or not rows else [*rows, words()]
        self._show("number", lambda width: text.number(summary, width, dropped=dropped, low=low))
        self._show("timing", lambda width: _wrapped(text.timing(summary, schedule), width))
        self._show("changes", lambda width: _wrapped(rows, width) if tall else [])
        self._show("facts", lambda width: _wrapped(text.facts(summary), width) if tall else [])
        self.query_one("#confirm-text", LineBlock).show(
            lambda width: [*_wrapped(above, width), *text.proof(summary, width, tall=tall)]
        )
        self._ask()

    def _show(self, part: str, draw: Draw) -> None:
        self.query_one(f"#ticket-{part}", LineBlock).show(draw)

    def _ask_for_number(self) -> None:
        """Say what to type, and no problem any more."""
        self._ask()
        waiting = self._filling and not self._over and bool(self._choices)
        self._say(FILLING if waiting else "", "$warn")

    def _ask(self) -> None:
        """Say what to type."""
        choices, number = self._choices, self._summary.number
        asked = ""
        if not choices:
            asked = "No one would be invited. Escape goes back."
        elif self._filling and not self._over:
            pass  # it is said why not
        elif len(choices) == 1:
            asked = f"Type {number:,} and press Enter"
        else:
            parts = (
                f"{one:,} for {'only those you saw' if choice.only_planned else 'all of them'}"
                for one, choice in choices.items()
            )
            asked = f"Type {', or '.join(parts)}, and press Enter"
        self.query_one("#confirm-ask", TextLine).show(words((asked, "bold")))

    def _say(self, text: str, style: str = "$never") -> None:
        self.query_one("#confirm-said", TextLine).show(words((text, style)))

    # Following the data

    def follow(self) -> None:
        """The data may have changed: compare the plan with it soon."""
        self._follow_due = True

    def _follow_if_due(self) -> None:
        if not self._follow_due or self._busy or self._following:
            return
        if time.monotonic() >= self._follow_from and self.is_current:
            self._follow_due, self._following = False, True
            self._compare(self._summary)

    @on(ConfirmActions.Followed)
    def _followed(self, message: ConfirmActions.Followed) -> None:
        message.stop()
        self._following = False
        self._follow_from = time.monotonic() + message.pause
        if message.shown is self._summary and not self._busy:
            self._changed = message.changed
            self._draw()

    # Keys

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#ticket-proof").scroll_relative(y=lines, animate=False)

    def action_override(self) -> None:
        """Allow sending although the segments are still filling."""
        self._over = True
        self._ask_for_number()

    @on(ScheduleForm.Changed)
    def _timed(self, message: ScheduleForm.Changed) -> None:
        """Show which moment was understood."""
        message.stop()
        if message.problem:
            self._say(message.problem)
        else:
            self._draw()
            self._ask_for_number()

    @on(ScheduleForm.Left)
    def _time_entered(self, message: ScheduleForm.Left) -> None:
        message.stop()
        self.query_one("#confirm-number").focus()

    @on(Input.Submitted, "#confirm-number")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._busy or self.deaf or not self.is_current:
            return
        typed = event.value.strip().replace(",", "")
        choices = {str(number): choice for number, choice in self._choices.items()}
        number = self._summary.number
        if not choices or (self._filling and not self._over):
            self._ask_for_number()
        elif self._schedule is None:
            self._say("The start time or the quiet hours are not valid. Correct or clear them.")
        elif typed not in choices:
            self._say(_not_the_number(number, typed))
        else:
            self._busy = True
            self._say("Checking for changes…", "$muted")
            self._queue(choices[typed], self._schedule)

    @on(ConfirmActions.Checked)
    def _checked(self, message: ConfirmActions.Checked) -> None:
        message.stop()
        self._busy = False
        if message.batch is not None:
            if self.is_current:
                self.dismiss(message.batch)
            return
        if message.summary is None:
            self._say(message.problem)
            if message.copied and self.is_current:
                self._ask_to_trust()
            return
        self._earlier, self._summary = self._summary, message.summary
        self._asked_at = self._earlier.plan.at
        self._asked, self._changed = message.changed, None
        self.query_one("#confirm-number", TextField).value = ""
        self._draw()
        self._ask_for_number()

    def _ask_to_trust(self) -> None:
        """Ask what the database is. The plan may have changed with the answer."""
        from app.screens.studies.trust_dialog import TrustDialog

        def answered(said: str | None) -> None:
            if said is not None:
                host_of(self).tell(said)
                self._ask_for_number()
                self.follow()

        connection = self._study.connection_id
        form = TrustDialog(self._store, connection, masking=self._masking)
        self.app.push_screen(form, answered)

    def action_cancel(self) -> None:
        if self.is_current and not self._busy:
            self.dismiss(None)


def _wrapped(rows: Sequence[Content], width: int) -> list[Content]:
    """These lines, broken where they are too long."""
    return [part for row in rows for part in (row.wrap(width) or [words()])]


def _not_the_number(number: int, typed: str) -> str:
    """What to do about another number than the one of the plan."""
    said = f"{number:,} participants will be invited, not {plain(typed, 12) or 'none'}."
    fewer = typed.isdecimal() and 0 < int(typed) < number
    return f"{said} To invite fewer, press Escape, then o." if fewer else said
