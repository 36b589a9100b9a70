"""kill -9, and a disk that fails, at every file operation in turn and at any moment."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.credentials.helpers import ROOT

WAYS = [
    ("", "put"),
    ("keyring", "put"),
    ("plain", "put"),
    ("keyring", "delete"),
    ("plain", "keyring"),
    ("keyring", "plain"),
    ("keyring", "keyring"),
    ("plain", "session"),
    ("keyring", "session"),
]
TRIALS = [*itertools.product(["die", "fail"], WAYS), ("die", ("plain", "passphrase"))]
TRIALS.append(("die", ("passphrase", "keyring")))


def crashed(folder: Path, *arguments: object) -> Any:
    """What a process that forks and kills its children reports."""
    command = [sys.executable, "-m", "tests.credentials.crashing", folder, *arguments]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("how", "way"), TRIALS)
def test_at_every_file_operation_the_old_or_the_new_is_whole(
    tmp_path: Path, how: str, way: tuple[str, str]
) -> None:
    report = crashed(tmp_path / "trials", how, *way)
    assert report["wrong"] == []
    assert report["trials"] > 5


def test_killed_at_any_moment_what_was_done_is_done_and_nothing_is_in_clear(
    tmp_path: Path,
) -> None:
    report = crashed(tmp_path / "trials", "any", 100, "")
    assert report == {"trials": 100, "wrong": []}
