"""The keys of the invite log that mark invites, resolve them and record opt-outs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress

from textual import work

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import corrections, lifecycle, opt_outs
from app.invites.errors import RestoreSuspected, StudyProblem
from app.invites.invite_log import invite_rows
from app.invites.manual_links import hand_out
from app.invites.studies import Study
from app.screens.base import PanelistScreen
from app.screens.reason_dialog import ReasonDialog
from app.screens.studies.ledger_screen import LedgerScreen
from app.screens.studies.mark_dialog import ARRIVED, LOST, MarkDialog, marks_possible
from app.screens.studies.mark_list_dialog import MarkListDialog
from app.text import plain
from app.widgets.content import hidden, words
from app.widgets.dialog import QuestionDialog


class InviteActions(PanelistScreen):
    """The part of :class:`app.screens.studies.invite_log_screen.InviteLogScreen` that writes."""

    _store: Store
    _connection_id: int
    _study: Study | None
    _picked: set[int]
    _marked: tuple[list[int], int | None] = ([], None)  # the last ones, and the cursor's then

    @property
    @abstractmethod
    def current(self) -> int | None:
        """The invite under the cursor."""

    @abstractmethod
    def read(self, *, reset: bool = False) -> None:
        """Read the list again."""

    def _targets(self) -> list[int]:
        current = self.current
        found = sorted(self._picked) or ([current] if current is not None else [])
        if not found:
            self.host.tell("No invite is selected.")
        return found

    def action_mark(self) -> None:
        """Ask what became of the selected invites, or of the current one, and record it."""
        meant = self._targets()
        if not meant:
            return
        try:
            possible = marks_possible(self._store, self._connection_id, meant)
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            return
        if not any(possible.values()):
            self.host.tell(f"{_sentence(self._named(meant))} cannot be marked in this state.")
            return

        def answered(mark: str | None) -> None:
            if mark is not None:
                self._marked = (meant, self.current)
                self._do(lambda by: self._mark(meant, mark, by))

        self.app.push_screen(MarkDialog(self._named(meant), possible), answered)

    def _mark(self, meant: list[int], mark: str, by: str) -> str:
        here = (self._store, self._connection_id, meant)
        if mark in (ARRIVED, LOST):
            moved = lifecycle.resolve(*here, mark == ARRIVED, by)
            said = "arrived" if mark == ARRIVED else "did not arrive"
        else:
            moved, said = lifecycle.mark(*here, mark, by), mark
        stayed = f", {len(meant) - moved:,} cannot be" if moved < len(meant) else ""
        return f"{moved:,} marked: {said}{stayed}." + (" Press u to undo." if moved else "")

    def action_suppress(self) -> None:
        """Record that these mailboxes must not be contacted again."""
        meant = self._targets()
        if not meant:
            return

        def go(by: str) -> str:
            boxes = self._mailboxes(meant)
            opt_outs.record(self._store, self._connection_id, boxes, "opted_out", by)
            return "Opted out of all studies. Press A to undo this."

        line = f"Never contact {self._recipients(meant)} again, in any study?"
        self._ask(line, "Do not contact", go)

    def action_undo(self) -> None:
        """Undo the last mark of the selected invites, or of those that were just marked, or of the
        current one."""
        just_marked, then = self._marked
        at_once = not self._picked and bool(just_marked) and then == self.current
        meant = just_marked if at_once else self._targets()
        if not meant:
            return

        def go(by: str) -> str:
            moved = corrections.undo_marks(self._store, self._connection_id, meant, by)
            self._marked = ([], None)
            return f"{moved:,} undone." if moved else "There is no mark to undo."

        if at_once or meant == [self.current]:
            self._do(go)
        else:
            self._ask(f"Undo the last mark of {self._named(meant)}?", "Undo", go)

    def action_withdraw(self) -> None:
        """Withdraw the picked invites, or the current one."""
        meant = self._targets()
        if not meant:
            return

        def go(by: str) -> str:
            moved = corrections.withdraw(self._store, self._connection_id, meant, by)
            return f"{moved:,} withdrawn." if moved else "Nothing can be withdrawn here."

        with suppress(DatabaseProblem):  # the action itself reports it
            if not corrections.can_withdraw(self._store, self._connection_id, meant):
                self.host.tell("Nothing can be withdrawn here.")
                return
        line = (
            f"Withdraw {self._named(meant)}? You cannot undo this, but you can invite them again."
        )
        self._ask(line, "Withdraw", go)

    def action_allow(self) -> None:
        """Lift a bounce or an opt-out of the mailboxes of the picked invites, or of the current
        one."""
        meant = self._targets()
        try:
            boxes = self._mailboxes(meant)
            kinds = {
                kind
                for (kind,) in self._store.rows(
                    f"SELECT DISTINCT kind FROM opt_out WHERE {self._store.among('mailbox')}",
                    (self._store.values(boxes),),
                )
            }
        except DatabaseProblem as problem:
            self.host.tell(str(problem), problem=True)
            return
        liftable = [kind for kind in corrections.LIFTABLE if kind in kinds]
        if meant and not liftable:
            self.host.tell(
                "These participants are erased." if kinds else "They can be contacted already."
            )
        if not liftable:
            return

        def lift(by: str, reason: str) -> str:
            here = (self._store, self._connection_id)
            number = sum(corrections.lift(*here, boxes, kind, by, reason) for kind in liftable)
            return f"{number:,} lifted. They can be contacted again."

        said = " and the ".join(kind.replace("bounced", "bounce").replace("opted_out", "opt-out")
                                for kind in liftable)  # fmt: skip
        line = f"Contact {self._recipients(meant)} again, despite the {said}?"

        def given(reason: str | None) -> None:
            if reason is not None:
                self._do(lambda by: lift(by, reason))

        self.app.push_screen(ReasonDialog([words(line)], "Contact again"), given)

    def _mailboxes(self, invites: list[int]) -> list[str]:
        rows = self._store.rows(
            f"SELECT DISTINCT mailbox FROM invite WHERE {self._store.among('id')}",
            (self._store.values(invites),),
        )
        return [box for (box,) in rows]

    def _named(self, invites: list[int]) -> str:
        """Which invites are meant, for a question: one by name, more by number."""
        found = []
        if len(invites) == 1:
            with suppress(DatabaseProblem):  # the action itself reports it
                found = invite_rows(self._store, invites)
        if not found:
            return _counted(len(invites))
        (one,) = found
        name = hidden(one.name or one.address, self.host.masking) or one.stripe_id
        return f"the invite to {plain(name, 60)}"

    def _recipients(self, invites: list[int]) -> str:
        """Who invites went to, for a question."""
        if len(invites) > 1:
            return f"the participants of {_counted(len(invites))}"
        return self._named(invites).removeprefix("the invite to ")

    def action_import(self) -> None:
        """Mark the invites of a list."""
        form = MarkListDialog(self._store, self._connection_id, self._study, self._follow)
        self.app.push_screen(form, lambda _: self.read())

    def action_ledger(self) -> None:
        """Open the ledger of the study, or of all."""
        found = []
        with suppress(DatabaseProblem):  # the ledger itself reports it
            if self.current is not None:
                found = invite_rows(self._store, [self.current])
        self.app.push_screen(
            LedgerScreen(
                self._store,
                self._connection_id,
                self._study,
                found[0].stripe_id if found else None,
                masking=self.host.masking,
            )
        )

    def action_copy(self) -> None:
        """Copy the personal link of the current invite."""
        current = self.current
        if current is None:
            self.host.tell("No invite is selected.")
            return
        try:
            self.host.sending.guard(self._connection_id).check()
            copied = hand_out(self._store, current, self.host.sending.user)
        except (StudyProblem, RestoreSuspected, DatabaseProblem) as problem:
            self.host.tell(str(problem), problem=True)
            return
        self.host.copy(copied, "the participant's link")
        self.read()

    def _ask(self, line: str, yes: str, go: Callable[[str], str]) -> None:
        def answered(said: bool | None) -> None:
            if said:
                self._do(go)

        self.app.push_screen(QuestionDialog([words(line)], yes), answered)

    @work(thread=True)
    def _do(self, go: Callable[[str], str]) -> None:
        problem = False
        try:
            said = go(self.host.sending.user)
            self._follow()
        except (StudyProblem, DatabaseProblem) as trouble:
            said, problem = str(trouble), True
        finally:
            self._store.close()
        self.app.call_from_thread(self._done, said, problem)

    def _follow(self) -> None:
        """Keep older copies of the database from sending. Any thread may call it."""
        with suppress(DatabaseProblem):  # housekeeping does it soon
            self.host.sending.guard(self._connection_id).follow()

    def _done(self, said: str, problem: bool) -> None:
        self.host.tell(said, problem=problem)
        self._picked.clear()
        self.read()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _counted(number: int) -> str:
    return "1 invite" if number == 1 else f"{number:,} invites"
