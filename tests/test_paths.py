"""Where Panelist's files are, and a user who has no folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app import paths
from app.invites.operator import by

NOBODY = 2_000_054_321


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs with another user's number."""
    for name in ("HOME", "XDG_DATA_HOME", "PANELIST_HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: NOBODY)


@pytest.mark.usefixtures("nameless")
def test_a_user_without_a_home_folder() -> None:
    for environ in ({}, {"PANELIST_HOME": "~/panel"}):
        with pytest.raises(paths.NoHomeFolder, match="Set PANELIST_HOME to a folder"):
            paths.home(environ)
    assert paths.home({"PANELIST_HOME": "/srv/panel"}) == Path("/srv/panel")


@pytest.mark.usefixtures("nameless")
def test_a_user_without_a_name() -> None:
    assert by() == f"user {NOBODY}"


@pytest.mark.parametrize("below", ["", "/panel"])
def test_a_name_that_is_no_folders(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    environ = {"PANELIST_HOME": f"{file}{below}"}
    with pytest.raises(paths.NoHomeFolder, match=f"PANELIST_HOME .*{file} is not a folder"):
        paths.home(environ)
