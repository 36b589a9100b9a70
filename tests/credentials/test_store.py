"""The policy: one place at a time, chosen by a person, and nothing in clear by itself."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from app.credentials.store import CredentialProblem, Credentials, TokenStore
from tests.helpers.credentials import (
    MEMORY,
    PASSPHRASE,
    PLACES,
    everything,
    holding,
    left,
    opened,
    problem,
)
from tests.helpers.keyring_backends import Absent, Breakable, Memory, Waits, path

TOKEN = "canary-token"
SECRETS: dict[str, dict[str, Any]] = {
    "stripe acct_1 live": {"access": TOKEN, "expires_at": 1.5, "account": None},
    "stripe acct_2 test": {"key": "canary-key", "more": ["ü", {"nested": True}]},
}
NAMES = {
    TokenStore.KEYRING: "keyring (keyring_backends)",
    TokenStore.PASSPHRASE: "file encrypted with a passphrase",
    TokenStore.PLAIN: "UNENCRYPTED FILE",
    TokenStore.SESSION: "this session only",
}


def unlocked(home: Path, **options: Any) -> Credentials:
    return opened(home, **{"passphrase": PASSPHRASE, **options})


def filled(credentials: Credentials) -> Credentials:
    for name, secret in SECRETS.items():
        credentials.put(name, secret)
    return credentials


def test_nothing_is_looked_at_or_written_before_a_secret_is_asked_for(home: Path) -> None:
    credentials = opened(home, backends=path(Waits))
    assert credentials.token_store is None
    assert credentials.described() == "not selected"
    assert (credentials.get("a"), credentials.names()) == (None, [])
    credentials.delete("a")
    assert not home.exists()
    assert not Waits.asked.is_set()


def test_by_itself_it_is_the_keyring_and_only_a_key_lies_there(home: Path) -> None:
    credentials = filled(opened(home))
    assert credentials.token_store is TokenStore.KEYRING
    assert everything(opened(home)) == SECRETS
    assert [len(key) for key in Memory.kept.values()] == [44]
    assert holding(home, TOKEN) == holding(home, "acct_1") == []
    for key in Memory.kept.values():
        assert holding(home, key) == []


@pytest.mark.parametrize("place", PLACES)
def test_the_settings_come_before_the_keyring(home: Path, place: TokenStore) -> None:
    filled(unlocked(home, token_store=place))
    again = unlocked(home)
    assert again.token_store is place
    assert again.described() == NAMES[place]
    assert everything(again) == SECRETS
    assert (holding(home, TOKEN) == []) is (place is not TokenStore.PLAIN)
    assert all(name.startswith("PLAIN-") for name in holding(home, TOKEN))


def test_without_a_keyring_no_other_place_is_taken(home: Path) -> None:
    credentials = unlocked(home, backends=path(Absent))
    for work in (credentials.ensure, lambda: credentials.put("a", {"token": TOKEN})):
        text = problem(work, "unavailable")
        assert "--token-store passphrase" in text
    assert credentials.token_store is None
    assert left(home) == []


@pytest.mark.parametrize(("before", "after"), list(itertools.product(TokenStore, repeat=2)))
def test_moving_keeps_everything_and_leaves_nothing_behind(
    home: Path, before: TokenStore, after: TokenStore
) -> None:
    credentials = filled(unlocked(home, token_store=before))
    files, keys = set(left(home)), set(Memory.kept)
    credentials.choose(after)
    assert credentials.token_store is after
    assert credentials.described() == NAMES[after]
    assert everything(credentials) == SECRETS
    assert set(left(home)) & files <= {"place.json"}
    assert not set(Memory.kept) & keys
    assert len(Memory.kept) == (after is TokenStore.KEYRING)
    assert (holding(home, TOKEN) == []) is (after is not TokenStore.PLAIN)
    kept = {} if after is TokenStore.SESSION else SECRETS
    assert everything(unlocked(home)) == kept
    assert len(left(home)) == (0 if after is TokenStore.SESSION else 2)


def test_a_session_leaves_no_file_and_no_other_process_sees_it(home: Path) -> None:
    credentials = filled(opened(home, token_store=TokenStore.SESSION))
    credentials.ensure()
    credentials.delete("stripe acct_1 live")
    with credentials.lock("stripe acct_2 test", 1):
        problem(lambda: credentials.lock("stripe acct_2 test", 0.05).__enter__(), "unanswered")
    assert credentials.names() == ["stripe acct_2 test"]
    assert not home.exists()
    other = opened(home)
    assert (other.token_store, other.names()) == (None, [])


def test_what_is_given_and_taken_is_not_what_is_kept(home: Path) -> None:
    for number, place in enumerate(list(TokenStore)):
        credentials = unlocked(home / str(number), token_store=place)
        secret = {"tokens": ["1"]}
        credentials.put("a", secret)
        secret["tokens"].append("2")
        (credentials.get("a") or {})["tokens"].append("3")
        assert credentials.get("a") == {"tokens": ["1"]}


def test_a_session_and_what_another_process_kept_meanwhile_are_both_kept(home: Path) -> None:
    session = opened(home, token_store=TokenStore.SESSION)
    session.put("a", {"token": "1"})
    opened(home).put("b", {"token": "2"})
    assert session.names() == ["a"]
    session.choose(TokenStore.PLAIN)
    assert everything(opened(home)) == {"a": {"token": "1"}, "b": {"token": "2"}}
    assert Memory.kept == {}


@pytest.mark.parametrize(
    ("pinned", "wanted"),
    [
        *itertools.product([TokenStore.KEYRING, TokenStore.PLAIN], TokenStore),
        (TokenStore.PASSPHRASE, TokenStore.KEYRING),
    ],
)
def test_settings_against_the_choice_move_nothing(
    home: Path, pinned: TokenStore, wanted: TokenStore
) -> None:
    filled(unlocked(home, token_store=pinned))
    credentials = unlocked(home, token_store=wanted)
    if pinned is not wanted:
        for work in (
            credentials.ensure,
            credentials.names,
            lambda: credentials.get("a"),
            lambda: credentials.put("a", {}),
            lambda: credentials.delete("a"),
        ):
            text = problem(work, "refused")
            assert f"--token-store {wanted.value}" in text
        assert credentials.described() == NAMES[pinned]
        assert everything(unlocked(home)) == SECRETS
        credentials.choose(wanted)
    assert credentials.token_store is wanted
    assert everything(credentials) == SECRETS


@pytest.mark.parametrize("after", [TokenStore.KEYRING, TokenStore.PASSPHRASE])
def test_a_move_that_fails_changes_nothing(home: Path, after: TokenStore) -> None:
    filled(opened(home, token_store=TokenStore.PLAIN))
    credentials = opened(home, backends=path(Absent))
    kind = "unavailable" if after is TokenStore.KEYRING else "locked"
    problem(lambda: credentials.choose(after), kind)
    assert credentials.token_store is TokenStore.PLAIN
    assert everything(credentials) == everything(opened(home)) == SECRETS
    assert len(left(home)) == 2


def test_a_keyring_that_is_locked_later_does_not_cost_what_was_renewed(home: Path) -> None:
    backends = path(Breakable)
    credentials = filled(opened(home, backends=backends))
    Breakable.locked = True
    credentials.ensure()
    credentials.put("a", {"token": "renewed"})
    assert credentials.get("a") == {"token": "renewed"}
    other = opened(home, backends=backends)
    for work in (other.ensure, other.names, lambda: other.put("b", {})):
        problem(work, "refused")
    problem(lambda: other.choose(TokenStore.PLAIN), "refused")
    assert other.token_store is TokenStore.KEYRING
    Breakable.locked = False
    assert everything(other) == {**SECRETS, "a": {"token": "renewed"}}


@pytest.mark.parametrize("after", [TokenStore.SESSION, TokenStore.PLAIN])
def test_one_may_start_anew_without_a_keyring_that_is_no_more(
    home: Path, after: TokenStore
) -> None:
    filled(opened(home))
    credentials = opened(home, backends=path(Absent))
    problem(lambda: credentials.choose(after), "unavailable")
    problem(lambda: credentials.choose(TokenStore.KEYRING, set_aside=True), "unavailable")
    assert everything(opened(home)) == SECRETS
    credentials.choose(after, set_aside=True)
    assert everything(credentials) == {}
    credentials.put("a", {"token": "1"})
    assert everything(credentials) == {"a": {"token": "1"}}
    assert len([name for name in left(home) if name.endswith(".aside")]) == 1


DAMAGE = ["cut", "empty", "huge", "nested", "list", "missing", "pin"]


def damage(home: Path, how: str) -> None:
    folder = home / "credentials"
    (document,) = folder.glob("*.credentials")
    if how == "key":
        Memory.kept.clear()
    elif how == "missing":
        document.unlink()
    elif how == "pin":
        (folder / "place.json").write_bytes(b'{"panelist": 1, "place": "plain", "id": "../x"}')
    else:
        content = {"cut": document.read_bytes()[:40], "empty": b"", "huge": b"x" * (2**22 + 1)}
        document.write_bytes({**content, "nested": b"[" * 100_000, "list": b"[1]"}[how])


@pytest.mark.parametrize(
    ("place", "how"),
    [
        *itertools.product([TokenStore.KEYRING, TokenStore.PLAIN], DAMAGE),
        (TokenStore.KEYRING, "key"),
    ],
)
def test_what_is_damaged_is_said_and_set_aside_for_a_new_login(
    home: Path, place: TokenStore, how: str
) -> None:
    filled(opened(home, token_store=place))
    damage(home, how)
    before = {file.read_bytes() for file in (home / "credentials").glob("*.credentials")}
    credentials = opened(home)
    for work in (credentials.names, lambda: credentials.put("a", {})):
        assert "Connect again" in problem(work, "damaged")
    assert {file.read_bytes() for file in (home / "credentials").glob("*.credentials")} == before
    credentials.ensure()
    assert credentials.token_store is (TokenStore.KEYRING if how == "pin" else place)
    credentials.put("a", {"token": "1"})
    assert everything(opened(home)) == {"a": {"token": "1"}}
    assert {file.read_bytes() for file in (home / "credentials").glob("*.aside")} == before


def test_only_the_document_is_set_aside_and_not_what_a_kill_left(home: Path) -> None:
    filled(opened(home))
    damage(home, "cut")
    (home / "credentials/PLAIN-00.credentials").write_text(TOKEN)
    opened(home).choose(TokenStore.KEYRING)
    assert holding(home, TOKEN) == []
    assert len(left(home)) == 3


def test_a_newer_format_is_neither_read_nor_replaced(home: Path) -> None:
    filled(opened(home))
    (document,) = (home / "credentials").glob("*.credentials")
    for file in (document, home / "credentials/place.json"):
        content = file.read_bytes()
        file.write_bytes(content.replace(b'"panelist": 1', b'"panelist": 2'))
        credentials = opened(home)
        for work in (
            credentials.names,
            credentials.ensure,
            lambda one=credentials: one.put("a", {}),
            lambda one=credentials: one.choose(TokenStore.PLAIN),
        ):
            assert "newer Panelist" in problem(work, "refused")
        file.write_bytes(content)
    assert everything(opened(home)) == SECRETS


def test_what_is_too_large_to_be_read_is_not_written(home: Path) -> None:
    credentials = filled(opened(home))
    problem(lambda: credentials.put("a", {"token": "x" * 2**22}), "refused")
    assert everything(opened(home)) == SECRETS


def test_what_cannot_be_kept_changes_nothing(home: Path) -> None:
    credentials = filled(opened(home))
    with pytest.raises(TypeError):
        credentials.put("a", {"token": object()})
    assert everything(credentials) == everything(opened(home)) == SECRETS


def test_probing_changes_nothing(home: Path) -> None:
    credentials = filled(opened(home))
    before = {file: file.read_bytes() for file in (home / "credentials").iterdir()}
    for place in TokenStore:
        credentials.probe(place, PASSPHRASE)
    problem(lambda: credentials.probe(TokenStore.PASSPHRASE), "locked")
    problem(lambda: opened(home, backends=path(Absent)).probe(TokenStore.KEYRING), "unavailable")
    assert {file: file.read_bytes() for file in (home / "credentials").iterdir()} == before
    assert len(Memory.kept) == 1


def test_the_doors_need_no_more_than_a_home(home: Path) -> None:
    with pytest.raises(CredentialProblem):
        Credentials(home).put("a", {})
    assert Credentials(home, backends=MEMORY).names() == []
