"""What the site takes from the top of the repository: the pictures and three pages.

Their links are written as they work in the repository. Here they get the addresses that they have
on the site.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
SOURCE = "https://github.com/panelist/panelist/blob/main/"


def on_files(files: Files, config: Any, **_: object) -> Files:
    """Add the pictures and pages."""
    pictures = (f"assets/{file.name}" for file in (ROOT / "assets").glob("*.svg"))
    for name in (*PAGES, *pictures):
        files.append(File(name, str(ROOT), config["site_dir"], config["use_directory_urls"]))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Correct the links from and to what stands at the top."""
    if page.file.src_uri in PAGES:
        markdown = markdown.replace("](docs/", "](")
        return re.sub(r"\]\((?=LICENSE|Makefile|app/|tests/|pyproject)", f"]({SOURCE}", markdown)
    return markdown.replace("](../", "](")
