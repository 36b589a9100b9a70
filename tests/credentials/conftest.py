"""A computer that has the keyrings of these tests only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.keyring_backends import Breakable, Elsewhere, Memory, Waits, Weaker


@pytest.fixture(autouse=True)
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the one that the tests run on."""
    for name in ("PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS", "PANELIST_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    for name, folder in (("HOME", "user"), ("XDG_RUNTIME_DIR", "run"), ("TEST_KEYRING", "keyring")):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for backend in (Memory, Weaker, Elsewhere):
        backend.kept.clear()
    Breakable.locked = False
    Waits.unlocked.clear()
    Waits.asked.clear()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that does not exist yet."""
    return tmp_path / "home"
