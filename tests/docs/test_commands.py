"""Every command that the documentation shows works as it is shown."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from app.cli import run
from app.sandbox.server.server import Sandbox
from tests.docs.reference import commands, parse
from tests.docs.shell import PAGES, ShownCommand, mentioned, shown
from tests.helpers.mail_server import MailServer

# What is only read by the parser, and why it is not run.
ONLY_PARSED = {
    (): "opens the app",
    ("demo",): "opens the app, or runs for a while in a home of its own",
    ("sandbox",): "runs until it is stopped",
    ("serve",): "runs until it is stopped",
    ("sync", "--follow"): "runs until it is stopped",
    ("send", "--follow"): "runs until it is stopped",
    ("connect", "--oauth"): "waits for an approval in a browser",
    ("mail", "login"): "waits for an approval",
    ("mail", "logout"): "is for who signed in",
    ("move",): "needs a PostgreSQL",
}
ENDS_WITH = {
    ("invites", "resolve"): 1,  # no invite is uncertain here
    ("ledger", "--person"): 2,  # ada is no participant here
    ("show",): 2,
    ("why",): 2,
    ("open",): 2,
    ("invites", "unmark"): 1,  # and was not invited
    ("invites", "withdraw"): 1,
    ("invites", "lift", "bounce"): 1,
    ("invites", "link"): 1,
    ("restore", "monday.db"): 1,  # a database is in use
    ("restore", "monday.db", "--replace"): 0,
    ("invite", "--resume", "--run"): 2,  # no batch has that number here
    ("segments", "diff", "active", "--since"): 2,  # the history begins now
}
# Other programs: they are not ours to test, or they change the computer.
OTHERS = {
    *(
        "python3",
        "pip",
        "pytest",
        "git",
        "cd",
        "make",
        "pre-commit",
        "ruff",
        "mypy",
        "lint-imports",
    ),
    *("stripe", "useradd", "systemctl", "journalctl", "launchctl", "docker", "python"),
}
FILES = {
    "password.txt": "secret\n",
    "email.txt": "Hello {{first_name|there}},\n\n{{link}}\n\n{{opt_out}}\n",
}
HASH = "59d8ab12c03f"  # of a plan, wherever the pages show one
ids = [str(page.name) for page in PAGES]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=300, seed=1) as running:
        yield running


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with MailServer(login=("research", "secret")) as running:
        yield running


@pytest.fixture(scope="module")
def synced(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is connected, has credential storage, and has synced."""
    home = tmp_path_factory.mktemp("docs") / "home"
    with _process(home, sandbox):
        assert run(["connect", "--token-store", "plain"]) == 0
        assert run(["sync"]) == 0
    return home


@contextlib.contextmanager
def _process(home: Path, sandbox: Sandbox) -> Iterator[None]:
    """What a command changes of its process is put back: it usually ends with it."""
    root = logging.getLogger()
    handlers, level, umask = root.handlers[:], root.level, os.umask(0o022)
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    environ = {name: value for name, value in os.environ.items() if "PANELIST" not in name}
    environ |= {
        "PANELIST_HOME": str(home),
        "PANELIST_STATE": f"{home}-state",
        "PANELIST_STRIPE_API_BASE": sandbox.url,
        "PANELIST_STRIPE_KEY": sandbox.world.restricted_key,
        "PANELIST_STRIPE_RATE": "0",
        "PANELIST_PASSPHRASE": "a passphrase for tests",
    }
    try:
        with patch.dict(os.environ, environ, clear=True):
            yield
    finally:
        root.handlers, root.level = handlers, level
        os.umask(umask)
        for number, handler in signals.items():
            signal.signal(number, handler)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_commands_of_a_page_work_in_order(
    page: Path,
    synced: Path,
    sandbox: Sandbox,
    mail: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    shutil.copytree(synced, home)
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text, "utf-8")
    for name in ("key.txt", "secret.txt"):
        Path(name).write_text(f"{sandbox.world.restricted_key}\n", "utf-8")
    customers = [str(one["id"]) for one in sandbox.world.customers()]
    Path("customers.csv").write_text("\n".join(["id", *customers]), "utf-8")
    Path("leaving.csv").write_text("\n".join(["id", *customers[-2:]]), "utf-8")
    with _process(home, sandbox):
        for command in shown(page):
            if command.words[0] == "export":
                _export(command.words[1], mail)
            elif command.panelist is None:
                assert Path(command.words[0]).name in OTHERS, command.words
            else:
                if "answers.csv" in command.panelist:
                    _write_answers(home)
                arguments = [_filled_in(word, sandbox, home) for word in command.panelist]
                if not _only_parsed(arguments):
                    code = _run(arguments, command)
                    assert code == _expected(arguments), (arguments, capsys.readouterr())


def _export(assignment: str, mail: MailServer) -> None:
    """A variable has the value that is shown, but where a server or a secret is meant."""
    name, _, value = assignment.partition("=")
    if name == "PANELIST_SMTP_SERVER":
        os.environ[name] = mail.url
    elif name == "PANELIST_SMTP_OAUTH":
        return  # the rest of the page would need a sign-in
    elif name not in os.environ and name != "PANELIST_DATABASE_URL":
        os.environ[name] = value


def _filled_in(word: str, sandbox: Sandbox, home: Path) -> str:
    """A plan's hash is that of the newest plan: the one that the page made last."""
    if word == HASH:
        with contextlib.closing(sqlite3.connect(home / "panelist.db")) as database:
            (found,) = database.execute("SELECT hash FROM plan ORDER BY id DESC").fetchone()
        return str(found)[: len(HASH)]
    customer = str(sandbox.world.customers_table.object(0)["id"])
    return {"acct_…": sandbox.world.account_id, "cus_…": customer}.get(word, word)


def _write_answers(home: Path) -> None:
    """What an interview tool reports: someone who was invited took part."""
    with contextlib.closing(sqlite3.connect(home / "panelist.db")) as database:
        (address,) = database.execute(
            "SELECT address FROM invite WHERE state IN ('sent', 'handed_over')"
        ).fetchone()
    Path("answers.csv").write_text(f"email,Status\n{address},complete\n", "utf-8")


def _only_parsed(arguments: list[str]) -> bool:
    """Whether it cannot be run here; then it is read by the parser."""
    for beginning in ONLY_PARSED:
        if arguments == list(beginning) or (beginning and _begins(arguments, beginning)):
            parse(arguments)
            return True
    if arguments in (["--help"], ["--version"]):
        with pytest.raises(SystemExit) as ended:
            parse(arguments)
        return ended.value.code == 0
    return False


def _begins(arguments: list[str], beginning: tuple[str, ...]) -> bool:
    return arguments[: len(beginning)] == list(beginning)


def _run(arguments: list[str], command: ShownCommand) -> int:
    read = Path(command.reads).read_bytes() if command.reads else b""
    with patch("sys.stdin", io.TextIOWrapper(io.BytesIO(read))):
        try:
            return run(arguments)
        except SystemExit as ended:
            return int(ended.code or 0)


def _expected(arguments: list[str]) -> int:
    codes = (code for beginning, code in ENDS_WITH.items() if _begins(arguments, beginning))
    return next(codes, 0)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_command_that_a_sentence_names_can_be_said(page: Path) -> None:
    names = {command.name for command in commands()}
    for arguments in mentioned(page):
        if " ".join(["panelist", *arguments]) not in names:
            parse(arguments)
