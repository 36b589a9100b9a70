"""Where access is kept: asked when the keyring is absent, locked at start, moved when wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from app.credentials.store import Credentials, TokenStore
from app.db import connections
from app.db.store import Store
from app.screens.connect.key_form import KeyInput
from app.screens.connect.methods import MethodList
from app.screens.connect.token_store_dialog import TokenStoreDialog, UnlockDialog
from app.screens.help_dialog import HelpDialog
from app.settings import Settings
from app.sync.stripe.access import secret_name
from tests.helpers.real_app import Setup, choose, ids, kept, made, running
from tests.screens.conftest import Driven

PASSPHRASE = "canary correct horse"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    """A computer without a keyring."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    for name in ("DISPLAY", "PYTHON_KEYRING_BACKEND", "PANELIST_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    one = made(tmp_path)
    with one.sandbox:
        yield one


def locked(settings: Settings) -> Credentials:
    """Something is kept in an encrypted file."""
    there = Credentials(settings.home)
    there.choose(TokenStore.PASSPHRASE, PASSPHRASE)
    there.put("something", {"a": 1})
    return there


async def offer_key(at: Driven, setup: Setup) -> None:
    """Give a key; there is no place for it."""
    await choose(at, "key")
    field = at.app.screen.query_one(KeyInput)
    field.focus()
    field.value = setup.sandbox.world.restricted_key
    await at.press("enter")
    await at.until(lambda: isinstance(at.app.screen, TokenStoreDialog))
    at.settle()


async def pick(at: Driven, place: TokenStore) -> None:
    """Choose in the dialog that is open."""
    options = at.app.screen.query_one(OptionList)
    options.highlighted = [one.id for one in options.options].index(place.value)
    await at.press("down", "up", "enter")


async def passphrase(at: Driven, first: str, second: str) -> None:
    at.app.screen.query_one("#first", Input).value = first
    await at.press("enter")
    at.app.screen.query_one("#second", Input).value = second
    await at.press("enter")


async def connected(at: Driven) -> None:
    await at.until(lambda: at.app.stripe.running and at.app.current_mode == "status")


async def test_without_a_keyring_a_person_chooses(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare(), (60, 20)) as at:
        await offer_key(at, setup)
        assert "Where should Panelist store its credentials?" in at.flat
        assert "was not found on this computer" in at.flat or "cannot be used" in at.flat
        assert at.app.screen.query_one(OptionList).highlighted is None
        await at.press("enter", "enter")  # nothing is chosen beforehand
        assert isinstance(at.app.screen, TokenStoreDialog)
        assert not (setup.home / "credentials" / "place.json").exists()
        await at.press("escape")
        assert "You did not choose a storage" in at.flat
        assert at.app.stripe._waiting is None
        assert sum(setup.sandbox.requests.values()) == 0
        await offer_key(at, setup)  # and one may think again
        await pick(at, TokenStore.PLAIN)
        await connected(at)
        assert kept(at) == "UNENCRYPTED FILE"
        assert at.app.credentials.token_store is TokenStore.PLAIN


async def test_a_passphrase_is_given_twice(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare()) as at:
        await offer_key(at, setup)
        await pick(at, TokenStore.PASSPHRASE)
        await passphrase(at, PASSPHRASE, PASSPHRASE + "x")
        assert "✗ The passphrases are different or empty" in at.flat
        assert at.app.screen.query_one("#first", Input).value == ""
        await at.press("enter")  # empty
        assert isinstance(at.app.screen, TokenStoreDialog)
        dialog = at.app.screen
        await passphrase(at, PASSPHRASE, PASSPHRASE)
        assert PASSPHRASE not in at.text
        await connected(at)
        assert all(field.value == "" for field in dialog.query(Input))
        assert kept(at) == "file encrypted with a passphrase"
        assert PASSPHRASE not in repr(vars(at.app.stripe))


async def test_a_keyring_that_is_not_there_is_not_offered(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare()) as at:
        await offer_key(at, setup)
        offered = [one.id for one in at.app.screen.query_one(OptionList).options]
        assert offered == ["passphrase", "session", "plain"]
        await pick(at, TokenStore.SESSION)
        await connected(at)
        assert kept(at) == "this session only"


async def test_a_held_enter_chooses_no_place(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare()) as at:
        await choose(at, "place")
        await at.press("enter")
        dialog = at.app.screen
        at.settle()  # so old that only holding protects it
        at.app.screen.query_one(OptionList).highlighted = 3
        await at.hold("enter", 5)
        assert at.app.screen is dialog
        await at.press("up", "down", "enter")
        await at.until(lambda: at.app.credentials.token_store is TokenStore.PLAIN)
        await at.until(lambda: "Credentials are stored in: UNENCRYPTED FILE" in at.flat)


