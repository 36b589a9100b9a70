"""The app's own sending goes on after a database that was away, and says what a person must do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.invites.errors import RestoreSuspected
from app.invites.sending import background, runs
from app.invites.sending.background import BackgroundSending
from app.invites.sending.channels.channel import ChannelNotSetUp
from app.invites.sending.sender import Sender
from tests.helpers.study_world import account, queued, sender, study

PATIENCE = 20.0


@pytest.mark.parametrize(
    ("problem", "goes_on", "sentence"),
    [
        (DatabaseProblem("It is away."), True, "It is away. Panelist tries again automatically."),
        (RestoreSuspected("It is old."), False, "It is old."),
        (ChannelNotSetUp("It is not set."), False, "It is not set."),
        (ZeroDivisionError("secret"), False, "A fault: ZeroDivisionError."),
    ],
)
def test_what_ends_it(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    problem: Exception,
    goes_on: bool,
    sentence: str,
) -> None:
    monkeypatch.setattr(background, "AGAIN", 0.01)
    here = account(store, 3)
    run = queued(store, study(store, here), "eml").run
    said: list[str] = []
    told, done = threading.Event(), threading.Event()
    failures = [problem] * (3 if goes_on else 1)

    def on_change(_: int) -> None:
        if not runs.view(store, run).left:
            done.set()

    def make() -> Sender:
        if failures:
            raise failures.pop()
        made = sender(store, here, tmp_path)
        made._on_change = on_change
        return made

    def tell(sentence: str) -> None:
        said.append(sentence)
        told.set()

    sends = BackgroundSending(store, make, tell, lambda error: f"A fault: {type(error).__name__}.")
    sends.send(run)
    try:
        assert told.wait(PATIENCE)
        if not goes_on:  # a person has looked, and it is sent from here again
            assert not sends.has(run)
            sends.send(run)
        assert done.wait(PATIENCE)
        assert sends.has(run)
    finally:
        sends.close()
    assert said == [sentence]
    assert runs.view(store, run).left == 0
