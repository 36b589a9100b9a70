"""``python -m app`` as someone runs it: another process, a home of its own, a usual umask."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.panel.export.json_values import SCHEMA_VERSION
from app.sandbox.server.server import Sandbox
from tests.helpers.warm_process import WarmProcess


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The one sentence of a failure, on standard error and nowhere else."""
        assert self.out == ""
        assert self.err.endswith(".\n"), self.err
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        assert "Panelist crashed" not in self.err
        return self.err.strip()

    @property
    def json(self) -> Any:
        """The one JSON document of a success, without the versions of its schema."""
        assert (self.code, self.err) == (0, "")
        return without_versions(json.loads(self.out))

    @property
    def lines(self) -> list[Any]:
        """The JSON values of a success, one a line."""
        assert (self.code, self.err) == (0, "")
        return [without_versions(json.loads(line)) for line in self.out.splitlines()]


def seconds(text: str) -> float:
    """A time of a JSON value in seconds since 1970. It has its offset."""
    at = datetime.datetime.fromisoformat(text)
    assert at.tzinfo is not None
    return at.timestamp()


def without_versions(value: Any) -> Any:
    """A value of a command without the version of its schema, which each object has that stands by
    itself."""
    if isinstance(value, list):
        return [without_versions(one) for one in value]
    assert value.pop("schema_version") == SCHEMA_VERSION
    return value


@dataclass
class Home:
    """A folder for Panelist's files, and the environment that names it."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The folder of what the computer remembers."""
        return self.folder.with_name(f"{self.folder.name}-state")

    @property
    def environ(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PANELIST_")}
        kept.pop("PYTHONUNBUFFERED", None)
        own = {"PANELIST_HOME": str(self.folder), "PANELIST_STATE": str(self.state)}
        return {**kept, **own, **self.variables}

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start it; ``options`` are Popen's. It is imported already, unless something is asked
        of the Python that it runs on."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        asked = {"env": self.environ, "umask": 0o022, **pipes, **options}
        if "preexec_fn" not in options and not self._concerns_python:
            return WarmProcess("app", *arguments, **asked)
        return subprocess.Popen([sys.executable, "-m", "app", *arguments], text=True, **asked)

    @property
    def _concerns_python(self) -> bool:
        return any(
            name.startswith("PYTHON") and name != "PYTHON_KEYRING_BACKEND"
            for name in self.variables
        )

    def run(self, *arguments: str, given: str = "", **options: Any) -> Ended:
        process = self.start(*arguments, **options)
        out, err = process.communicate(given)
        return Ended(process.returncode, out or "", err)


def at(sandbox: Sandbox, folder: Path, *, key: bool = True) -> Home:
    """A home that knows where the sandbox is, and its key."""
    home = Home(folder, {"PANELIST_STRIPE_API_BASE": sandbox.url, "PANELIST_STRIPE_RATE": "0"})
    if key:
        home.variables["PANELIST_STRIPE_KEY"] = sandbox.world.restricted_key
    return home
