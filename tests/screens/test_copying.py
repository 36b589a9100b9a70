"""Copying a value of a person, and the way to their page."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from textual.widgets import OptionList

from app.db.rows import Answer
from app.db.store import Store
from app.screens.copying import CopyValue
from tests.db import making
from tests.screens.conftest import Driven, Start
from tests.screens.test_segments import look

HOSTILE = "a\x07\x1b]52;c;ZXZpbA==\x1b\\\nrm -rf ~\u202e[b]"
ADA = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+4670365151",
    "metadata": json.dumps({"b": "gold", "a": HOSTILE, **{f"k{n}": f"v{n}" for n in range(9)}}),
}


@pytest.fixture
def here(store: Store) -> int:
    to = making.connection(store)
    people = [making.person("cus_ada", **ADA), making.person("cus_new", email=None, name=HOSTILE)]
    making.send(store, to, Answer(1, participants=people))
    making.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


async def ask(at: Driven, *, masked: bool = False, last: bool = True) -> None:
    """The dialog for Ada, or for whoever came after her."""
    members = await look(at)
    members.table.focus()
    await at.press(*(["x"] if masked else []), "G" if last else "g", "y")
    assert isinstance(at.app.screen, CopyValue)


async def copied(at: Driven, *keys: str) -> str:
    """What these keys bring to the clipboard; afterwards the dialog is there again."""
    at.app.clear_notifications()
    await at.strike(*keys)
    assert not isinstance(at.app.screen, CopyValue)
    clipboard = at.app.clipboard
    await at.strike("y")
    return clipboard


async def test_each_value_has_a_key(start: Start, here: int) -> None:
    async with start((80, 24)) as at:
        await ask(at)
        for keys, value, said in (
            (("n",), "Ada Lovelace", "Copied the name, where"),
            (("e",), "ada@example.com", "Copied the email, where"),
            (("p",), "+4670365151", "Copied the phone, where"),
            (("i",), "cus_ada", "Copied the Stripe id, where"),
            (("2",), "gold", "Copied the value of b, where"),
            (("enter",), "Ada Lovelace", "Copied the name, where"),
            (("end", "enter"), "v8", "Copied the value of k8, where"),  # it has no key
        ):
            assert await copied(at, *keys) == value
            assert said in at.toasts
        link = await copied(at, "d")
        assert link.startswith("https://dashboard.stripe.com/acct_")
        assert link.endswith("/test/customers/cus_ada")


async def test_masked_values_are_copied_masked(start: Start, here: int) -> None:
    async with start((80, 24)) as at:
        await ask(at, masked=True)
        assert "Ada" not in at.flat
        assert "gold" not in at.flat
        for key in ("n", "e", "p", "1", "2"):
            assert "•••" in await copied(at, key)
            assert "masked" in at.toasts
        assert await copied(at, "i") == "cus_ada"


async def test_what_a_terminal_could_obey_is_not_copied(
    start: Start, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pasted into a shell it would be obeyed, too."""
    async with start((80, 24)) as at:
        await ask(at)
        written: list[str] = []
        driver = at.app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        await at.press("1")
        assert at.app.clipboard == "a��]52;c;ZXZpbA==�\\ rm -rf ~�[b]"
        assert "without the signs" in at.toasts
        (sequence,) = (one for one in written if "]52;" in one)
        inside = sequence.removeprefix("\x1b]52;c;").removesuffix("\a")
        assert inside.isascii()
        assert inside.replace("+", "").replace("/", "").rstrip("=").isalnum()


async def test_what_there_is_not_cannot_be_copied(start: Start, here: int) -> None:
    async with start((60, 20)) as at:
        await ask(at, last=False)
        lines = at.app.screen.query_one(OptionList)
        assert lines.option_count == 3  # the name, the id and the link
        assert "\x1b]" not in at.text
        await at.press("e")
        assert "nothing was copied" in at.toasts
        assert at.app.clipboard == ""
        await at.press("escape")
        assert not isinstance(at.app.screen, CopyValue)


async def test_without_a_browser_the_address_is_shown(
    start: Start, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    async with start((80, 24)) as at:
        await ask(at)
        await at.press("o")
        await at.until(lambda: "Not opened" in at.flat)
        assert "there is no screen for a browser here" in at.flat
        assert "/test/customers/cus_ada" in at.flat.replace(" ", "")
        assert isinstance(at.app.screen, CopyValue)


async def test_the_page_is_opened_in_the_browser(
    start: Start, here: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    async with start((80, 24)) as at:
        await ask(at)
        await at.press("o")
        await at.until(lambda: "Opened in the browser" in at.toasts)
        assert not isinstance(at.app.screen, CopyValue)
    assert opened.read_text().endswith("/test/customers/cus_ada")
