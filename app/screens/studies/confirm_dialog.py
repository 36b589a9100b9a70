"""The dialog that shows what would be sent and queues it. Nothing else queues a batch.

A person confirms by typing the number of invites. Then the plan is made again: if the data has
changed since the plan was shown, the dialog shows the difference and asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.plan import frozen
from app.invites.plan.drift import PlanDrift, difference
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.summary import Summary, summarise
from app.invites.restore_guard import RestoreSuspected
from app.invites.sending import outbox
from app.invites.sending.channels.registry import channel_of
from app.invites.studies import Study
from app.screens.base import account_words, host_of
from app.services.snapshot import Snapshot
from app.text import duration, plain, when
from app.widgets.content import Content, hidden, para, words
from app.widgets.dialog import DecisionDialog
from app.widgets.inputs import TextField
from app.widgets.text_line import TextLine


class ConfirmSendDialog(DecisionDialog["int | None"]):
    """Returns the id of the batch that was queued, or None if nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="confirm.cancel", tooltip="Send nothing"),
        Binding("down", "scroll(1)", "Read on", id="confirm.down",
                tooltip="What would be sent, further down"),
        Binding("up", "scroll(-1)", "Back", show=False),
        Binding("pagedown", "scroll(10)", "Page down", show=False),
        Binding("pageup", "scroll(-10)", "Page up", show=False),
        Binding("ctrl+o", "override", "Although it is filling", id="confirm.override",
                show=False, tooltip="Send although the first sync is not complete"),
    ]  # fmt: skip
    help_text = (
        "Type the number of people who will be written to, then Enter. Escape sends nothing."
    )

    class Checked(Message):
        """The batch was queued, the data has changed, or there was a problem."""

        def __init__(
            self, run: int | None, summary: Summary | None = None,
            changed: PlanDrift | None = None, problem: str = "",
        ) -> None:  # fmt: skip
            super().__init__()
            self.run, self.summary, self.changed, self.problem = run, summary, changed, problem

    def __init__(
        self,
        store: Store,
        study: Study,
        summary: Summary,
        snapshot: Snapshot,
        channel: str,
        *,
        names: Mapping[str, str],
        per_minute: int | None,
    ) -> None:
        super().__init__()
        self._names = names
        self._store, self._study, self._summary = store, study, summary
        self._snapshot, self._per_minute = snapshot, per_minute
        self._channel = channel_of(channel)
        self._busy = self._over = False
        connection = snapshot.view.connection
        self._filling = connection is not None and connection.status != "complete"

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="confirm"):
            with VerticalScroll(id="confirm-all", can_focus=False):
                yield Static(para(self._all()), id="confirm-text")
            yield TextLine(id="confirm-said")
            with Horizontal(id="confirm-last"):
                yield TextField("how many", id="confirm-number", longest=9)
                yield Button("Cancel (escape)", id="cancel")

    def on_mount(self) -> None:
        self.query_one("#confirm-number").focus()
        self._ask_for_number()

    # What is shown

    def _all(self) -> list[Content]:
        return [*self._head(), *self._funnel(), *self._sending(), *self._mail()]

    def _head(self) -> list[Content]:
        snapshot, template = self._snapshot, self._summary.plan.template
        connection = snapshot.view.connection
        live = connection is not None and connection.livemode
        mode = ("LIVE", "bold reverse") if live else ("TEST", "bold")
        account = account_words(connection.account, connection.account_name) if connection else ""
        header = snapshot.header
        said = f"by {self._channel.words} · from {template.sender_address}"
        return [
            words(("SEND INTERVIEW INVITES  ", "bold"), mode, f" · {plain(said, 120)}"),
            words(("Study     ", "dim"), (plain(self._study.title, 60), "bold"),
                  f" ({self._study.state})"),
            words(("Stripe    ", "dim"), f"{account} · data as of {header.as_of or 'never'}"),
            words(("Segments  ", "dim"), plain(self._segments(), 300),
                  f" · {self._summary.size:,} members"),
        ]  # fmt: skip

    def _segments(self) -> str:
        chosen = self._summary.plan.options
        taken, left_out = (
            ", ".join(self._names.get(key, key) for key in keys)
            for keys in (chosen.segments, chosen.excluded)
        )
        return f"{taken}, but none of {left_out}" if left_out else taken

    def _funnel(self) -> list[Content]:
        lines, summary = [], self._summary
        for one in Outcome:
            number = summary.counts[one]
            if not number or one is Outcome.INVITE:
                continue
            more = ""
            if one is Outcome.ALREADY:
                parts = (
                    f"{many:,} {reason(one, detail, {}, 0).removeprefix('already invited: ')}"
                    for detail, many in summary.already.items()
                )
                more = f"  {' · '.join(parts)}"
            elif one is Outcome.COOL_DOWN and summary.free_at:
                more = f"  the first is free {when(summary.free_at, self._snapshot.now)}"
            lines.append(words(f"   − {number:>9,} {one.words}", (more, "dim")))
        return lines

    def _sending(self) -> list[Content]:
        summary = self._summary
        number = summary.number
        known = summary.counts[Outcome.ALREADY]
        lines = [words((f"WILL SEND {number:,}", "bold"), f"  {self._time(number)}")]
        if known:
            lines.append(
                words(
                    f"{number:,} new people; {known:,} already invited will not be written to.",
                )
            )
        rest = number - summary.named
        if rest:
            lines.append(
                words(f"{summary.named:,} have a name, for {rest:,} other words stand in.")
            )
        lines.append(
            words(f"After this {summary.left:,} more people of these segments can be invited.")
        )
        return lines

    def _time(self, number: int) -> str:
        if self._channel.is_local:
            return "put into a folder on this computer at once; nothing leaves it"
        begins = "begins in 2 minutes, till then all of it can be undone"
        if not self._per_minute:
            return begins
        takes = duration(60 * number / self._per_minute)
        return f"≈ {takes} at {self._per_minute}/min; {begins}"

    def _mail(self) -> list[Content]:
        message, to = self._summary.message, self._summary.to
        if message is None:
            return []
        masking = self._snapshot.masking
        if masking:  # the text contains the name
            return [words(("One of them would get the mail that the study shows.", "dim"))]
        lines = [
            words(("To        ", "dim"), hidden(to, masking)),
            words(("Subject   ", "dim"), (plain(message.subject, 200), "bold")),
        ]
        return lines + [words((plain(line, 500), "dim")) for line in message.text.splitlines()]

    def _ask_for_number(self) -> None:
        """Say what to type."""
        number = self._summary.number
        if not number:
            self._say("Nobody would be written to. Escape goes back.", "bold")
        elif self._filling and not self._over:
            self._say(
                "The first sync is not complete: the segments are still filling. Wait, or ctrl+o"
                " sends to those who are here.",
                "$warning",
            )
        else:
            self._say(
                f"Type {number:,} and Enter to send · escape cancels · plan"
                f" {self._summary.plan.short} frozen {when(self._summary.plan.at)}",
                "",
            )

    def _say(self, text: str, style: str = "$error") -> None:
        self.query_one("#confirm-said", TextLine).show(words((text, style)))

    # Keys

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#confirm-all").scroll_relative(y=lines, animate=False)

    def action_override(self) -> None:
        """Allow sending although the segments are still filling."""
        self._over = True
        self._ask_for_number()

    @on(Input.Submitted, "#confirm-number")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._busy or self.deaf or not self.is_current:
            return
        typed = event.value.strip().replace(",", "")
        number = self._summary.number
        if not number or (self._filling and not self._over):
            self._ask_for_number()
        elif typed != str(number):
            self._say(f"{number:,} people would be written to, not {plain(typed, 12) or 'none'}.")
        else:
            self._busy = True
            self._say("Looking whether this still holds…", "dim")
            self._queue(self._summary)

    @work(thread=True)
    def _queue(self, summary: Summary) -> None:
        store, sending = self._store, host_of(self).sending
        by = sending.user
        try:
            sending.guard(self._study.connection_id).check()
            changed = difference(store, summary.plan)
            if changed:
                kept = frozen.freeze(store, changed.plan, by)
                again = summarise(store, kept, changed.plan)
                self.post_message(self.Checked(None, again, changed))
                return
            queued = outbox.queue(store, summary.plan, self._channel.key, by)
            self.post_message(self.Checked(queued.run))
        except (StudyProblem, RestoreSuspected, DatabaseProblem) as problem:
            self.post_message(self.Checked(None, problem=str(problem)))
        finally:
            store.close()

    def on_confirm_send_dialog_checked(self, message: Checked) -> None:
        message.stop()
        self._busy = False
        if message.run is not None:
            if self.is_current:
                self.dismiss(message.run)
            return
        if message.summary is None or message.changed is None:
            self._say(message.problem)
            return
        self._summary = message.summary
        self.query_one("#confirm-number", TextField).value = ""
        lines = [words(("It has changed since you saw it:", "bold $warning"))]
        changed = message.changed
        for people, what in (
            (changed.added, "would be invited now too"),
            (changed.dropped, "would not be invited any more"),
            (changed.address, "have another address"),
        ):
            if people:
                lines.append(words(f"   {len(people):,} {what}"))
        if changed.template:
            lines.append(words("   the mail says something else"))
        if changed.rules:
            lines.append(words("   the rules are others"))
        self.query_one("#confirm-text", Static).update(para([*lines, *self._all()]))
        self._ask_for_number()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_cancel()

    def action_cancel(self) -> None:
        if self.is_current and not self._busy:
            self.dismiss(None)