async def test_the_question_waits_behind_a_dialog(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare()) as at:
        await at.press("question_mark")
        assert at.app.stripe.try_key(setup.sandbox.world.restricted_key)
        await at.until(lambda: bool(at.app._dialogs))
        assert isinstance(at.app.screen, HelpDialog)
        await at.press("escape")
        await at.until(lambda: isinstance(at.app.screen, TokenStoreDialog))


async def test_moving(store: Store, setup: Setup) -> None:
    settings = setup.bare()
    Credentials(settings.home).choose(TokenStore.PLAIN)
    Credentials(settings.home).put("something", {"a": "canary"})
    async with running(store, settings) as at:
        await choose(at, "place")
        assert "Credentials are stored in: UNENCRYPTED FILE" in at.flat
        await at.press("enter")
        at.settle()
        await at.press("escape")
        assert at.app.credentials.token_store is TokenStore.PLAIN
        await at.press("enter")
        at.settle()
        await pick(at, TokenStore.PASSPHRASE)
        await passphrase(at, PASSPHRASE, PASSPHRASE)
        await at.until(lambda: "Credentials are stored in: file encrypted" in at.flat)
        assert at.app.credentials.get("something") == {"a": "canary"}
    for file in settings.home.rglob("*.credentials"):
        assert b"canary" not in file.read_bytes()


# Locked


async def unlock(at: Driven, text: str) -> None:
    at.app.screen.query_one("#passphrase", Input).value = text
    await at.press("enter")


def key_kept(store: Store, setup: Setup) -> None:
    """An account is connected, its key in the encrypted file."""
    world = setup.sandbox.world
    connections.record(store, "stripe", world.account_id, False, None, "restricted_key")
    locked(setup.bare()).put(secret_name(world.account_id, False), {"key": world.restricted_key})


async def test_locked_at_the_start(store: Store, setup: Setup) -> None:
    key_kept(store, setup)
    async with running(store, setup.bare(), (60, 20)) as at:
        await at.until(lambda: isinstance(at.app.screen, UnlockDialog))
        await unlock(at, "wrong")
        await at.until(lambda: "The passphrase is wrong" in at.flat)
        assert at.app.screen.query_one("#passphrase", Input).value == ""
        await unlock(at, PASSPHRASE)
        await at.until(lambda: at.app.stripe.running)
        assert at.app.current_mode == "status"


async def test_without_the_passphrase_the_app_goes_on_and_says_how(
    store: Store, setup: Setup
) -> None:
    key_kept(store, setup)
    async with running(store, setup.bare()) as at:
        await at.until(lambda: isinstance(at.app.screen, UnlockDialog))
        await at.press("escape")
        await at.until(lambda: "Credentials are locked. Press 1 to unlock them" in at.flat)
        await at.press("1")
        await at.until(lambda: "unlock" in ids(at))
        assert isinstance(at.app.focused, MethodList)
        await choose(at, "unlock")
        await at.press("enter")
        await at.until(lambda: isinstance(at.app.screen, UnlockDialog))
        await at.press("ctrl+c")  # and one can quit
        await at.until(lambda: not at.app.is_running)


async def test_locked_with_nothing_connected_asks_only_when_it_is_needed(
    store: Store, setup: Setup
) -> None:
    settings = setup.bare()
    locked(settings)
    async with running(store, settings) as at:
        await choose(at, "unlock")
        assert "The credentials need a passphrase" in at.flat
        await at.press("enter")
        await at.until(lambda: isinstance(at.app.screen, UnlockDialog))
        await unlock(at, PASSPHRASE)
        await at.until(lambda: "setup" in ids(at))


async def test_a_forgotten_passphrase_costs_what_is_kept_and_is_asked(
    store: Store, setup: Setup
) -> None:
    settings = setup.bare()
    locked(settings)
    async with running(store, settings) as at:
        await choose(at, "unlock")
        await at.press("enter")
        await at.until(lambda: isinstance(at.app.screen, UnlockDialog))
        await at.press("tab", "enter")
        await at.until(lambda: isinstance(at.app.screen, TokenStoreDialog))
        assert "they are set aside" in at.flat
        at.settle()
        await pick(at, TokenStore.SESSION)
        await at.until(lambda: at.app.credentials.token_store is TokenStore.SESSION)
        await at.until(lambda: "setup" in ids(at))
        assert at.app.credentials.names() == []
    assert len([*(settings.home / "credentials").glob("*.aside")]) == 1
