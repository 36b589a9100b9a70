"""A fault in Panelist: one line, a log without secrets, an exit status."""

from __future__ import annotations

import inspect
import os
import stat
import threading
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import Input

from app import crash
from app.db.store import Store
from app.screens.connect.methods import MethodList
from app.settings import Settings
from app.text import redacted
from app.tui import Demo, PanelistApp
from tests.helpers import filled_store

PLANTED = "sk_live_PLANTED0123456789"


class Rich:
    """What Textual would print for an error that draws itself."""

    def __rich__(self) -> str:
        return f"drawn {PLANTED}"


class DrawnError(Rich, Exception):
    pass


class Faulty(PanelistApp):
    fault: type[Exception] = ValueError

    def action_mask(self) -> None:
        secret = PLANTED
        customer = "ada@example.com"
        raise self.fault(f"boom {secret} of {customer}")


async def masks(app: PanelistApp) -> None:
    async with app.run_test() as pilot:
        await pilot.press("M")
        await pilot.pause()


@pytest.mark.parametrize("fault", [ValueError, DrawnError])
async def test_a_fault_prints_one_line_and_no_secret(
    store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str], fault: type[Exception]
) -> None:
    old = os.umask(0)
    try:
        app = Faulty(store, Settings(tmp_path), None, filled_store.StandIn().load)
        app.fault = fault
        with pytest.raises(fault):
            await masks(app)
    finally:
        os.umask(old)
    said = capfd.readouterr()
    text = said.out + said.err
    assert PLANTED not in text
    assert text.count("\n") == 1
    assert "crashed" in text
    assert str(tmp_path / "panelist.log") in text
    assert app.return_code == 1
    log = tmp_path / "panelist.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    kept = log.read_text()
    assert "PLANTED" not in kept
    assert "ada@example.com" not in kept
    assert "boom sk_live_•••" in kept
    assert "action_mask" in kept
    assert "customer = " not in kept.replace('customer = "ada', "")  # no values of variables


async def test_a_fault_in_the_demo_names_its_place(
    store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its log is deleted with its home."""
    demo = Demo("rk_test_x", "http://127.0.0.1:1", 3)
    app = Faulty(store, Settings(tmp_path), demo, filled_store.StandIn().load)
    with pytest.raises(ValueError, match="boom"):
        await masks(app)
    said = capfd.readouterr().err
    assert f"ValueError at {__file__}:" in said
    assert PLANTED not in said
    assert "panelist.log" not in said


async def test_what_was_typed_is_in_no_crash(
    store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    app = Faulty(store, Settings(tmp_path), None, filled_store.StandIn().load)
    fields: list[Input] = []

    async def typed() -> None:
        async with app.run_test() as pilot:
            await pilot.pause()
            for _ in app.screen.query_one(MethodList).options:  # each shows its form
                await pilot.press("down")
                await pilot.pause()
            fields.extend(app.screen.query(Input))
            for field in fields:
                field.value = PLANTED
            await pilot.press("M")
            await pilot.pause()

    with pytest.raises(ValueError, match="boom"):
        await typed()
    said = capfd.readouterr()
    assert "PLANTED" not in said.out + said.err + (tmp_path / "panelist.log").read_text()
    assert [field.value for field in fields] == [""] * 5
    assert PLANTED not in "".join(map(repr, threading.enumerate()))


def test_the_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    assert "could not be written" in crash.record(ValueError("x"), tmp_path / "home")


def test_keys_and_emails_are_redacted() -> None:
    text = redacted(f"{PLANTED} rk_test_abc123 pk_live_x <ada@example.com> name='b@c.de'")
    assert text == "sk_live_••• rk_test_••• pk_live_x <•••@•••> name='•••@•••'"
    assert redacted("secret=whsec_aB1+/=, next") == "secret=whsec_•••, next"


def test_textual_still_has_what_is_overridden() -> None:
    for name in ("_fatal_error", "_print_error_renderables"):
        assert list(inspect.signature(getattr(App, name)).parameters) == ["self"]
    source = inspect.getsource(App._handle_exception)
    assert "self._fatal_error()" in source
    assert "self._exception = error" in source
    assert "self._print_error_renderables()" in inspect.getsource(App._shutdown)
    assert "self._close_messages_no_wait()" in inspect.getsource(App._fatal_error)
