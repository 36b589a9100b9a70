"""The mails of a run as files, or as one table; who opted out meanwhile is taken out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage

from app.db.store import Store
from app.invites.mail.folder import Folder
from app.invites.mail.template import Template, render
from app.invites.sending.jobs import Job
from app.invites.sending.runs import RunView, columns
from app.panel.export.writer import Line


def put(
    folder: Folder,
    run: RunView,
    letter: Template,
    jobs: Sequence[Job],
    mail: Callable[[Template, Job], EmailMessage],
) -> None:
    """Write them, so that they stay through a power cut. Raises OSError and OutputProblem."""
    if run.way == "csv":
        folder.put_table(_table(run), (_line(letter, job) for job in jobs))
    else:
        for job in jobs:
            folder.put(file_name(job.kind, job.study, job.invite), mail(letter, job).as_bytes())
    folder.settle()


def take_back(
    store: Store, folder: Folder, run: RunView, letter: Template, jobs: Sequence[Job]
) -> None:
    """Leave only those that were handed over."""
    _, state, _ = columns(run.kind)
    found = store.rows(
        f"SELECT id FROM invite WHERE {store.among('id')} AND {state} = 'handed_over'",
        (store.values([job.invite for job in jobs]),),
    )
    stays = {key for (key,) in found}
    if run.way == "csv":
        left = (_line(letter, job) for job in jobs if job.invite in stays)
        folder.put_table(_table(run), left)
        return
    for job in jobs:
        if job.invite not in stays:
            folder.take_back(file_name(job.kind, job.study, job.invite))


def file_name(kind: str, study: int, invite: int) -> str:
    """The file of a mail, the same at each try."""
    return f"{kind}-{study}-{invite}.eml"


def _table(run: RunView) -> str:
    return f"{run.kind}s-{run.study_id}-{run.id}.csv"


def _line(letter: Template, job: Job) -> Line:
    made = render(letter, job.name, job.token)
    return {
        "email": job.address,
        "name": job.name,
        "link": made.link,
        "subject": made.subject,
        "text": made.text,
    }
