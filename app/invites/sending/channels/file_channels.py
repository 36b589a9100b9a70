"""Invites as files on this computer: one ``.eml`` for each, or one table for a mail merge.

A file's name depends on its invites, so that another try replaces the file with an equal one. No
other invite has the same name, even in a new database, which counts from 1 again. An invite is
removed again if its participant opts out during the writing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from email.parser import BytesHeaderParser
from email.policy import default
from hashlib import sha256
from pathlib import Path

from app.files import replace_atomically, sync_folder
from app.invites.mail.template import render
from app.invites.sending.batch_work import BatchWork
from app.invites.sending.channels.channel import Limit, PutResult
from app.invites.sending.jobs import Job
from app.invites.sending.runs import RunView, columns
from app.panel.export.writer import Line, OutputProblem, write, writing
from app.paths import make_private

COLUMNS = ("email", "name", "link", "subject", "text")
TOGETHER = 100  # emails that are written before each commit


class Folder:
    """A folder that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def put(self, name: str, content: bytes) -> None:
        """Write a file that is complete or absent. It survives a power cut once :meth:`sync` was
        called. Raises OSError."""
        make_private(self._path)
        with replace_atomically(self._path / name, part=f".{name}.part") as out:
            out.write(content)

    def put_table(self, name: str, lines: Iterable[Line]) -> None:
        """Write a CSV of :data:`COLUMNS`, safe from formulas in spreadsheets. Raises
        OutputProblem."""
        make_private(self._path)
        with writing(str(self._path / name)) as out:
            write(out, COLUMNS, lines, "csv", exact=True)

    def sync(self) -> None:
        """Write the folder's file names to the disk too. Raises OSError."""
        sync_folder(self._path)

    def remove(self, name: str) -> None:
        """Delete a file if it exists. Raises OSError."""
        (self._path / name).unlink(missing_ok=True)

    def remove_mail_to(self, address: str, name: str) -> None:
        """Delete the email of this name if it goes to this address. Raises OSError."""
        try:
            content = (self._path / name).read_bytes()
        except FileNotFoundError:
            return
        to = BytesHeaderParser(policy=default).parsebytes(content)["To"]
        if to is not None and address in [one.addr_spec for one in to.addresses]:
            self.remove(name)


def mailbox(home: Path) -> Folder:
    """The folder for invites as files."""
    return Folder(home / "mailbox")


def file_name(kind: str, study: int, invite: int, token: str) -> str:
    """The name of an email's file, the same at each try. ``token``: the invite's."""
    return f"{kind}-{study}-{invite}-{_digits(token)}.eml"


def earlier_file_name(kind: str, study: int, invite: int) -> str:
    """The name in version 0.2.0, which invites of different databases had in common."""
    return f"{kind}-{study}-{invite}.eml"


def _digits(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


class _FileChannel:
    """Writes several invites at once, then records that they were sent."""

    limits: Sequence[Limit] = ()
    server: str | None = None

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def put(self, work: BatchWork) -> PutResult:
        """Write the next ones, safe from a power cut."""
        jobs = work.claim(self._most(work.batch))
        if not jobs:
            return PutResult(0)
        try:
            self._write(work, jobs)
            self._folder.sync()
        except (OSError, OutputProblem) as error:
            work.settle(jobs, "sending", "queued")
            why = getattr(error, "strerror", None) or str(error)
            problem = f"{self._folder} cannot be written ({why}). Resume when it can."
            return PutResult(len(jobs), problem)
        identities = self._message_ids(work, jobs)
        if work.settle(jobs, "sending", "handed_over", message_ids=identities) < len(jobs):
            self._take_back(work, jobs, _handed_over(work, jobs))
        return PutResult(len(jobs))

    def idle(self) -> None:
        """Files need no rest."""

    def hurry(self) -> None:
        """Does nothing, because a file is written in a moment."""

    def close(self) -> None:
        """Does nothing, because nothing stays open between two turns."""

    def _most(self, batch: RunView) -> int:
        raise NotImplementedError

    def _message_ids(self, work: BatchWork, jobs: Sequence[Job]) -> dict[int, str]:
        """The Message-IDs of what was written, by invite."""
        return {}

    def _write(self, work: BatchWork, jobs: Sequence[Job]) -> None:
        """Raises OSError and OutputProblem."""
        raise NotImplementedError

    def _take_back(self, work: BatchWork, jobs: Sequence[Job], stays: Collection[int]) -> None:
        """Keep only the invites in ``stays``."""
        raise NotImplementedError


class EmlChannel(_FileChannel):
    """Writes one ``.eml`` file for each invite."""

    def _most(self, _: RunView) -> int:
        return TOGETHER

    def _message_ids(self, work: BatchWork, jobs: Sequence[Job]) -> dict[int, str]:
        return {job.invite: work.message_id(job) for job in jobs}

    def _write(self, work: BatchWork, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._folder.put(_name_of(job), work.message(job, unsent=True))

    def _take_back(self, _: BatchWork, jobs: Sequence[Job], stays: Collection[int]) -> None:
        for job in jobs:
            if job.invite not in stays:
                self._folder.remove(_name_of(job))


def _name_of(job: Job) -> str:
    return file_name(job.kind, job.study, job.invite, job.token)


class CsvChannel(_FileChannel):
    """Writes one table for the whole batch."""

    def _most(self, batch: RunView) -> int:
        return batch.number

    def _write(self, work: BatchWork, jobs: Sequence[Job]) -> None:
        self._put(work, jobs)

    def _take_back(self, work: BatchWork, jobs: Sequence[Job], stays: Collection[int]) -> None:
        self._put(work, [job for job in jobs if job.invite in stays])

    def _put(self, work: BatchWork, jobs: Sequence[Job]) -> None:
        batch = work.batch
        # A database that was restored from a copy has the same key, but makes its batches later.
        digits = _digits(f"{work.key.hex()} {batch.kind} {batch.id} {batch.at}")
        name = f"{batch.kind}s-{batch.study_id}-{batch.id}-{digits}.csv"
        self._folder.put_table(name, (_line(work, job) for job in jobs))


def _handed_over(work: BatchWork, jobs: Sequence[Job]) -> set[int]:
    _, state, _ = columns(work.batch.kind)
    found = work.store.rows(
        f"SELECT id FROM invite WHERE {work.store.among('id')} AND {state} = 'handed_over'",
        (work.store.values([job.invite for job in jobs]),),
    )
    return {key for (key,) in found}


def _line(work: BatchWork, job: Job) -> Line:
    made = render(work.template, job.name, job.token)
    return {
        "email": job.address,
        "name": job.name,
        "link": made.link,
        "subject": work.subject(job),
        "text": made.text,
    }
