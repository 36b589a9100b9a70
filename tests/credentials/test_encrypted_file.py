"""Passphrases, changed files, and secrets that must not show."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.credentials import encrypted_file
from app.credentials.store import CredentialProblem, Credentials, TokenStore
from tests.helpers import quick_scrypt
from tests.helpers.credentials import PASSPHRASE, everything, left, opened, problem
from tests.helpers.keyring_backends import FAILING, Forgets, Memory, path

TOKEN = "canary-token"
SECRET = {"access": TOKEN, "more": {"refresh": "canary-refresh"}}


def kept(home: Path, passphrase: str = PASSPHRASE) -> Credentials:
    """A home whose secrets are encrypted with a passphrase."""
    credentials = opened(home, token_store=TokenStore.PASSPHRASE, passphrase=passphrase)
    credentials.put("a", SECRET)
    return credentials


def document(home: Path) -> Path:
    """The one file with the secrets."""
    (file,) = (home / "credentials").glob("*.credentials")
    return file


def test_only_the_passphrase_opens_the_file(home: Path) -> None:
    kept(home)
    credentials = opened(home)
    for work in (
        credentials.names,
        credentials.ensure,
        lambda: credentials.put("b", {}),
        lambda: credentials.delete("a"),
    ):
        assert "PANELIST_PASSPHRASE" in problem(work, "locked")
    for wrong in (PASSPHRASE + " ", ""):
        kind = "wrong passphrase" if wrong else "locked"
        problem(lambda wrong=wrong: credentials.unlock(wrong), kind)  # type: ignore[misc]
        problem(credentials.names, "locked")
    problem(opened(home, passphrase="no").ensure, "wrong passphrase")
    problem(lambda: opened(home, passphrase="no").put("b", {}), "wrong passphrase")
    credentials.unlock(PASSPHRASE)
    problem(lambda: credentials.unlock("no"), "wrong passphrase")
    credentials.put("b", {})
    assert everything(credentials) == {"a": SECRET, "b": {}}


def test_a_passphrase_can_be_changed(home: Path) -> None:
    credentials = kept(home)
    before = document(home).read_bytes()
    credentials.choose(TokenStore.PASSPHRASE, "another")
    assert everything(credentials) == {"a": SECRET}
    problem(opened(home, passphrase=PASSPHRASE).names, "wrong passphrase")
    assert everything(opened(home, passphrase="another")) == {"a": SECRET}
    assert encrypted_file.salt_in(before, "") != encrypted_file.salt_in(
        document(home).read_bytes(), ""
    )


def test_a_change_that_fails_leaves_the_passphrase(home: Path, tmp_path: Path) -> None:
    credentials = kept(home)
    content = document(home).read_bytes()
    document(home).chmod(0o640)
    problem(lambda: credentials.choose(TokenStore.PASSPHRASE, "another"), "refused")
    document(home).chmod(0o600)
    (home / "credentials/place.json").rename(tmp_path / "place.json")
    (home / "credentials/place.json").mkdir()
    problem(lambda: credentials.choose(TokenStore.PASSPHRASE, "another"), "unavailable")
    (home / "credentials/place.json").rmdir()
    (tmp_path / "place.json").rename(home / "credentials/place.json")
    assert document(home).read_bytes() == content
    assert everything(credentials) == {"a": SECRET}


def test_a_forgotten_passphrase_is_no_dead_end(home: Path) -> None:
    kept(home)
    credentials = opened(home)
    problem(lambda: credentials.choose(TokenStore.PASSPHRASE, "new"), "locked")
    credentials.choose(TokenStore.PASSPHRASE, "new", set_aside=True)
    assert everything(opened(home, passphrase="new")) == {}
    assert len([name for name in left(home) if name.endswith(".aside")]) == 1


def test_what_people_have_is_dear_to_guess(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of OWASP's list, which all other tests make cheap."""
    assert quick_scrypt.SHIPPED == {"n": 2**15, "r": 8, "p": 3}
    cheap = kept(home.parent / "cheap")
    monkeypatch.setattr(encrypted_file, "SCRYPT", quick_scrypt.SHIPPED)
    kept(home)
    assert everything(opened(home, passphrase=PASSPHRASE)) == {"a": SECRET}
    problem(opened(home.parent / "cheap", passphrase=PASSPHRASE).names, "wrong passphrase")
    assert everything(cheap) == {"a": SECRET}  # it has its key


@pytest.mark.parametrize("passphrase", ["\udcff\ud800\0", "x" * 10_000])
def test_any_text_is_a_passphrase(home: Path, passphrase: str) -> None:
    kept(home, passphrase)
    assert everything(opened(home, passphrase=passphrase)) == {"a": SECRET}


