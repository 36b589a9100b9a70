"""PostgreSQL goes away while emails are sent or webhooks are received, and comes back."""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from app.commands.send.queue_run import send_queue
from app.commands.serve import database_watch
from app.commands.serve.database_watch import watch_database
from app.commands.shared import database_patience
from app.commands.shared.batch_sending import send_batch
from app.commands.shared.context import Context
from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.settings import Settings
from tests.helpers.approved_home import until
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import account, queued, states, study

pytestmark = pytest.mark.parametrize("settings", ["postgres"], indirect=True)
ENDED = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Line:
    """The way to a PostgreSQL server. ``settings``: name it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        assert settings.database_url
        self._url = settings.database_url
        address, _, self._socket = self._url.partition("?host=")
        self._link = folder / "way"
        self.join()
        self.settings = replace(settings, database_url=f"{address}?host={self._link}")

    def join(self) -> None:
        self._link.symlink_to(self._socket)

    def cut(self) -> None:
        """No one reaches it, and who did loses it."""
        self._link.unlink()
        with psycopg.connect(self._url, autocommit=True) as session:
            session.execute(ENDED)


@pytest.fixture
def line(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setattr(database_patience, "AGAIN", 0.01)
    monkeypatch.setattr(database_watch, "EVERY", 0.01)
    return Line(settings, tmp_path)


class Heard:
    """All that was said on standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self.text = capsys, ""

    def has(self, words: str) -> bool:
        self.text += self._capsys.readouterr().err
        return words in self.text


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> Heard:
    return Heard(capsys)


@pytest.fixture
def opened(line: Line) -> Iterator[Store]:
    store = open_store(line.settings)
    yield store
    store.close()


def sending(how: str, store: Store, run: int, settings: Settings) -> int:
    if how == "invite":
        return send_batch(Context(settings, store, 1), run, as_json=False)
    return send_queue(argparse.Namespace(account=None, json=False, follow=False))


@pytest.mark.parametrize("how", ["invite", "send"])
def test_sending_goes_on_when_it_is_back(
    line: Line, opened: Store, heard: Heard, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    batch = queue(line, opened, monkeypatch)

    def come_back() -> None:
        until(lambda: heard.has("Panelist tries again automatically."))
        line.join()

    back = threading.Thread(target=come_back)
    with MailServer(cutting(line, back.start)) as server:
        settings = sends_by(server, line, opened, monkeypatch)
        code = sending(how, opened, batch, settings)
        back.join()
        assert heard.has("The database responds again. Panelist continues.")
        assert heard.text.count("Panelist tries again") == 1
        assert set(server.counts.values()) == {1}
    opened.close()  # its session was ended as well
    assert sorted(states(opened, batch).values()) == ["sent"] * 3
    assert code == 0


@pytest.mark.parametrize("how", ["invite", "send"])
def test_what_is_said_if_it_stays_away(
    line: Line, opened: Store, heard: Heard, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(database_patience, "TRIES", 2)
    batch = queue(line, opened, monkeypatch)
    with MailServer(cutting(line)) as server:
        settings = sends_by(server, line, opened, monkeypatch)
        with pytest.raises(DatabaseProblem, match="does not respond correctly"):
            sending(how, opened, batch, settings)
    line.join()
    assert heard.has("1 sent, 2 left when the database last responded.")
    assert heard.has(f"To continue, run panelist invite --resume --run {batch}.")


def queue(line: Line, store: Store, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("PANELIST_HOME", str(line.settings.home))
    monkeypatch.setenv("PANELIST_DATABASE_URL", line.settings.database_url or "")
    monkeypatch.setenv("PANELIST_TOKEN_STORE", "plain")
    monkeypatch.setenv("PANELIST_MAIL_RATE", "0")
    return queued(store, study(store, account(store, 3))).run


def sends_by(
    server: MailServer, line: Line, store: Store, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """The settings, with this mail server for what is queued."""
    monkeypatch.setenv("PANELIST_SMTP_SERVER", server.url)
    store.execute("UPDATE run SET server = ?", (f"127.0.0.1:{server.port}",))
    from app.settings import load

    return load()


def cutting(line: Line, then: Callable[[], object] = lambda: None) -> Callable[[str], str]:
    """Cuts the line while the second email is offered."""
    met: list[str] = []

    def fault(recipient: str) -> str:
        met.append(recipient)
        if len(met) == 2:
            line.cut()
            then()
        return "ok"

    return fault


async def test_a_server_that_only_receives_says_it(line: Line, opened: Store, heard: Heard) -> None:
    watching = asyncio.create_task(watch_database(opened))

    async def said(words: str) -> None:
        while not heard.has(words):
            await asyncio.sleep(0)

    await asyncio.to_thread(line.cut)
    await said("webhooks are refused")
    line.join()
    await said("The database responds again. Webhooks are received.")
    watching.cancel()
    assert heard.text.count("webhooks are refused") == 1
