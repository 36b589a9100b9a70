"""A command that waits for long says for what, and when that is over."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.commands.shared import slow_answers
from app.commands.shared.stripe_access import sync_access
from app.commands.shared.sync_trouble import SyncTrouble
from app.credentials.factory import open_credentials
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.invites.mail.server_settings import MailRate
from app.settings import Settings
from app.sync.auth.key_check import KeyProblem
from app.sync.engine import Activity
from app.sync.service import SyncService
from app.sync.stripe import client
from tests.helpers.mail_server import MailServer
from tests.helpers.standard_error import Heard
from tests.helpers.study_world import account, queued, sender, study

Said = Callable[[], str]


@pytest.fixture
def opened(sqlite_settings: Settings) -> Iterator[Store]:
    store = open_store(sqlite_settings)
    yield store
    store.close()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return lambda: capsys.readouterr().err


def sentences_of(store: Store, folder: Path, fault: str, rate: MailRate) -> list[str]:
    """What a sender says until it waits for more than a few seconds."""
    here, stop, told = account(store, 2), threading.Event(), list[str]()
    queued(store, study(store, here))

    def tell(sentence: str) -> None:
        told.append(sentence)
        stop.set()

    with MailServer(lambda _: fault) as server:
        sender(store, here, folder, server.url, rate=rate, tell=tell).work(stop, lambda _: True)
    return told


def test_emails_that_the_server_put_off(opened: Store, tmp_path: Path) -> None:
    (told,) = sentences_of(opened, tmp_path, "rcpt 450", MailRate(None, None))
    assert told.startswith("2 emails wait, because the mail server put them off. The next try is")


def test_a_rate_limit(opened: Store, tmp_path: Path) -> None:
    told = sentences_of(opened, tmp_path, "ok", MailRate(1, None))
    assert told == ["No more than 1 email leaves in a minute (PANELIST_MAIL_RATE)."]


def test_stripe_that_does_not_answer(
    opened: Store, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(monkeypatch)
    monkeypatch.setattr(slow_answers, "SLOW", 0.0)
    monkeypatch.setattr(client, "ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = replace(
            sqlite_settings,
            stripe_key="rk_test_" + "x" * 30,
            stripe_api_base=f"http://127.0.0.1:{silent.getsockname()[1]}",
        )
        service = SyncService(opened, settings, open_credentials(settings))
        failed = list[Exception]()

        def ask() -> None:
            try:
                sync_access(service)
            except KeyProblem as problem:
                failed.append(problem)

        asking = threading.Thread(target=ask)
        asking.start()
        heard.wait_for(slow_answers.STRIPE)
    asking.join()
    assert len(failed) == 1


def test_a_sync_says_its_trouble_once_and_that_it_is_over(said: Said) -> None:
    trouble = SyncTrouble()
    away = Activity("The database is away. Trying again in 5 s", problem=True)
    for activity in (
        away,
        Activity("Asking Stripe what time it is"),  # nothing has worked yet
        replace(away, doing="The database is away. Trying again in 10 s"),
        Activity("The database is away.", problem=True, looking_on=True),
    ):
        trouble.see(activity)
    assert said() == "The database is away. Trying again.\n"
    works = Activity("Watching for changes", next_poll_at=1.0)
    trouble.see(works)
    trouble.see(works)
    assert said() == "The sync works again.\n"


def test_a_request_that_is_tried_again_is_said_after_a_while(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = SyncTrouble()
    again = Activity("Stripe cannot be reached; trying again", problem=True)
    trouble.see(again)
    assert said() == ""
    monkeypatch.setattr(slow_answers, "SLOW", 0.0)
    trouble.see(again)
    trouble.see(again)
    assert said() == "Stripe cannot be reached. Trying again.\n"
