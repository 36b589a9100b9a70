"""A person's own editor, for a text of the app: the one in ``VISUAL`` or ``EDITOR``."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from app.problems import Problem
from app.text import plain

LARGEST = 1_000_000  # characters


class EditorProblem(Problem):
    """The text was not edited. What was written before is kept."""


def command() -> list[str]:
    """The editor's command. Raises EditorProblem if none is set."""
    for name in ("VISUAL", "EDITOR"):
        if found := os.environ.get(name, "").strip():
            try:
                return shlex.split(found)
            except ValueError:
                raise EditorProblem(f"{name} is not a command. The text is unchanged.") from None
    raise EditorProblem(
        "No editor is set. The text is unchanged. Set EDITOR, for example to nano, and start"
        " Panelist again."
    )


def edited(text: str) -> str:
    """The text after a person edited it. It waits until the editor ends, so the terminal must be
    theirs. Raises EditorProblem."""
    words = command()
    with tempfile.TemporaryDirectory(prefix="panelist-") as folder:
        file = Path(folder) / "email.txt"
        file.write_text(text, "utf-8")
        try:
            ended = subprocess.run([*words, str(file)], check=False).returncode
            found = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise EditorProblem(
                f"{plain(words[0], 80)} did not work ({why}). The text is unchanged."
            ) from None
    if ended:
        raise EditorProblem(f"{plain(words[0], 80)} ended with {ended}. The text is unchanged.")
    if len(found) > LARGEST:
        raise EditorProblem(f"The text is longer than {LARGEST:,} characters. It is unchanged.")
    return found
