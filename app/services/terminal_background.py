"""Asks the terminal for the colour of its background, so that a light one gets a light theme."""

from __future__ import annotations

import os
import re
import select
import sys
import time

QUESTION = b"\x1b]11;?\x1b\\\x1b[c"  # xterm's OSC 11, then DA1, which every terminal answers
ANSWER = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
END = re.compile(rb"\x1b\[\?[0-9;]*c")  # of the answer to DA1 (ECMA-48; VT100 and later)
PATIENCE = 0.2  # seconds; a terminal answers within its way there and back


def is_light() -> bool:
    """Whether the terminal says that its background is light. False if it doesn't say."""
    if os.name != "posix" or not (sys.__stdin__ and sys.__stdout__):
        return False
    if not (sys.__stdin__.isatty() and sys.__stdout__.isatty()):
        return False
    import termios
    import tty

    descriptor = sys.__stdin__.fileno()
    try:
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSANOW)
            os.write(sys.__stdout__.fileno(), QUESTION)
            answer = _answer(descriptor)
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
    except (OSError, termios.error):
        return False
    return brightness(answer) > 0.5


def brightness(answer: bytes) -> float:
    """How bright the colour in an answer is, from 0 to 1. 0 if there is none."""
    found = ANSWER.search(answer)
    if found is None:
        return 0.0
    red, green, blue = (int(part, 16) / int("f" * len(part), 16) for part in found.groups())
    return 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601, luma


def _answer(descriptor: int) -> bytes:
    """Everything until the answer to DA1, or until no more comes in time. Keys that a person
    pressed in between are lost with it."""
    read, until = b"", time.monotonic() + PATIENCE
    while not END.search(read):
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        read += os.read(descriptor, 1_024)
    return read
