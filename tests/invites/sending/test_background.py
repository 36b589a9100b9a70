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
from app.invites.sending.sender import Sender
from app.problems import Problem
from tests.helpers.study_world import account, queued, sender, study

PATIENCE = 20.0


@pytest.mark.parametrize(
    ("problem", "goes_on"),
    [(DatabaseProblem("It is away."), True), (RestoreSuspected("It is old."), False)],
)
def test_what_ends_it(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    problem: Problem,
    goes_on: bool,
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

    sends = BackgroundSending(store, make, tell)
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
    assert said == [str(problem)]
    assert runs.view(store, run).left == 0
