"""Whether a terminal is light: terminals that say it in several ways, and those that don't."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from app.services.terminal_background import brightness

ATTRIBUTES = b"\x1b[?62;22c"  # the answer to DA1
ASK = (
    "from app.services.terminal_background import is_light; print('light' if is_light() else 'no')"
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", 1.0),
        (b"\x1b]11;rgb:fd/f6/e3\x07", 0.96),
        (b"\x1b]11;rgba:0000/0000/0000/ffff\x1b\\", 0.0),
        (b"\x1b]11;rgb:1c1c/1919/1717\x1b\\" + ATTRIBUTES, 0.1),
        (ATTRIBUTES, 0.0),
        (b"", 0.0),
    ],
)
def test_how_bright_it_is(answer: bytes, expected: float) -> None:
    assert brightness(answer) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\" + ATTRIBUTES, "light"),
        (b"\x1b]11;rgb:1c1c/1919/1717\x1b\\" + ATTRIBUTES, "no"),
        (ATTRIBUTES, "no"),
    ],
)
def test_a_terminal_is_asked(answer: bytes, said: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as process:
        os.close(theirs)
        asked = b""
        while not asked.endswith(b"\x1b[c"):
            asked += os.read(ours, 100)
        os.write(ours, answer)
        process.wait()
        rest = os.read(ours, 1_000)
    os.close(ours)
    assert b"]11;?" in asked
    assert rest.split()[-1].decode() == said


def test_without_a_terminal_nothing_is_asked() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ASK], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert ended.stdout == b"no\n"
