"""Reads what Studies shows of one study. It may take a while, so a thread does it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from app.db.store import Store
from app.invites import studies
from app.invites.figures.study_figures import StudyCounts, figures
from app.invites.plan.members import sample_member
from app.invites.sending import runs
from app.invites.sending.runs import RunView
from app.panel.segments.views import segments
from app.screens.studies.board.batch_rows import Batches
from app.screens.studies.board.study_rows import StudyView
from app.services.sending import InviteSending
from app.settings import SettingsError


@dataclass(frozen=True)
class StudyQuestion:
    """What a thread reads: ``study_id`` is the current study, ``member`` whom to show the mail
    for, ``here`` tells which batches this app sends."""

    connection_id: int
    study_id: int | None
    member: int
    here: Callable[[int], bool]


def read_view(
    store: Store,
    sending: InviteSending,
    asked: StudyQuestion,
    counted: StudyCounts,
    is_own: Callable[[RunView], bool],
) -> StudyView:
    """A study as it is shown. Raises StudyProblem if it was deleted, and DatabaseProblem."""
    assert asked.study_id is not None
    study = studies.get(store, asked.study_id)
    found = runs.of_study(store, study.id)
    quiet = rate = None
    with suppress(SettingsError):  # sending reports it
        quiet = sending.quiet_hours()
        rate = sending.per_minute() if found else None
    here = frozenset(run.id for run in found if asked.here(run.id))
    own = frozenset(run.id for run in found if is_own(run))
    return StudyView(
        study,
        counted,
        figures(store, study.id),
        Batches(found, here, own, quiet, rate),
        {one.key: one.name for one in segments(store, asked.connection_id)},
        sample_member(store, asked.connection_id, study.segments, asked.member),
    )
