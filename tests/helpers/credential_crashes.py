"""A process that dies, or is failed, at each of its file operations in turn, and one that is
killed at any moment. ``python -m tests.helpers.credential_crashes`` prints what was found as JSON.

Each trial is a process of its own, forked from this one, which has everything imported.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from app.credentials.store import CredentialProblem, Credentials, TokenStore
from tests.helpers import quick_scrypt
from tests.helpers.credentials import ON_DISK, PASSPHRASE, everything, holding, left

REACHED = 3  # an exit code
OLD, NEW = "canary-old", "canary-new"
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "fcntl.flock")
Document = dict[str, Any]
Work = Callable[[Credentials], object]


def store(root: Path) -> Credentials:
    """The store of a trial."""
    return Credentials(root / "home", backends=ON_DISK, passphrase=PASSPHRASE)


def put_new(credentials: Credentials) -> None:
    credentials.put("a", {"token": NEW})


def prepared(root: Path, place: TokenStore | None) -> Document:
    """A home with a secret, or an empty one."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "keyring").mkdir(parents=True)
    os.environ["TEST_KEYRING"] = str(root / "keyring")
    if place is None:
        return {}
    credentials = store(root)
    credentials.choose(place)
    credentials.put("a", {"token": OLD})
    credentials.put("b", {"token": OLD})
    return everything(credentials)


def wrong(root: Path, allowed: list[Document]) -> list[str]:
    """What is not as promised, seen by another start of Panelist."""
    credentials = store(root)
    found = []
    try:
        kept = everything(credentials)
        if kept not in allowed:
            found.append(f"kept is {kept}, not one of {allowed}")
        clear = holding(root, "canary")
        if clear and not (credentials.token_store is TokenStore.PLAIN and len(clear) == 1):
            found.append(f"{credentials.token_store}, in clear: {clear}")
        orphans = len(list((root / "keyring").glob("* *[!t]"))) - (
            credentials.token_store is TokenStore.KEYRING
        )
        if orphans > 1:
            found.append(f"{orphans} keys that open nothing")
        credentials.ensure()
        credentials.put("later", {})
        if store(root).names() != sorted([*kept, "later"]):
            found.append("nothing can be put any more")
        if len(left(root / "home")) != 2:
            found.append(f"left over: {left(root / 'home')}")
    except Exception:
        found.append(traceback.format_exc())
    return found


def pinned(root: Path) -> list[bytes]:
    """The file that says where secrets are kept, if there is one."""
    return [file.read_bytes() for file in root.glob("home/credentials/place.json")]


def forked(work: Callable[[], object]) -> int:
    """Run it in a process of its own; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


class Fate:
    """Kills or fails this process at the n-th file operation below a folder."""

    def __init__(self, number: int, root: Path, how: str) -> None:
        self.left = number
        self._root = str(root)
        self._how = how
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or not self.left:
            return
        if not isinstance(arguments[0], int) and not str(arguments[0]).startswith(self._root):
            return
        self.left -= 1
        if not self.left and self._how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif not self.left:
            raise OSError(errno.ENOSPC, "No space left on device")


def each_operation(root: Path, how: str, place: str, work: Work, after: Document) -> Any:
    """One trial for each file operation; how many there were, and what was wrong."""
    before = prepared(root / "first", TokenStore(place) if place else None)
    trial = root / "trial"
    os.environ["TEST_KEYRING"] = str(trial / "keyring")
    found: list[str] = []

    def fated(number: int) -> None:
        credentials, said = store(trial), ""
        fate = Fate(number, trial, how)
        try:
            work(credentials)
            allowed = [after]
        except CredentialProblem as problem:
            said = str(problem)
            allowed = [after] if ".credentials could not be deleted" in said else [before]
        reached, fate.left = not fate.left, 0
        if said and pinned(trial) == pinned(root / "first"):  # so nothing else has changed
            assert left(trial / "home") == left(root / "first/home")
        if (
            credentials.token_store is TokenStore.SESSION
        ):  # of this process; others see nothing any more
            allowed = [before]
        kept = everything(credentials)
        assert kept in allowed, (kept, allowed)
        assert said == "" or said.endswith("."), said
        assert "canary" not in said, said
        os._exit(REACHED if reached else 0)

    for number in range(1, 200):
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(root / "first", trial)
        child = forked(partial(fated, number))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 0:
            break
        if code not in (REACHED, -signal.SIGKILL):
            found.append(f"operation {number}: ended with {code}")
        found += [f"operation {number}: {one}" for one in wrong(trial, [before, after])]
    return {"trials": number, "wrong": found}


def main(root: Path, how: str, place: str, act: str) -> Any:
    if how == "any":
        return any_moment(root, int(place))
    old = {"a": {"token": OLD}, "b": {"token": OLD}} if place else {}
    after: Document = {**old, "a": {"token": NEW}}
    work: Work = put_new
    if act == "delete":
        after, work = {"b": {"token": OLD}}, lambda one: one.delete("a")
    elif act != "put":
        after, work = {} if act == "session" else old, lambda one: one.choose(TokenStore(act))
    return each_operation(root, how, place, work, after)


def any_moment(root: Path, kills: int) -> Any:
    """One process after another works on the same home and is killed; what it was told to be
    done must be there."""
    prepared(root, TokenStore.KEYRING)
    random.seed(kills)
    found: list[str] = []
    told: list[dict[str, int]] = [{}]
    for kill in range(kills):
        reader, writer = os.pipe()
        child = forked(partial(endless, store(root), told[-1], writer))
        os.close(writer)
        with os.fdopen(reader, "rb") as lines:
            started = lines.readline()
            time.sleep(random.uniform(0.0, 0.06))  # the kill comes at any moment
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            reports = [json.loads(line) for line in (started + lines.read()).splitlines()]
        done, begun = reports[-1]["done"], reports[-1]["begun"]
        credentials = store(root)
        kept = {
            name: secret["number"]
            for name, secret in everything(credentials).items()
            if name.startswith("n")
        }
        if kept not in (done, begun):
            found.append(f"kill {kill}: {kept} is neither {done} nor {begun}")
        clear = holding(root, "canary")
        if clear and not (credentials.token_store is TokenStore.PLAIN and len(clear) == 1):
            found.append(f"kill {kill}: {credentials.token_store}, in clear: {clear}")
        told.append(kept)
    return {"trials": kills, "wrong": found}


def endless(credentials: Credentials, done: dict[str, int], writer: int) -> None:
    """Put, delete and move for ever; a line before and after each."""

    def tell(begun: dict[str, int]) -> None:
        os.write(writer, json.dumps({"done": done, "begun": begun}).encode() + b"\n")

    tell(done)
    for number in range(1_000_000):
        name = f"n{random.randrange(3)}"
        act = random.choice(["put", "put", "delete", *PLACES])
        if act == "put":
            tell({**done, name: number})
            credentials.put(name, {"number": number, "token": OLD})
            done = {**done, name: number}
        elif act == "delete":
            rest = {key: value for key, value in done.items() if key != name}
            tell(rest)
            credentials.delete(name)
            done = rest
        else:
            tell(done)
            credentials.choose(TokenStore(act))
        tell(done)


PLACES = ["keyring", "plain"] * 3 + ["passphrase"]

if __name__ == "__main__":
    quick_scrypt.use()
    print(json.dumps(main(Path(sys.argv[1]), *sys.argv[2:5])))
