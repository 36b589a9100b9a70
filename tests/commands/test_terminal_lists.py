"""Lists have headings, styles and the width of the terminal on a terminal, and nowhere else."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

import pytest

from app.commands.shared.progress import cells
from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at

HEADINGS = {
    ("segments",): "Participants",
    ("participants",): "Stripe ID",
    ("segments", "show", "all"): "Stripe ID",
}
PLAIN = {"NO_COLOR": "1"}, {"TERM": "dumb"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    with Sandbox(customers=12, seed=8) as sandbox:
        sandbox.world.create_customer(name="教育" * 40, email=f"{'a' * 60}@example.com")
        made = at(sandbox, tmp_path_factory.mktemp("terminal") / "home")
        assert made.run("sync").code == 0
    made.variables.clear()
    return made


def on_terminal(home: Home, *words: str, columns: int = 80) -> str:
    """What a command writes to a terminal."""
    shown, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    home.variables.update({"TERM": "xterm", **home.variables})
    process = home.start(*words, stdout=terminal, stderr=terminal)
    os.close(terminal)
    text = b""
    while True:
        try:
            piece = os.read(shown, 65_536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not piece:
            break
        text += piece
    process.communicate()
    os.close(shown)
    home.variables.clear()
    return text.decode()


@pytest.mark.parametrize("words", HEADINGS)
def test_a_terminal_gets_headings_that_fit(home: Home, words: tuple[str, ...]) -> None:
    text = on_terminal(home, *words)
    assert f"\x1b[1m{HEADINGS[words]}" in text
    for variables in PLAIN:
        home.variables.update(variables)
        lines = on_terminal(home, *words).splitlines()
        assert lines[0].startswith(HEADINGS[words])
        assert "\x1b" not in "".join(lines)
        assert max(cells(line) for line in lines) < 80


def test_a_state_has_the_colour_of_its_meaning(home: Home) -> None:
    person = home.run("participants", "--segment", "active", "--jsonl").lines[0]["stripe_id"]
    assert "\x1b[32myes\x1b[0m" in on_terminal(home, "why", person)
    assert "\x1b[32mactive\x1b[0m" in on_terminal(home, "segments", "show", "active")


@pytest.mark.parametrize("words", HEADINGS)
def test_a_pipe_gets_plain_lines(home: Home, words: tuple[str, ...]) -> None:
    piped = home.run(*words).out
    assert HEADINGS[words] not in piped
    assert "\x1b" not in piped
