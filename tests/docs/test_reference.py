"""The reference pages say what the parser and the settings say; so do version and changelog."""

from __future__ import annotations

import re

import pytest

from app import __version__
from tests.docs.reference import DOCS, PAGES
from tests.docs.shell import ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_as_it_is_made(name: str) -> None:
    made = PAGES[name]()
    assert (DOCS / name).read_text("utf-8") == made, "run: python -m tests.docs.reference"


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)
    assert released[0] == __version__
