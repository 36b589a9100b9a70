"""The queue: every batch that is not finished, and who may send it when."""

from __future__ import annotations

import time
from typing import Any

from app.db.store import Store
from app.invites.sending import runs
from app.invites.sending.factory import quiet_hours, refusal
from app.invites.sending.runs import RunView
from app.invites.sending.schedule import next_at, timing_words
from app.invites.studies import get
from app.settings import Settings
from app.text import plain


def goes_out_here(settings: Settings, run: RunView) -> bool:
    """Whether a Panelist with these settings may send a batch without being told to. Raises
    SettingsError."""
    sends = run.state == "running" and not run.channel.by_hand
    return sends and refusal(settings, run) is None


def queue_json(store: Store, settings: Settings, connection_id: int | None) -> list[dict[str, Any]]:
    """The queue of one account, or of all, for programs. Raises SettingsError and
    DatabaseProblem."""
    return [batch_json(store, settings, run) for run in runs.open_runs(store, connection_id)]


def batch_json(store: Store, settings: Settings, run: RunView) -> dict[str, Any]:
    """One batch of the queue, for programs. Raises SettingsError."""
    quiet = quiet_hours(settings)
    at = int(next_at(run, quiet, time.time())) if run.state == "running" else None
    return {
        "run": run.id,
        "study": run.study_id,
        "title": get(store, run.study_id).title,
        "kind": run.kind,
        "by": run.by,
        "way": run.channel.key,
        "mail_server": run.server,
        "state": run.state,
        "number": run.number,
        "left": run.left,
        "invited": run.invited,
        "start_at": run.start_at,
        "next_at": at,
        "quiet_hours": run.quiet_hours or quiet,
        "trouble": run.trouble,
        "goes_out_here": goes_out_here(settings, run),
    }


def batch_words(store: Store, run: RunView) -> str:
    """Which batch it is, for a person."""
    title = plain(get(store, run.study_id).title, 60)
    return f"Batch {run.id} of {run.person} for “{title}”"


def batch_line(store: Store, settings: Settings, run: RunView, now: float) -> str:
    """How far a batch of the queue is, and what it waits for, in one line for a person. Raises
    SettingsError."""
    said = [run.state, run.words, timing_words(run, quiet_hours(settings), now)]
    if run.trouble:
        said.append(plain(run.trouble, 1000))
    elif run.state == "running" and refusal(settings, run) is not None:
        said.append(f"waits for {run.server}" if run.server else "waits for another computer")
    return f"{batch_words(store, run)}: {'; '.join(part for part in said if part)}"
