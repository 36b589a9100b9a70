"""The keys of the invite log that mark invites, resolve them and record opt-outs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress

from textual import work

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import lifecycle, opt_outs
from app.invites.errors import StudyProblem
from app.invites.manual_links import hand_out
from app.invites.studies import Study
from app.screens.base import PanelistScreen
from app.screens.studies.mark_list_dialog import MarkListDialog
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog


class InviteActions(PanelistScreen):
    """The part of :class:`app.screens.studies.invite_log_screen.InviteLogScreen` that writes."""

    _store: Store
    _connection_id: int
    _study: Study | None
    _picked: set[int]

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
            self.host.tell("No invite is chosen.")
        return found

    def action_mark(self, state: str) -> None:
        """Mark the picked invites, or the current one."""
        meant = self._targets()
        if not meant:
            return

        def go(by: str) -> str:
            moved = lifecycle.mark(self._store, self._connection_id, meant, state, by)
            stayed = f"; {len(meant) - moved:,} cannot be" if moved < len(meant) else ""
            return f"{moved:,} marked {state}{stayed}."

        if meant == [self.current] and state != "bounced":
            self._do(go)
        else:
            self._ask(f"Mark {_counted(len(meant))} as {state}?", "Mark", go)

    def action_resolve(self, arrived: bool) -> None:
        """Record whether uncertain invites arrived."""
        meant = self._targets()
        if not meant:
            return

        def go(by: str) -> str:
            moved = lifecycle.resolve(self._store, self._connection_id, meant, arrived, by)
            return f"{moved:,} resolved." if moved else "None of them is uncertain."

        said = "arrived" if arrived else "did not arrive, so that it may be sent again"
        self._ask(f"Say of {_counted(len(meant))} that it {said}?", "Say so", go)

    def action_opt_out(self) -> None:
        """Record that these mailboxes must not be contacted again."""
        meant = self._targets()
        if not meant:
            return

        def go(by: str) -> str:
            rows = self._store.rows(
                f"SELECT DISTINCT mailbox FROM invite WHERE {self._store.among('id')}",
                (self._store.values(meant),),
            )
            boxes = [row[0] for row in rows]
            opt_outs.record(self._store, self._connection_id, boxes, "opted_out", by)
            return "They are not written to any more, in any study."

        line = (
            f"Never write to whom {_counted(len(meant))} went again, in any study? It cannot be"
            " undone."
        )
        self._ask(line, "Opt out", go)

    def action_list(self) -> None:
        """Mark the invites of a list."""
        form = MarkListDialog(self._store, self._connection_id, self._study, self._follow)
        self.app.push_screen(form, lambda _: self.read())

    def action_link(self) -> None:
        """Copy the personal link of the current invite."""
        current = self.current
        if current is None:
            self.host.tell("No invite is chosen.")
            return
        try:
            copied = hand_out(self._store, current, self.host.sending.user)
        except (StudyProblem, DatabaseProblem) as problem:
            self.host.tell(str(problem), problem=True)
            return
        self.app.copy_to_clipboard(copied)
        self.host.tell("Copied the person's link, where the terminal allows it.")
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


def _counted(number: int) -> str:
    return "1 invite" if number == 1 else f"{number:,} invites"
