"""A small account with a study that is ready to be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.credentials.store import Credentials
from app.db.rows import Fetched
from app.db.store import Store
from app.invites import studies
from app.invites.mail.server_settings import MailRate, mail_server
from app.invites.mail.smtp import Session
from app.invites.plan import frozen, plan
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.options import Options
from app.invites.sending import outbox
from app.invites.sending.channels.channel import ChannelSetup, OpenChannel
from app.invites.sending.channels.registry import Channel
from app.invites.sending.channels.smtp_channel import SmtpChannel
from app.invites.sending.factory import open_channel
from app.invites.sending.outbox import QueuedBatch
from app.invites.sending.runs import RunView, view
from app.invites.sending.sender import Sender
from app.paths import Folders
from app.settings import Settings
from tests.helpers import rows

LETTER = {
    "link": "https://interviews.example/pricing?guest={{token}}",
    "sender_name": "Rosa Researcher",
    "sender_address": "research@acme.example",
}
BY = "rosa"


def account(store: Store, people: int) -> int:
    """That many customers, all with an email."""
    here = rows.connection(store)
    some = [rows.person(f"cus_{one:05}", name=f"Person {one}") for one in range(people)]
    rows.send(store, here, Fetched(1, participants=some))
    rows.make_segments(store, here)
    store.execute("UPDATE connection SET status = 'complete' WHERE id = ?", (here,))
    return here


def study(store: Store, here: int, title: str = "Pricing", **values: object) -> int:
    """An active study of everyone."""
    key = studies.create(store, here, title, BY, **{**LETTER, **values})
    studies.attach(store, key, ["all"], [], BY)
    studies.move(store, key, "active", BY)
    return key


def planned(store: Store, study_id: int, **options: object) -> LockedPlan:
    """Its plan, frozen."""
    wanted = Options(("all",), **options)  # type: ignore[arg-type]
    made = plan.make(store, studies.get(store, study_id), wanted)
    return frozen.freeze(store, made, BY)


def queued(store: Store, study_id: int, channel: str = "smtp", *, undo: int = 0) -> QueuedBatch:
    """Its plan, confirmed."""
    return outbox.queue(store, planned(store, study_id), channel, BY, undo=undo)


def sender(
    store: Store,
    here: int,
    folder: Path,
    url: str | None = None,
    *,
    rate: MailRate = MailRate(None, None),  # noqa: B008 - frozen
    patience: float = 0.3,
    password: str | None = None,
    state: Path | None = None,
    quiet_hours: str | None = None,
    clock: Callable[[], float] = time.time,
    tell: Callable[[str], None] = lambda _: None,
) -> Sender:
    """Sends for it, through the mail server at this address. ``state``: of the computer."""
    settings = Settings(home=folder, smtp_server=url)
    setup = ChannelSetup(store, settings, Credentials(folder))
    server = mail_server(settings)

    def opened(channel: Channel) -> OpenChannel:
        if channel.key == "smtp" and server is not None:
            return SmtpChannel(lambda: Session(server, password, patience), rate, str(server))
        return open_channel(channel, setup)

    at = Folders(folder, state) if state else folders(folder)
    return Sender(
        store,
        folders=at,
        open_channel=opened,
        quiet_hours=quiet_hours,
        clock=clock,
        tell=tell,
    )


def folders(home: Path) -> Folders:
    """A home, and a folder for the witness beside it."""
    return Folders(home, home.with_name(f"{home.name}-state"))


def send(sends: Sender, *, wait: bool = False) -> None:
    """Let it work until there is nothing to do now."""
    sends.work(threading.Event(), lambda _: True, wait=wait)


def states(store: Store, run: int) -> dict[str, str]:
    """The state of each invite of a run, by address."""
    return dict(store.rows("SELECT address, state FROM invite WHERE run_id = ?", (run,)))


def seen(store: Store, run: QueuedBatch) -> RunView:
    return view(store, run.run)
