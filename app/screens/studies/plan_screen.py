"""The screen of a plan: each member of a study's audience with one result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import RestoreSuspected, StudyProblem
from app.invites.exports import of_plan
from app.invites.plan import frozen
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.invites.plan.plan import Plan, make
from app.invites.plan.summary import Summary, summarise
from app.invites.studies import Study, get, move
from app.keys.screens import PLAN
from app.panel.lists.order import Ids
from app.screens.export_dialog import ExportDialog
from app.screens.groups_screen import GroupCounts, GroupsScreen
from app.screens.people_rows import PeopleRows
from app.screens.studies.board.batch_rows import queued_words
from app.screens.studies.plan_options_dialog import PlanOptionsDialog
from app.screens.studies.plan_rows import COLUMNS, PlanRows
from app.services.snapshot import Snapshot
from app.settings import SettingsError
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.charts.group_bars import GroupBar
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog
from app.widgets.lines.text_line import TextLine
from app.widgets.pane import Pane

if TYPE_CHECKING:
    from app.screens.studies.confirm_actions import ConfirmedBatch
    from app.screens.studies.confirm_dialog import ConfirmSendDialog

ORDER = (Outcome.INVITE, *(one for one in Outcome if one is not Outcome.INVITE))
OVERRIDDEN = {"cool_down": "contacted recently", "cap": "over the invite limit"}
BY_WORDS = {one.words: one for one in Outcome}


class PlanScreen(GroupsScreen):
    """Shows who will be invited and who will not, and why. Sending is confirmed from here.
    ``names`` are the names of segments by their keys."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(PLAN)
    COLUMNS = COLUMNS
    help_text = (
        "Each member of the audience has one result. Press o for a sample, Tab to go to the list, "
        "and i to review what will be sent."
    )

    class Made(Message):
        """A plan was locked for confirmation, or ``problem`` says why not."""

        def __init__(self, summary: Summary | None, problem: str = "") -> None:
            super().__init__()
            self.summary, self.problem = summary, problem

    def __init__(
        self,
        store: Store,
        connection_id: int,
        study: Study,
        names: Mapping[str, str],
        *,
        masking: bool,
        open_person: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(store, connection_id, masking=masking, open_person=open_person)
        self._study, self._names = study, names
        self._options = Options(study.segments, study.excluded)
        self._made: Plan | None = None
        self._snapshot: Snapshot | None = None
        self._freezing = False
        self._dialog: ConfirmSendDialog | None = None
        self._shown = [Outcome.INVITE.words]  # the results that any member has

    def compose_left(self) -> ComposeResult:
        yield TextLine(id="plan-options-said")

    def on_mount(self) -> None:
        title = plain(self._study.title, 60)
        self.query_one("#group-left", Pane).entitle(words(f"Preview: {title}"))
        self._introduce()
        self.ask(reset=True)

    def _introduce(self) -> None:
        self.query_one("#plan-options-said", TextLine).show(
            words((options_words(self._options), "$muted"))
        )

    def show_content(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        super().show_content(snapshot)
        if snapshot.fresh and self._dialog is not None:
            self._dialog.follow()

    # Counting

    def names(self) -> Sequence[str]:
        return self._shown

    def headline(self, group: int) -> str:
        return self._outcome(group).words.capitalize()

    def _outcome(self, group: int) -> Outcome:
        return BY_WORDS[self._shown[group]]

    def count(self, step: Callable[[], None]) -> Iterator[GroupCounts]:
        try:
            made = make(
                self._store, get(self._store, self._study.id), self._options, checkpoint=step
            )
        except StudyProblem as problem:
            raise DatabaseProblem(str(problem)) from None
        self._made = made
        counts = made.counts()
        some = [one for one in ORDER if counts[one] or one is Outcome.INVITE]
        ids = tuple(made.ids(one) for one in some)
        yield GroupCounts(tuple(GroupBar(one.words, counts[one]) for one in some), ids)

    def people(self, group: int, ids: Ids) -> PeopleRows:
        if self._made is None:
            return PeopleRows(self._store, self._connection_id, ids, masking=self._masking)
        return PlanRows(self._store, self._made, ids, masking=self._masking)

    def before_draw(self, counted: GroupCounts) -> None:
        self._shown = [group.name for group in counted.groups]

    def after_draw(self, counted: GroupCounts) -> None:
        total = sum(one.count for one in counted.groups)
        doubts = " ".join(self._made.doubts) if self._made is not None else ""
        said = f"{total:,} members. Press o to invite fewer, i to see what will be sent"
        self.say(f"{said}. {doubts}".rstrip(". ") + ("." if doubts else ""))

    # Keys

    def action_options(self) -> None:
        """Choose the options of the plan."""

        def chosen(options: Options | None) -> None:
            if options is not None:
                self._options = options
                self._introduce()
                self.ask(reset=True)

        self.app.push_screen(PlanOptionsDialog(self._options), chosen)

    def action_export(self) -> None:
        """Export the members with the current result."""
        counted, group = self.counted, self.groups.current
        if counted is None or self._made is None or not counted.ids[group]:
            self.host.tell("No member has this result.")
            return
        title = f"{self._study.title}, {self._outcome(group).words}"
        source = of_plan(self._store, self._made, [self._outcome(group)])
        form = ExportDialog(self._store, source, title, masking=self._masking)
        self.app.push_screen(form, lambda file: self.host.tell(
            f"Exported to {file}." if file else "Nothing was exported."
        ))  # fmt: skip

    def action_invite(self) -> None:
        """Lock the plan and show what would be sent."""
        if self._freezing or self.counted is None:
            return
        study = self._study
        if study.state in ("draft", "paused"):
            self._ask_to_activate()
        elif study.state != "active":
            self.host.tell(f"The study is {study.state_phrase}. It invites no one.")
        else:
            self._lock()

    def _ask_to_activate(self) -> None:
        """Only an active study invites. Activating it sends nothing."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._lock(activating=True)

        self.app.push_screen(
            QuestionDialog(
                [
                    words(f"This study is {self._study.state_phrase}. Activate it and continue?"),
                    words(("Nothing is sent before you confirm.", "$muted")),
                ],
                "Activate",
            ),
            answered,
        )

    def _lock(self, *, activating: bool = False) -> None:
        self._freezing = True
        self.say("Locking the plan…")
        self._freeze(self._options, activating)

    @work(thread=True)
    def _freeze(self, options: Options, activating: bool) -> None:
        store, sending = self._store, self.host.sending
        try:
            if activating:
                move(store, self._study.id, "active", sending.user)
                self._study = get(store, self._study.id)
            delivery = sending.delivery()
            made = make(store, get(store, self._study.id), options)
            kept = frozen.freeze(store, made, sending.user, delivery)
            self.post_message(self.Made(summarise(store, kept, made)))
        except (StudyProblem, RestoreSuspected, SettingsError, DatabaseProblem) as problem:
            self.post_message(self.Made(None, str(problem)))
        finally:
            store.close()

    def on_plan_screen_made(self, message: Made) -> None:
        from app.screens.studies.confirm_dialog import ConfirmSendDialog

        message.stop()
        self._freezing = False
        if message.summary is None or message.summary.plan.delivery is None:
            self.say(message.problem, problem=True)
            return
        self.say(f"Plan {message.summary.plan.short}")
        if self._snapshot is None or not self.is_current:
            return
        try:
            sending = self.host.sending
            per_minute, quiet_hours = sending.per_minute(), sending.quiet_hours()
        except SettingsError as problem:
            self.say(str(problem), problem=True)
            return
        self._dialog = ConfirmSendDialog(
            self._store,
            self._study,
            message.summary,
            self._snapshot,
            message.summary.plan.delivery,
            names=self._names,
            per_minute=per_minute,
            quiet_hours=quiet_hours,
        )
        self.app.push_screen(self._dialog, self._confirmed)

    def _confirmed(self, batch: ConfirmedBatch | None) -> None:
        dialog, self._dialog = self._dialog, None
        if batch is None or dialog is None:
            self.host.tell("Nothing was sent.")
            self.ask()
            return
        self.host.sending.send(batch.run)
        fell = f" No longer invited: {', '.join(batch.dropped)}." if batch.dropped else ""
        self.host.tell(f"{queued_words(batch.number, dialog.channel, batch.start_at)}{fell}")
        self.leave()


def options_words(options: Options) -> str:
    """The options of a plan in words."""
    if options.take == "all":
        said = "everyone who can be invited"
    elif options.take == "batch":
        said = f"the {options.number:,} longest-standing customers"
    else:
        by = f", stratified by {options.strata}" if options.strata else ""
        said = f"{options.number:,} at random{by}, seed {plain(options.seed, 40)}"
    if options.again:
        said += f"; again: {', '.join(options.again)}"
    if options.overrides:
        said += f"; also {', '.join(OVERRIDDEN[one] for one in options.overrides)}"
    return said
