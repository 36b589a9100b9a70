"""The page on licences, made from the locked packages and what they say of themselves.

``python -m tests.docs.licences`` writes ``docs/licences.md`` again. Install
``requirements/development.txt`` on Python 3.11 before, which has all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"
PIN = re.compile(r"^([\w.-]+)==([\w.+!-]+)(?: ; (.*?))? \\$", re.MULTILINE)
# Old metadata names a licence in words, or not at all.
SPDX = {
    "MIT License": "MIT",
    "BSD License": "BSD",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
FROM_ITS_FILE = {"peewee": "MIT"}  # its LICENSE file; the metadata has none

HEAD = """<!-- Made by python -m tests.docs.licences. Do not edit this page by hand. -->
# Licences

Panelist has the MIT licence. These packages are installed with it, under their own licences. `BSD`
is a BSD licence whose package does not say which.

The PostgreSQL driver `psycopg` has the LGPL, which lets any program use it as a package. Panelist
installs it only with the extra `postgres`. If you freeze Panelist and the driver into one file, the
LGPL asks you to let others replace the driver.

| Package | Licence | Installed |
|---|---|---|
"""


def locked(name: str) -> dict[str, str]:
    """The packages and versions of a file in ``requirements``, without those for Windows only."""
    found = PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text())
    return {package: version for package, version, marker in found if "== 'win32'" not in marker}


def licence(package: str) -> str:
    """The licence of an installed package. Raises PackageNotFoundError."""
    about = metadata(package).json
    if "license_expression" in about:
        return str(about["license_expression"])
    classifiers = (str(one).partition(" :: ") for one in about.get("classifier", ()))
    words = {rest.rpartition(" :: ")[2] for kind, _, rest in classifiers if kind == "License"}
    named = sorted(SPDX.get(word, word) for word in words)
    return " AND ".join(named) or str(about.get("license", "")) or FROM_ITS_FILE[package]


def rows() -> Iterator[tuple[str, str, str]]:
    """(package, licence, when it is installed) of all that can be installed with Panelist."""
    always = locked("panelist")
    for package in locked("postgres"):
        yield package, licence(package), "always" if package in always else "with `postgres`"


def page() -> str:
    """The whole page. Raises PackageNotFoundError."""
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows())


def listed() -> dict[str, str]:
    """The licences that the page names, by package."""
    lines = (line.split(" | ") for line in PAGE.read_text().splitlines())
    found = {parts[0].removeprefix("| "): parts[1] for parts in lines if len(parts) == 3}
    del found["Package"]  # the heading
    return found


__all__ = ["PackageNotFoundError", "licence", "listed", "locked", "page"]

if __name__ == "__main__":
    PAGE.write_text(page())
