"""What the pages name is there: files of the repository, links, keys of settings, unit files."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
from pathlib import Path

import pytest

from app.db.rows import PARTICIPANT_FIELDS
from app.db.segment_rules import BUILTIN
from app.settings import SETTINGS
from tests.docs.reference import parse
from tests.docs.shell import PAGES, ROOT, blocks

UNATTENDED = ROOT / "docs" / "unattended.md"
_FILE = re.compile(r"`((?:app|tests|docs|assets)/[\w./-]*)`")
_LINK = re.compile(r"\]\(([^)#:{]+)(?:#[^)]*)?\)")  # not the field of a template
_VARIABLE = re.compile(r"PANELIST_\w+")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    gone = [name for name in _FILE.findall(text) if not (ROOT / name).exists()]
    gone += [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    assert not gone


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_variable_that_a_page_names_is_a_setting(page: Path) -> None:
    known = {row.variable for row in SETTINGS} | {"PANELIST_"}
    assert set(_VARIABLE.findall(page.read_text("utf-8"))) <= known


def test_privacy_names_every_stored_field_of_a_customer() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    (fields,) = re.findall(r"^\| a customer \| (.*) \|$", page, re.MULTILINE)
    stored = [one.name.replace("_", " ") for one in PARTICIPANT_FIELDS]
    assert fields.split(", ") == ["id", *stored[1:], "deleted"]


def test_the_page_on_segments_has_every_built_in_one() -> None:
    page = (ROOT / "docs" / "segments-and-filters.md").read_text("utf-8")
    table = page[page.index("| `all` |") : page.index("| `product:<id>` |")]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE)
    assert rows == [(one.key, one.name) for one in BUILTIN.values()]


def test_the_unit_file_runs_panelist() -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read_string(blocks(UNATTENDED, "ini")[1])
    program, *arguments = unit["Service"]["ExecStart"].split()
    assert os.path.basename(program) == "panelist"
    assert parse(arguments).follow


def test_the_property_list_runs_panelist() -> None:
    agent = plistlib.loads(blocks(UNATTENDED, "xml")[0].encode())
    program, *arguments = agent["ProgramArguments"]
    assert os.path.basename(program) == "panelist"
    assert parse(arguments).follow


def test_the_container_runs_panelist() -> None:
    (text,) = blocks(UNATTENDED, "dockerfile")
    lines = dict(line.split(maxsplit=1) for line in text.splitlines())
    assert lines["ENTRYPOINT"] == '["panelist"]'
    assert parse(re.findall(r'"([^"]+)"', lines["CMD"])).follow
