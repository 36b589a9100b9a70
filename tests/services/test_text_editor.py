"""A person's own editor: what it writes comes back, and what fails changes nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.services.text_editor import EditorProblem, edited


def editor(tmp_path: Path, code: str) -> str:
    """An editor that runs this code on its file."""
    file = tmp_path / "editor.py"
    file.write_text(f"import sys, pathlib\nfile = pathlib.Path(sys.argv[-1])\n{code}\n")
    return f"{sys.executable} {file}"


def test_what_the_editor_wrote_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    code = "file.write_text(file.read_text('utf-8') + 'Grüße', 'utf-8')"
    monkeypatch.setenv("EDITOR", editor(tmp_path, code))
    assert edited("Hello {{name|there}},\n") == "Hello {{name|there}},\nGrüße"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit(3)", "ended with 3. The text is unchanged."),
        ("file.write_bytes(b'\\xff')", "it is not UTF-8"),
        ("file.unlink()", "No such file"),
        ("file.write_text('x' * 1_000_001)", "longer than 1,000,000"),
    ],
)
def test_what_fails_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    monkeypatch.setenv("VISUAL", editor(tmp_path, code))
    with pytest.raises(EditorProblem, match=said):
        edited("Hello")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "No editor is set"),
        ("/nowhere/vi", "did not work .No such file"),
        ("vi 'x", "is not a command"),
    ],
)
def test_without_an_editor_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", command)
    with pytest.raises(EditorProblem, match=said):
        edited("Hello")
