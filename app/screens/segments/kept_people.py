"""What can be done with the people that History and Compare list: export them, keep them as a
segment, and create a study for them."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from textual import on, work
from textual.message import Message

from app.db.errors import DatabaseProblem
from app.db.indexes.subscription_indexes import left_out
from app.invites import studies
from app.invites.errors import StudyProblem
from app.invites.operator import by
from app.panel.export.people import takeable
from app.panel.filters.errors import FilterError
from app.panel.lists.order import Ids
from app.panel.segments import custom
from app.panel.segments.custom import CustomSegmentProblem
from app.screens.base import Jump
from app.screens.export_dialog import ExportDialog
from app.screens.groups_screen import GroupsScreen
from app.screens.palette import jump
from app.screens.segments.edit_dialog import FILLING


class KeptPeopleScreen(GroupsScreen):
    """Groups of people who can be exported, kept and invited."""

    _keeping = False

    class Kept(Message):
        """The thread has kept people under this title, or says why it did not."""

        def __init__(self, title: str, number: int, to: Jump | None, problem: str) -> None:
            super().__init__()
            self.title, self.number, self.to, self.problem = title, number, to, problem

    @abstractmethod
    def kept_name(self) -> str:
        """A name for the people that are listed."""

    def kept_filter(self, ids: Ids) -> str:
        """A filter that finds the people that are listed. Raises CustomSegmentProblem."""
        return custom.of_people(self._store, ids)

    def shown_ids(self) -> Ids | None:
        """The row ids of the people that are listed, or None until they are known."""
        return None if self._counted is None else self._counted.ids[self.groups.current]

    def _listed(self) -> Ids | None:
        """The same, or a word to the person where there is no one."""
        ids = self.shown_ids()
        if ids:
            return ids
        self.host.tell("This list is empty." if ids is not None else "Still counting.")
        return None

    def action_export(self) -> None:
        """Export the people that are listed."""
        ids = self._listed()
        if ids is None:
            return
        source = takeable(self._store, self._connection_id, ids, None)
        form = ExportDialog(self._store, source, self.kept_name(), masking=self._masking)
        self.app.push_screen(form, lambda file: self._exported(file, len(ids)))

    def _exported(self, file: Path | None, number: int) -> None:
        said = f"Exported {number:,} participants to {file}." if file else "Nothing was exported."
        self.host.tell(said)

    def action_new(self) -> None:
        """Keep the people that are listed as a segment."""
        self._keep_listed(invite=False)

    def action_invite(self) -> None:
        """Keep the people that are listed as a segment, and create a study for it."""
        self._keep_listed(invite=True)

    def _keep_listed(self, *, invite: bool) -> None:
        ids = self._listed()
        if ids is None or self._keeping:
            return
        if left_out(self._store):
            self.host.tell(FILLING, problem=True)
            return
        self._keeping = True
        self._keep(ids, self.kept_name(), invite)

    @work(thread=True)
    def _keep(self, ids: Ids, name: str, invite: bool) -> None:
        """Create the segment, and the study: with a million participants it takes a second."""
        problem, to = "", None
        try:
            text = self.kept_filter(ids)
            name = custom.free_name(self._store, self._connection_id, name)
            key = custom.make(self._store, self._connection_id, name, text)
            to = Jump("segments", "segment", key)
            if invite:
                study = studies.create(self._store, self._connection_id, name, by())
                studies.attach(self._store, study, [key], [], by())
                to = Jump("studies", "study", str(study))
        except FilterError as error:
            problem = error.sentence
        except (CustomSegmentProblem, StudyProblem, DatabaseProblem) as error:
            problem = str(error)
        finally:
            self._store.close()
        self.post_message(self.Kept(name, len(ids), to, problem))

    @on(Kept)
    async def _kept(self, message: Kept) -> None:
        message.stop()
        self._keeping, number, to = False, message.number, message.to
        if message.problem or to is None:
            self.host.tell(message.problem, problem=True)
        elif to.what == "study":
            await jump(self.host, to)
            self.host.tell(
                f"Created the study “{message.title}” for {number:,} participants."
                " Press e to edit it."
            )
        else:
            self.host.tell(f"Saved {number:,} participants as the segment “{message.title}”.")
