"""What is installed with Panelist: exactly these versions, from anywhere, under known licences."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.docs.licences import ROOT, PackageNotFoundError, licence, listed, locked

LOCKS = ("panelist", "postgres", "development")
FREE = {"MIT", "MIT-0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "PSF-2.0"}
LGPL = {"psycopg", "psycopg-binary"}


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["project"]
    return found


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", one)[0].lower() for one in requirements}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_with_its_hashes_and_from_no_particular_place(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    for requirement in re.split(r"\n(?! )", text.strip()):
        first, *hashes = requirement.split(" \\\n")
        assert "==" in first
        assert hashes
        for one in hashes:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", one), requirement
    assert "://" not in text


def test_the_locks_have_what_the_project_asks_for() -> None:
    of = project()
    extras = of["optional-dependencies"]
    needed = names(of["dependencies"])
    assert needed <= locked("panelist").keys()
    assert needed | names(extras["postgres"]) <= locked("postgres").keys()
    assert needed | names(extras["test"]) | names(extras["docs"]) <= locked("development").keys()
    for name in ("panelist", "postgres"):
        assert locked(name).items() <= locked("development").items(), "one version everywhere"


def test_the_driver_with_the_lgpl_comes_only_with_its_extra() -> None:
    assert not LGPL & locked("panelist").keys()
    assert locked("postgres").keys() >= LGPL


def test_licences_are_known_and_listed() -> None:
    known = listed()
    assert known.keys() == locked("postgres").keys(), "run python -m tests.docs.licences"
    for package, named in known.items():
        parts = set(re.findall(r"[\w.-]+", named)) - {"AND", "OR"}
        assert parts <= FREE or (package in LGPL and parts == {"LGPL-3.0-only"}), package
        try:
            assert licence(package) == named, "run python -m tests.docs.licences"
        except PackageNotFoundError:
            continue  # only for another Python, or an extra that is not installed here
