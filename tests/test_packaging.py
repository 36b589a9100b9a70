"""What is shipped: the wheel has the stylesheet and the themes, and the app finds them there."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.paths import asset

ROOT = Path(__file__).parents[1]
OPENED = (
    "from app.tui import PanelistApp; print(PanelistApp.CSS_PATH); PanelistApp.CSS_PATH.read_text()"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_has_the_assets_and_the_app_uses_them(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        packed.extractall(tmp_path)
    shipped = {f"app/assets/{file.name}" for file in (ROOT / "assets").iterdir()}
    assert shipped <= names
    assert "app/py.typed" in names
    assert any(name.endswith(".data/data/share/man/man1/panelist.1") for name in names)
    assert not any(name.startswith(("tests/", "docs/")) for name in names)
    found = subprocess.run(
        [sys.executable, "-c", OPENED], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert Path(found.stdout.strip()) == tmp_path / "app" / "assets" / "panelist.tcss"


def test_a_checkout_uses_the_assets_at_its_top() -> None:
    assert asset("panelist.tcss") == ROOT / "assets" / "panelist.tcss"
    assert asset("themes.toml").exists()
