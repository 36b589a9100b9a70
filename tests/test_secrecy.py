"""Codes, tokens, keys and secrets through the whole flow: nowhere but where they belong."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from app.credentials.encrypted_file import SCRYPT
from app.credentials.store import Credentials, TokenStore
from app.sandbox.server.server import Sandbox
from tests.helpers.approved_home import decide, said
from tests.helpers.callback_client import free_port
from tests.helpers.command import Home
from tests.helpers.oauth_process import connecting, office, stripe
from tests.helpers.sandbox_client import Clock
from tests.helpers.sandbox_oauth import web

PASSPHRASE = "canary horse battery staple"
FULLEST = f"""
import logging, os, sys
from app.credentials.encrypted_file import SCRYPT
SCRYPT.update({SCRYPT})
logging.captureWarnings(True)
everything = logging.FileHandler(os.path.join(os.environ["TEST_LOGS"], f"{{os.getpid()}}.log"))
for name in ("app", "asyncio", "keyring", "peewee", "py.warnings", "urllib3", "httpx", "httpcore"):
    logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger(name).addHandler(everything)
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with stripe(free_port(), clock=clock) as running:
        yield running


def forms(secret: str) -> set[bytes]:
    """How a secret may be written, without its telling start: as it is, in a URL, in base64
    wherever it begins, in hexadecimal."""
    raw = secret[8:].encode()
    found = {raw, quote(secret[8:], safe="").encode(), raw.hex().encode(), raw[::-1]}
    for start in range(3):
        encoded = base64.b64encode(raw[start:])
        found.add(encoded[: len(encoded) // 4 * 4 - 4])
    return found


class Watch:
    """Everything that the commands wrote, said and were called with."""

    def __init__(self, home: Home, logs: Path) -> None:
        self.home, self.logs = home, logs
        self.secrets: dict[str, str] = {"passphrase": PASSPHRASE}
        self.heard: list[str] = []

    def look_at_processes(self) -> None:
        for process in psutil.Process().children(recursive=True):
            try:
                self.heard.append("\0".join(process.cmdline()))
            except psutil.Error:  # it has ended
                continue

    def run(self, *arguments: str, code: int = 0) -> None:
        process = self.home.start(*arguments)
        self.look_at_processes()
        out, err = process.communicate(timeout=30)
        self.heard += [out, err]
        assert process.returncode == code, err

    def found(self) -> list[str]:
        """Each secret that is somewhere, and where."""
        files = [one for one in self.home.folder.rglob("*") if one.is_file()]
        files += [one for one in self.logs.iterdir() if one.suffix == ".log"]
        written = {one.name: one.read_bytes() for one in files}
        written |= {f"said {text[:40]!r}": text.encode() for text in self.heard}
        return [
            f"{name} in {place}"
            for name, secret in self.secrets.items()
            for place, content in written.items()
            if any(form in content for form in forms(secret))
        ]

    def remember_tokens(self, account: str, place: TokenStore, label: str) -> None:
        found = Credentials(self.home.folder, token_store=place, passphrase=PASSPHRASE)
        held = found.get(f"stripe {account} test")
        assert held
        assert len(held["access"]) > 20 < len(held["refresh"])
        self.secrets |= {f"{label} access": held["access"], f"{label} refresh": held["refresh"]}


@pytest.fixture
def watch(sandbox: Sandbox, tmp_path: Path) -> Watch:
    """A home with the log at its fullest. Its processes are not those that the other tests
    prepare, but keys from passphrases cost them as little."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "sitecustomize.py").write_text(FULLEST)
    port = int(sandbox.world.oauth.redirect_uris[-1].split(":")[2].partition("/")[0])
    home = office(
        sandbox,
        tmp_path,
        port,
        PANELIST_PASSPHRASE=PASSPHRASE,
        PYTHONPATH=str(logs),
        PYTHONASYNCIODEBUG="1",
        PYTHONWARNINGS="default",
        TEST_LOGS=str(logs),
    )
    watch = Watch(home, logs)
    watch.secrets["client secret"] = sandbox.world.client_secret
    watch.secrets["key"] = sandbox.world.restricted_key
    return watch


def flow(watch: Watch, sandbox: Sandbox, clock: Clock, place: TokenStore) -> None:
    """Connect in several ways, sync, renew, be refused, be out of order, be revoked, leave."""
    world, options = sandbox.world, sandbox.options

    def connect(answer: str, code: int = 0) -> None:
        with connecting(watch.home) as waiting:
            location = decide(waiting.url, "deny" if answer == "deny" else "approve")
            watch.look_at_processes()
            watch.secrets[f"code to {answer}"] = said(location).get("code", "nothing" * 3)
            if answer == "paste":
                waiting.give(location[:-9], location)
            else:
                web.get(location)
            ended = waiting.end()
        watch.heard += [ended.out, ended.err]
        assert ended.code == code, ended.err

    connect("deny", 1)
    for fault in ("400", "nothing"):
        options.token_fault = fault
        connect(fault, 1)
    options.token_fault = ""
    connect("follow")
    watch.remember_tokens(world.account_id, place, "first")
    watch.run("sync")
    connect("paste")
    watch.remember_tokens(world.account_id, place, "second")
    clock.now += 3_601
    watch.run("sync", "--json")
    watch.remember_tokens(world.account_id, place, "third")
    options.token_fault = "400"
    clock.now += 3_601
    watch.run("sync", code=1)
    options.token_fault = ""
    world.oauth.remove_all()
    watch.run("sync", code=3)
    connect("come back")
    watch.run("disconnect", "--yes")
    watch.home.variables["PANELIST_STRIPE_KEY"] = world.restricted_key
    watch.run("sync")
    options.revoked = True
    watch.run("sync", code=3)
    watch.run("info")
    watch.run("status")


def test_nothing_is_anywhere_in_clear(watch: Watch, sandbox: Sandbox, clock: Clock) -> None:
    """And every file is private: the processes run with the umask 022."""
    watch.home.variables["PANELIST_TOKEN_STORE"] = "passphrase"
    flow(watch, sandbox, clock, TokenStore.PASSPHRASE)
    assert len(watch.secrets) >= 14
    assert watch.found() == []
    assert [log for log in watch.logs.glob("*.log") if log.stat().st_size], "nothing was logged"
    seen = set()
    for one in (watch.home.folder, *watch.home.folder.rglob("*")):
        mode = one.lstat().st_mode
        assert stat.S_IMODE(mode) == (0o700 if stat.S_ISDIR(mode) else 0o600), one
        seen.add(one.name)
    assert {"home", "credentials", "place.json", "document.lock", "panelist.db"} <= seen
    assert [name for name in seen if name.endswith(".credentials")]


def test_a_plain_file_holds_tokens_while_they_are_kept(watch: Watch, sandbox: Sandbox) -> None:
    """That is what it was chosen for; nothing else holds them, and then nothing does."""
    with connecting(watch.home) as waiting:
        web.get(decide(waiting.url))
        assert waiting.end().code == 0
    watch.remember_tokens(sandbox.world.account_id, TokenStore.PLAIN, "kept")
    (plain,) = (watch.home.folder / "credentials").glob("PLAIN-*.credentials")
    assert watch.found() == [f"kept access in {plain.name}", f"kept refresh in {plain.name}"]
    watch.run("disconnect", "--yes")
    assert watch.found() == []


def test_the_watch_sees_a_secret_however_it_is_written(watch: Watch) -> None:
    secret = watch.secrets["client secret"]
    for number, text in enumerate((secret, f"{secret}:", f"x{secret}", f"xy{secret}")):
        spilled = base64.b64encode(text.encode()) if number else text.encode()
        (watch.logs / "spilled.log").write_bytes(b"Authorization: Basic " + spilled)
        assert watch.found() == ["client secret in spilled.log"], text[:4]
