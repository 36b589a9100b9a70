"""The problem that studies and invites raise, with a sentence for a person."""

from __future__ import annotations

from app.problems import Problem, UnknownName


class StudyProblem(Problem):
    """The text says what is wrong and what to do. ``place``: the field it is about, if there is
    one."""

    def __init__(self, text: str, place: str | None = None) -> None:
        super().__init__(text)
        self.place = place


class UnknownParticipant(StudyProblem, UnknownName):
    """No participant has this Stripe id or address."""


class UnknownInvite(StudyProblem, UnknownName):
    """No invite has this number."""


class RestoreSuspected(Problem):
    """The database must not send as it is. The text says why and what to do."""
