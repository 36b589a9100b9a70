"""What ``--help`` says, and that nothing heavy is imported to say it."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import app.commands
from app.commands import COMMANDS
from app.commands.shared.command_parser import parser
from tests.docs.examples import EXAMPLES
from tests.docs.reference import commands, parse
from tests.test_architecture import HEAVY

HEAVY_HERE = HEAVY | {"cryptography", "orjson", "sqlite3", "ssl"}
WORKING = ("credentials", "db", "panel", "screens", "services", "sync", "tui", "web")
# Prints, for each command line of its argument, how it ended and what it had imported by then.
ASK = """
import contextlib, io, json, sys
from app.cli import run
for line in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = run([*line, "--help"])
    print(json.dumps([line, code, said.getvalue(), sorted(sys.modules)]))
"""


def lines(command: argparse.ArgumentParser, said: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """What can be said: each command, and each with an action."""
    yield list(said)
    for option in command._actions:
        if isinstance(option, argparse._SubParsersAction):
            for name, action in option.choices.items():
                yield from lines(action, (*said, name))


def test_no_help_imports_what_does_the_work() -> None:
    asked = list(lines(parser()))
    assert ["segments", "diff"] in asked
    ended = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(asked)], capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [answer[0] for answer in answers] == asked
    for line, code, said, modules in answers:  # the first that has a module is the one to blame
        assert code == 0
        assert said.startswith(" ".join(["usage: panelist", *line, "[-h]"])), line
        assert {name.partition(".")[0] for name in modules} & HEAVY_HERE == set(), line
        parts = {name.split(".")[1] for name in modules if name.startswith("app.")}
        assert parts & set(WORKING) == set(), line


def test_every_help_has_a_sentence_and_two_examples_that_can_be_typed() -> None:
    for command in commands():
        name = command.name.removeprefix("panelist ")
        text = command.parser.format_help()
        assert (command.parser.description or "").endswith("."), name
        examples = [shlex.split(example) for example in EXAMPLES[name]]
        assert len(examples) == (1 if name == "mail logout" else 2)
        for written, words in zip(EXAMPLES[name], examples, strict=True):
            assert f"\n  panelist {written}\n" in text
            assert " ".join(words).startswith(name)
            parse(words[: words.index("<")] if "<" in words else words)


def test_every_module_is_a_command() -> None:
    (folder,) = map(Path, app.commands.__path__)
    here = {file.stem for file in folder.iterdir() if file.stem not in ("__init__", "__pycache__")}
    assert here == {"app", "shared"} | set(COMMANDS)


def test_only_the_command_that_was_said_is_imported() -> None:
    code = "import sys; from app.cli import parser; parser(['status'])\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    prefix = "app.commands."
    imported = {name.removeprefix(prefix) for name in ended.stdout.split() if prefix in name}
    assert imported & set(COMMANDS) == {"status"}
