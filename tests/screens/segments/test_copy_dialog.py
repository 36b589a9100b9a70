"""Copying a value of a person, and the way to their page."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import OptionList

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.person import Person, person
from app.screens.segments.copy_dialog import CopyDialog
from tests.helpers import rows
from tests.screens.conftest import Driven, Start

HOSTILE = "a\x07\x1b]52;c;ZXZpbA==\x1b\\\nrm -rf ~\u202e[b]"
ADA = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+4670365151",
    "metadata": json.dumps({"b": "gold", "a": HOSTILE, **{f"k{n}": f"v{n}" for n in range(9)}}),
}


def ada(store: Store, **fields: Any) -> Person:
    to = rows.connection(store)
    rows.send(store, to, Fetched(1, participants=[rows.person("cus_ada", **{**ADA, **fields})]))
    (row,) = store.row("SELECT id FROM participant")
    found = person(store, row)
    assert found is not None
    return found


async def ask(at: Driven, one: Person, *, masking: bool = False) -> None:
    """The dialog for this person."""
    at.app.push_screen(CopyDialog(one, masking=masking))
    await at.pilot.pause()
    assert isinstance(at.app.screen, CopyDialog)


async def copied(at: Driven, one: Person, *keys: str, masking: bool = False) -> str:
    """What these keys bring to the clipboard."""
    await ask(at, one, masking=masking)
    at.app.clear_notifications()
    await at.strike(*keys)
    assert not isinstance(at.app.screen, CopyDialog)
    return at.app.clipboard


async def test_each_value_is_copied(start: Start, store: Store) -> None:
    one = ada(store)
    async with start((80, 24)) as at:
        for keys, value, said in (
            (("y",), "Ada Lovelace", "Copied the name. If you cannot paste it, "),
            (("down", "y"), "ada@example.com", "Copied the email."),
            (("j", "j", "enter"), "+4670365151", "Copied the phone."),
            (("down", "down", "down", "y"), "cus_ada", "Copied the Stripe ID."),
            (("G", "enter"), "v8", "Copied the value of k8."),
        ):
            assert await copied(at, one, *keys) == value
            assert at.toasts.startswith(said)
        link = await copied(at, one, *["down"] * 4, "y")
        assert link.startswith("https://dashboard.stripe.com/acct_")
        assert link.endswith("/test/customers/cus_ada")


async def test_masked_values_are_copied_masked(start: Start, store: Store) -> None:
    one = ada(store)
    async with start((80, 24)) as at:
        for below, value in ((0, "A•••"), (1, "a•••@e•••"), (2, "+•••"), (6, "g•••")):
            assert await copied(at, one, *["down"] * below, "y", masking=True) == value
            assert "masked" in at.toasts
        assert await copied(at, one, *["down"] * 3, "y", masking=True) == "cus_ada"
        await ask(at, one, masking=True)
        assert "A•••" in at.flat
        assert not any(hidden in at.flat for hidden in ("Ada", "gold", "4670", "example"))


async def test_what_a_terminal_could_obey_is_not_copied(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pasted into a shell it would be obeyed, too."""
    async with start((80, 24)) as at:
        await ask(at, ada(store))
        written: list[str] = []
        driver = at.app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        await at.press(*["down"] * 5, "y")
        assert at.app.clipboard == "a��]52;c;ZXZpbA==�\\ rm -rf ~�[b]"
        assert "control characters are removed" in at.toasts
        (sequence,) = (one for one in written if "]52;" in one)
        inside = sequence.removeprefix("\x1b]52;c;").removesuffix("\a")
        assert inside.isascii()
        assert inside.replace("+", "").replace("/", "").rstrip("=").isalnum()


async def test_what_there_is_not_cannot_be_copied(start: Start, store: Store) -> None:
    one = ada(store, name=HOSTILE, email=None, phone="", metadata="{}")
    async with start((60, 20)) as at:
        await ask(at, one)
        lines = at.app.screen.query_one(OptionList)
        assert lines.option_count == 3  # the name, the id and the link
        assert "\x1b]" not in at.text
        await at.press("escape")
        assert not isinstance(at.app.screen, CopyDialog)


async def test_without_a_browser_the_address_is_shown(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    async with start((80, 24)) as at:
        await ask(at, ada(store))
        await at.press("o")
        await at.until(lambda: "Not opened: no display is available" in at.flat)
        assert at.flat.count("https://dashboard.stripe.com/acct_") == 2
        assert isinstance(at.app.screen, CopyDialog)


async def test_the_page_is_opened_in_the_browser(
    start: Start, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    async with start((80, 24)) as at:
        await ask(at, ada(store))
        await at.press("o")
        await at.until(lambda: "Opened in the browser" in at.toasts)
        assert not isinstance(at.app.screen, CopyDialog)
    assert opened.read_text().endswith("/test/customers/cus_ada")
