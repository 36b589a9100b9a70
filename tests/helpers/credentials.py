"""What the tests of the credential store share."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.credentials.store import CredentialProblem, Credentials, TokenStore
from tests.helpers.keyring_backends import Memory, OnDisk, path
from tests.helpers.warm_process import WarmProcess

MEMORY = path(Memory)
ON_DISK = path(OnDisk)
PASSPHRASE = "correct horse canary-passphrase"
PLACES = (TokenStore.KEYRING, TokenStore.PASSPHRASE, TokenStore.PLAIN)
ROOT = Path(__file__).parents[2]


def opened(home: Path, **options: Any) -> Credentials:
    """The store as another start of Panelist has it."""
    return Credentials(home, **{"backends": MEMORY, "limit": 2.0, **options})


def problem(work: Callable[[], object], kind: str) -> str:
    """The sentence with which something is refused."""
    import pytest  # here, as some processes of the tests need all else

    with pytest.raises(CredentialProblem) as caught:
        work()
    text = str(caught.value)
    assert caught.value.kind == kind, text
    assert "\n" not in text
    assert text.endswith(".")
    return text


def holding(folder: Path, text: str) -> list[str]:
    """Names of the files below a folder that have this in them."""
    return sorted(
        file.name
        for file in folder.rglob("*")
        if file.is_file() and (text.encode() in file.read_bytes() or text in file.name)
    )


def left(home: Path) -> list[str]:
    """What lies in the folder besides locks."""
    found = (home / "credentials").glob("*")
    return sorted(file.name for file in found if file.suffix != ".lock")


def everything(credentials: Credentials) -> dict[str, Any]:
    """All that is kept."""
    return {name: credentials.get(name) for name in credentials.names()}


def start(
    code: str, *arguments: object, environ: dict[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Another Python that has everything imported as ``from … import *`` would; ``arguments``
    are its ``sys.argv[1:]``. It is a fresh one if ``before`` has the words of a command to start
    it with, or ``environ`` variables for it."""
    text = (
        "import sys, os, time, threading\nfrom pathlib import Path\n"
        "from app.credentials.store import *\n"
        "from tests.helpers.credentials import *\n" + textwrap.dedent(code)
    )
    module, *given = "tests.helpers.python_code", text, *map(str, arguments)
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    asked = {"env": {**os.environ, **(environ or {})}, **pipes, **options}
    before = asked.pop("before", [])
    if not before and not environ:
        return WarmProcess(module, *given, **asked)
    start = [*before, sys.executable, "-m", module, *given]
    return subprocess.Popen(start, cwd=ROOT, text=True, **asked)


def run(code: str, *arguments: object, **options: Any) -> str:
    """What it prints, once it has ended well and without a word on standard error."""
    process = start(code, *arguments, **options)
    out, err = process.communicate(timeout=40)
    assert (process.returncode, err) == (0, ""), err
    return out.strip()


def run_together(code: str, *arguments: Sequence[object], **options: Any) -> list[str]:
    """As ``run``, one process for each list of arguments, all at once."""
    processes = [start(code, *one, **options) for one in arguments]
    ended = [(*process.communicate(timeout=40), process.returncode) for process in processes]
    assert [(err, code) for _, err, code in ended] == [("", 0)] * len(processes)
    return [out.strip() for out, _, _ in ended]
