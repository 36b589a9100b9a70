"""The pane that shows everything about one person, beside or under a list of people."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites import erasure
from app.invites.erasure import Erasure
from app.invites.invite_log import InviteRow, of_person
from app.panel.person import Person, person
from app.screens.segments.person_rows import person_rows
from app.widgets.border_titles import entitle
from app.widgets.content import hidden, words
from app.widgets.row_list import RowList


class PersonPane(Vertical):
    """Shown while somebody is open; ``one``: who."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="segments-person")
        self._store = store
        self.one: Person | None = None
        self._invites: list[InviteRow] = []
        self._erasure: Erasure | None = None
        self.display = False

    def compose(self) -> ComposeResult:
        yield RowList("", "Everything that is known of this person.", "", id="person")

    def read(self, row_id: int) -> Person | None:
        """A person of the panel; None where there is none. Raises DatabaseProblem."""
        return person(self._store, row_id)

    def open(self, row_id: int) -> None:
        """Show this person. Raises DatabaseProblem."""
        self.one = self.read(row_id)
        self._read_rest(row_id)
        self.display = self.one is not None

    def _read_rest(self, row_id: int) -> None:
        self._invites = of_person(self._store, row_id)
        self._erasure = erasure.of(self._store, row_id)

    def read_again(self) -> None:
        """See what became of the person meanwhile; where that cannot be read, what was known
        stays."""
        if self.one is not None:
            try:
                self.one = self.read(self.one.id) or self.one
                self._read_rest(self.one.id)
            except DatabaseProblem:
                return  # the next picture says it

    def draw(self, now: float, masking: bool) -> None:
        """Write down the person that is open, as of now."""
        if self.one is not None:
            name = hidden(self.one.name or self.one.email, masking) or self.one.stripe_id
            entitle(self, words(name))
            rows = person_rows(self.one, now, masking, self._invites, self._erasure)
            self.query_one("#person", RowList).show(rows)

    def close(self) -> bool:
        """Show nobody; False where nobody was shown."""
        was, self.one, self.display = self.one, None, False
        return was is not None
