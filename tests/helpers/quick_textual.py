"""Textual as the tests drive it: its stylesheets are parsed once, a pilot waits for the app's work
instead of for the clock, and a screen is drawn once that work is done.

Textual's own pilot calls an app idle when its process has used little of the processor for
20 ms. That is slow where the app is idle at once, and wrong where another program has the
processor.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import selectors
import socket
import socketserver
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any
from unittest.mock import patch

import pytest
from textual._compositor import Compositor
from textual._context import active_app
from textual.css.stylesheet import Stylesheet
from textual.screen import UPDATE_PERIOD

from app.sync.auth.stripe_approval import Approval


@contextmanager
def quick_apps() -> Iterator[None]:
    """Every app in here is a quick one."""
    _others.update(sys._current_frames())
    with (
        patch("textual.pilot.wait_for_idle", _wait_for_work),
        patch("textual.app.wait_for_idle", _wait_for_work),
        patch.object(Stylesheet, "_parse_rules", _parsed_once()),
        patch.object(Compositor, "render_update", _draw_later),
    ):
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_textual() -> Iterator[None]:
    """Every app of this run is a quick one."""
    with quick_apps():
        yield


def _parsed_once() -> Any:
    """The rules of a text are the same in every app with the same colours."""
    parse, found = Stylesheet._parse_rules, {}

    def parsed(self: Stylesheet, *text: Any, **options: Any) -> Any:
        key = (text, *sorted(options.items()), tuple(self._variables.items()))
        if key not in found:
            found[key] = parse(self, *text, **options)
        return found[key]

    return parsed


def _draw_later(self: Compositor, **how: Any) -> Any:
    """Without a terminal, no one sees what is drawn while the app still works."""
    if how.get("full") or not active_app.get().is_headless:
        return _draw(self, **how)
    _undrawn[self] = how
    return None


def _draw_now() -> None:
    while _undrawn:
        compositor, how = _undrawn.popitem()
        if compositor._dirty_regions:
            _draw(compositor, **how)


async def _wait_for_work(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Until nothing in this process works: not the loop, no drawing that is due, no thread."""
    loop: Any = asyncio.get_running_loop()
    until, quiet = loop.time() + max_sleep, 0
    while quiet < 3 and loop.time() < until:
        await asyncio.sleep(0)
        soon = min((one._when for one in loop._scheduled if not one._cancelled), default=inf)
        wait = soon - loop.time()
        if loop._ready or wait <= 0:
            quiet = 0
        elif wait <= UPDATE_PERIOD:
            quiet = 0
            await asyncio.sleep(wait)
        else:
            threads = _threads()
            quiet = quiet + 1 if all(map(_rests, threads)) else 0
            await asyncio.sleep(TURN if threads else 0)  # one that was just woken begins
    _draw_now()


def _threads() -> list[types.FrameType]:
    """Where each thread is that came after the first app."""
    return [
        frame
        for number, frame in sys._current_frames().items()
        if number not in _others and number != threading.get_ident()
    ]


def _rests(frame: types.FrameType) -> bool:
    """Whether the thread waits for another thread, another process or a network."""
    return frame.f_code.co_filename in _WAITING or frame.f_code in _WAITING_IN_C


TURN = 0.001  # seconds
_WAITING = {
    one.__file__
    for one in (concurrent.futures.thread, selectors, socket, socketserver, subprocess, threading)
}
_WAITING_IN_C = {Approval.wait.__code__}  # a SimpleQueue has no frame of its own
_others: set[int] = set()
_draw = Compositor.render_update
_undrawn: dict[Compositor, dict[str, Any]] = {}
