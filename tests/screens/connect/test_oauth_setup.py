"""Setting up OAuth: what is entered is checked, also at Stripe, then the way is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from textual.widgets import Input

from app.db.store import Store
from app.screens.connect.methods import MethodList
from app.screens.connect.oauth_setup_form import FIELDS
from tests.helpers.approved_home import TOKEN
from tests.helpers.real_app import Setup, approve, ask, choose, ids, made, running
from tests.screens.conftest import SIZES, Driven


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    monkeypatch.delenv("DISPLAY", raising=False)
    one = made(tmp_path)
    with one.sandbox:
        yield one


async def enter(
    at: Driven, setup: Setup, wrong: Mapping[str, str] | None = None, *, all_keys: bool = False
) -> None:
    """Fill the page in and press Enter; ``all_keys``: in every field."""
    world = setup.sandbox.world
    right = {"client_id": world.client_id, "secret": world.client_secret}
    await choose(at, "setup")
    for name in FIELDS:
        at.app.screen.query_one(f"#{name}", Input).value = {**right, **(wrong or {})}.get(name, "")
    if all_keys:
        await at.press("enter")
        for name in FIELDS[:-1]:
            assert at.app.focused is at.app.screen.query_one(f"#{name}")
            await at.press("enter")
    at.app.screen.query_one(f"#{FIELDS[-1]}").focus()
    await at.press("enter")
    await at.until(lambda: not at.app.stripe.busy)


def value(at: Driven, name: str) -> str:
    return at.app.screen.query_one(f"#{name}", Input).value


async def test_what_is_right_leads_to_connecting(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare(token_store="session")) as at:
        assert "Connect with Stripe (not set up)" in at.flat
        await enter(at, setup, all_keys=True)
        await at.until(lambda: "OAuth is set up for TEST mode" in at.flat)
        assert isinstance(at.app.focused, MethodList)
        assert at.app.focused.highlighted_option is not None
        assert at.app.focused.highlighted_option.id == "oauth-test"
        assert value(at, "secret") == ""
        assert at.app.credentials.names() == ["oauth app test"]
        approve(await ask(at))
        await at.until(lambda: at.app.stripe.running)


WRONG = [
    ("client_id", "", "A client ID starts with ca_"),
    ("secret", "", "A secret key starts with sk_test_"),
    ("secret", "rk_test_abcdefgh1234", "This is a restricted key"),
    ("authorize_url", "https://evil.example/oauth", "This is not an install link from Stripe"),
    ("redirect_uri", "somewhere", "A redirect address must be complete"),
]


async def test_a_wrong_field_is_named_and_has_the_focus(store: Store, setup: Setup) -> None:
    async with running(store, setup.bare(token_store="session")) as at:
        for field, wrong, said in WRONG:
            await enter(at, setup, {field: wrong})
            await at.until(lambda said=said: f"✗ {said}" in at.flat)  # type: ignore[misc]
            here = at.app.screen.query_one(f"#{field}")
            await at.until(lambda here=here: at.app.focused is here)  # type: ignore[misc]
            assert "rk_test_" not in at.text
        assert setup.sandbox.requests[TOKEN] == 0
        assert at.app.credentials.names() == []
        secret = setup.sandbox.world.client_secret.replace("_test_", "_live_")
        await enter(at, setup, {"secret": secret, "redirect_uri": "http://127.0.0.1:4573/x"})
        await at.until(lambda: "In live mode, Stripe redirects only" in at.flat)
        await enter(at, setup, {"secret": secret})
        await at.until(lambda: "✗ Stripe refuses the client ID or the secret key" in at.flat)
        assert ids(at)[:2] == ["key", "setup"]
        assert value(at, "secret") == secret  # to be corrected


async def test_what_was_typed_is_gone_in_another_mode_and_stays_below_a_dialog(
    store: Store, setup: Setup
) -> None:
    async with running(store, setup.bare(token_store="session")) as at:
        await choose(at, "setup")
        at.app.screen.query_one("#secret", Input).value = "sk_test_canary"
        await at.press("question_mark")
        await at.press("escape")
        assert value(at, "secret") == "sk_test_canary"
        screen = at.app.screen
        await at.press("2")
        assert screen.query_one("#secret", Input).value == ""


@pytest.mark.parametrize("size", SIZES)
async def test_every_field_and_every_step_can_be_reached(
    store: Store, setup: Setup, size: tuple[int, int]
) -> None:
    async with running(store, setup.bare(token_store="session"), size) as at:
        await choose(at, "setup")
        for name in ("form", *FIELDS):
            await at.press("tab")
            assert at.app.focused is not None
            assert at.app.focused.id == name
        assert at.app.focused is not None
        assert at.app.focused.region.bottom <= size[1]
        await at.press("escape", "tab")
        await at.press("end")
        assert "Enter checks the values with Stripe." in at.flat
        assert "http://127.0.0.1" in "".join(at.text.split()) or size[1] < 40
