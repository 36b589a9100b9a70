"""What the app remembers of how it was left, and what a file that is no such file does."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.paths import remembered_file
from app.services.remembered import Remembered


def test_each_database_has_its_own_and_the_theme_is_everywhere(tmp_path: Path) -> None:
    one = Remembered(tmp_path, "")
    one.set("theme", "paper")
    one.set("segment", "active")
    one.save()
    other = Remembered(tmp_path, "postgresql://researcher@elsewhere/panel")
    assert (other.get("theme"), other.get("segment")) == ("paper", "")
    other.set("segment", "paused")
    other.save()
    again = Remembered(tmp_path, "")
    assert (again.get("theme"), again.get("segment")) == ("paper", "active")
    assert "researcher" not in remembered_file(tmp_path).read_text()


@pytest.mark.parametrize(
    "content", ["", "[1]", '{"app": 7}', "{" * 9_000, "\x00", '{"app": {"a": 1}']
)
def test_what_is_no_such_file_means_nothing(tmp_path: Path, content: str) -> None:
    remembered_file(tmp_path).write_text(content)
    found = Remembered(tmp_path, "")
    assert found.get("theme") == ""
    found.set("theme", "paper")
    found.save()
    assert Remembered(tmp_path, "").get("theme") == "paper"


def test_a_folder_that_cannot_be_written_to_is_no_problem(tmp_path: Path) -> None:
    found = Remembered(tmp_path / "absent", "")
    found.set("theme", "paper")
    found.save()
    assert found.get("theme") == "paper"
