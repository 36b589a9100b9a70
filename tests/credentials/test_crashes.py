"""kill -9, and a disk that fails, at every file operation in turn and at any moment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.warm_process import WarmProcess

BOTH = [
    ("", "put"),
    ("keyring", "put"),
    ("keyring", "delete"),
    ("plain", "keyring"),
    ("keyring", "plain"),
    ("keyring", "session"),
]
KILLED = [
    *BOTH,
    ("plain", "put"),
    ("keyring", "keyring"),
    ("plain", "session"),
    ("plain", "passphrase"),
    ("passphrase", "keyring"),
]
TRIALS = [*(("die", *way) for way in KILLED), *(("fail", *way) for way in BOTH)]


def crashed(folder: Path, *arguments: object) -> Any:
    """What a process that forks and kills its children reports."""
    process = WarmProcess(
        "tests.helpers.credential_crashes",
        *map(str, (folder, *arguments)),
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = process.communicate()
    assert (process.returncode, err) == (0, ""), err
    return json.loads(out)


@pytest.mark.parametrize(("how", "place", "act"), TRIALS)
def test_at_every_file_operation_the_old_or_the_new_is_whole(
    tmp_path: Path, how: str, place: str, act: str
) -> None:
    report = crashed(tmp_path / "trials", how, place, act)
    assert report["wrong"] == []
    assert report["trials"] > 2


def test_killed_at_any_moment_what_was_done_is_done_and_nothing_is_in_clear(
    tmp_path: Path,
) -> None:
    report = crashed(tmp_path / "trials", "any", 80, "")
    assert report == {"trials": 80, "wrong": []}
