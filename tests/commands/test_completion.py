"""``panelist completion``: the scripts, in the shells that read them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from app.commands.completion.shell_scripts import SCRIPTS
from app.commands.shared.declared_commands import declared_commands

EXPECTED = {
    ("panelist", "se"): {"serve", "segments", "send"},
    ("panelist", "segments", "sh"): {"show"},
    ("panelist", "segments", "show", "--o"): {"--on", "--output"},
    ("panelist", "export", "--sort", "na"): {"name"},
    ("panelist", "connect", "--mode", ""): {"live", "test"},
    ("panelist", "--json", "segments", "dif"): {"diff"},
    ("panelist", "completion", "z"): {"zsh"},
    ("panelist", "invites", "mark", "comp"): {"completed"},
    ("panelist", "status", "--account", ""): set(),
    ("panelist", "export", "-o", "/etc/passw"): {"/etc/passwd"},
}


@pytest.fixture
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    file = tmp_path / f"panelist.{shell}"
    file.write_text(SCRIPTS[shell]())
    return file


def answer(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    return ended.stdout


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_completes(script: Path) -> None:
    asks = "\n".join(
        f"COMP_WORDS=({' '.join(map(_quoted, words))}); COMP_CWORD={len(words) - 1}; COMPREPLY=();"
        ' _panelist; (IFS=" "; echo "${COMPREPLY[*]}")'
        for words in EXPECTED
    )
    lines = answer("bash", "--norc", "-c", f"source {script}\n{asks}").split("\n")
    for words, line in zip(EXPECTED, lines, strict=False):
        offered = {one for one in line.split() if one != "/etc/passwd-"}
        assert offered == EXPECTED[words], words


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_reads_it(script: Path) -> None:
    assert answer("zsh", "-f", "-c", f"autoload -U compinit; compinit -D; source {script}") == ""


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish_completes(script: Path) -> None:
    for words in [*EXPECTED][:2]:
        said = answer("fish", "-N", "-c", f"source {script}; complete -C '{' '.join(words)}'")
        assert {line.split("\t")[0] for line in said.splitlines()} >= EXPECTED[words]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_it_knows_every_command_and_long_option(shell: str) -> None:
    text = SCRIPTS[shell]()
    for command in declared_commands():
        assert all(f" {word}" in text for word in command.words)
        for option in command.options:
            long = option.option_strings[-1]
            assert (f"-l {long[2:]}" if shell == "fish" else long) in text


def _quoted(word: str) -> str:
    return f"'{word}'"