def test_a_passphrase_is_the_same_from_every_keyboard(home: Path) -> None:
    kept(home, "caf\u00e9")
    assert opened(home, passphrase="cafe\u0301").get("a") == SECRET


def refused(read: Callable[[], object]) -> bool:
    """Whether nothing was read, for a reason that there is a sentence for."""
    try:
        return read() in (None, {})
    except CredentialProblem as problem:
        return problem.kind in ("damaged", "refused")


@given(st.data())
@settings(max_examples=150)
def test_a_file_that_was_changed_is_not_opened(data: st.DataObject) -> None:
    key = bytes(range(32))
    content = encrypted_file.seal({"a": SECRET}, key)
    if data.draw(st.booleans()):
        where = data.draw(st.integers(0, len(content) - 1))
        bit = 1 << data.draw(st.integers(0, 7))
        content = content[:where] + bytes([content[where] ^ bit]) + content[where + 1 :]
    else:
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    assert refused(lambda: encrypted_file.unseal(content, key, "file"))


@given(st.binary(max_size=200), st.sampled_from([b"", b'{"panelist": 1, "salt": ""}\n', b"[]\n"]))
@settings(max_examples=150)
def test_any_bytes_are_refused_with_a_sentence(content: bytes, head: bytes) -> None:
    for read in (
        encrypted_file.parsed,
        lambda text, name: encrypted_file.unseal(text, bytes(32), name),
    ):
        assert refused(partial(read, head + content, "file"))


def test_every_write_has_a_nonce_of_its_own(home: Path) -> None:
    credentials, seen = opened(home), set()
    for _ in range(20):
        credentials.put("a", SECRET)
        content = document(home).read_bytes()
        seen.add(content.partition(b"\n")[2][: encrypted_file.NONCE_BYTES])
    assert len(seen) == 20


def canaries() -> re.Pattern[str]:
    """What was kept, the key in the keyring and the passphrase."""
    keys = [re.escape(key) for key in Memory.kept.values()]
    return re.compile("|".join([r"canary", *keys]))


def said(problem: BaseException) -> str:
    """All that a report of a failure would show of it, and what it came from."""
    parts = ["".join(traceback.format_exception(problem))]
    seen: BaseException | None = problem
    while seen is not None:
        parts += [repr(seen), str(seen), repr(seen.args)]
        seen = seen.__cause__ or seen.__context__
    # A source line is quoted in a traceback: what these tests write in theirs is not meant.
    own = Path(__file__).name
    return re.sub(rf'File "[^"]*{own}".*\n.*\n', "", "\n".join(parts))


def failures(home: Path) -> list[Callable[[], object]]:
    """Ways to fail with a secret in hand."""
    document(home).write_bytes(b'{"a": "' + TOKEN.encode() + b"\xff")
    plain = home / "credentials" / f"PLAIN-{'0' * 16}.credentials"
    plain.write_bytes(b'{"a": {"access": "' + TOKEN.encode() + b'"}, \xff}')
    plain.chmod(0o600)
    pin = {"panelist": 1, "place": "plain", "id": "0" * 16, "backend": ""}

    def read_plain() -> object:
        (home / "credentials/place.json").write_text(json.dumps(pin))
        return opened(home).names()

    return [
        opened(home).names,
        lambda: opened(home, passphrase=PASSPHRASE).unlock("canary-wrong"),
        read_plain,
        *(
            lambda one=one: opened(home.parent / "new", backends=path(one)).put("a", SECRET)
            for one in (*FAILING, Forgets)
        ),
        lambda: opened(home.parent / "new").put("a", {"access": TOKEN, "x": object()}),
        lambda: opened(Path("/dev/null/home")).put("a", SECRET),
    ]


def test_secrets_are_not_in_what_is_said(
    home: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = kept(home)
    credentials.choose(TokenStore.KEYRING)
    shown = [
        repr(credentials),
        str(credentials),
        credentials.described(),
        repr(credentials.token_store),
    ]
    shown += [repr(part) for part in vars(credentials).values() if not isinstance(part, bytes)]
    for work in failures(home):
        try:
            work()
        except Exception as failure:
            shown.append(said(failure))
        else:
            raise AssertionError(work)
    shown += [caplog.text, *capfd.readouterr()]
    assert not [text for text in shown if canaries().search(text)]


def test_importing_the_store_loads_neither_keyring_nor_cryptography() -> None:
    code = (
        "import sys, app.credentials.store\nprint({'keyring', 'cryptography'} & sys.modules.keys())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
