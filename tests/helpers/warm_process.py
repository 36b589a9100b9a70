"""Processes that need not import Panelist: forked from one that has.

``python -m app`` takes half a second, nearly all of it for imports, and the tests start it some
hundreds of times. So each run of pytest starts one Python that imports the commands and then
waits. It forks for every start. What comes out is a process like any other, with an environment,
a umask, descriptors, signals and an exit of its own. Where the start itself is tested (what is
imported, what PYTHON* variables tell Python), a test uses ``subprocess`` as it is.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
from importlib import import_module
from typing import IO, Any

from tests.helpers import quick_scrypt

_NUMBER = struct.Struct("q")


class WarmProcess(subprocess.Popen[str]):
    """``python -m module arguments``; ``options`` are Popen's own."""

    def __init__(
        self, module: str, *arguments: str, env: dict[str, str], umask: int = 0o022, **options: Any
    ) -> None:
        self._asked = [module, list(arguments), env, umask, os.getcwd()]
        super().__init__([module, *arguments], text=True, **options)

    # These three are where Popen begins and awaits a process.

    def _execute_child(self, *how: Any) -> None:
        pipes = how[10:16]  # for standard input, output and error, two ends each
        theirs = (pipes[0], pipes[3], pipes[5])
        given = [number if end == -1 else end for number, end in enumerate(theirs)]
        self._reply = _nursery().fork(given)
        self._reply.sendall(json.dumps(self._asked).encode() + b"\n")
        self.pid = _receive(self._reply)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if flags and not select.select([self._reply], [], [], 0)[0]:
            return 0, 0
        status = _receive(self._reply)
        self._reply.close()
        return self.pid, status

    def _internal_poll(self, _deadstate: int | None = None) -> int | None:
        if self.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(0)
        return self.returncode


def _receive(reply: socket.socket) -> int:
    number: int = _NUMBER.unpack(reply.recv(_NUMBER.size, socket.MSG_WAITALL))[0]
    return number


class _Nursery:
    """The process that forks, seen from the tests. It ends with them."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._turn = threading.Lock()
        with theirs:
            kept = {key: value for key, value in os.environ.items() if key not in _OF_PYTHON}
            subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def fork(self, descriptors: list[int]) -> socket.socket:
        """Another process with these as its standard ones; what to ask it by. It tells its
        number, and in the end its status."""
        ours, theirs = socket.socketpair()
        with theirs, self._turn:
            socket.send_fds(self._channel, [b"\n"], [*descriptors, theirs.fileno()])
        return ours


# What commands import when they need it.
_LATER = (
    "app.cli",
    "app.db.schema.creation",
    "app.sync.stripe.sdk",  # first of those that import httpx
    "anyio._backends._asyncio",
    "cryptography.hazmat.primitives.ciphers.aead",
    "idna",
    "psycopg",
    "socksio",
    "truststore",
    "uvicorn",
)
_OF_PYTHON = ("PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONWARNINGS", "PYTHONASYNCIODEBUG")
_nursery = functools.cache(_Nursery)


def _serve(channel: socket.socket) -> None:
    """Fork whenever it is asked for; only the forked ones come back from here."""
    import app.commands
    from app.sync import ended_access
    from app.sync.verify import verifier

    modules = pkgutil.walk_packages(app.commands.__path__, "app.commands.")
    for name in (*(module.name for module in modules), *_LATER):
        import_module(name)
    quick_scrypt.use()
    ended_access.PAUSE = verifier.PATIENCE = 0.0  # nothing comes late from the sandbox
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no one waits for those that watch
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(channel, 1, 4)
        if not asked:
            os._exit(0)
        if os.fork() == 0:
            channel.close()
            _watch(descriptors)
            return
        for one in descriptors:
            os.close(one)


def _watch(descriptors: list[int]) -> None:
    """Fork the process that was asked for, and tell of its end; only that one comes back."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reply = socket.socket(fileno=descriptors.pop())
    with reply.makefile() as lines:
        module, arguments, environ, umask, folder = json.loads(lines.readline())
    if process := os.fork():
        for one in descriptors:
            os.close(one)
        with contextlib.suppress(OSError):  # no one wants to know any more
            reply.sendall(_NUMBER.pack(process))
            reply.sendall(_NUMBER.pack(os.waitpid(process, 0)[1]))
        os._exit(0)
    reply.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(descriptors[number], number)
        os.close(descriptors[number])
        setattr(sys, name, _opened(number))
    os.chdir(folder)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _end(end.code)
    _end(None)


def _end(code: object) -> None:
    """End as Python does, but leave the memory to the system: to clear away all that was imported
    takes three times as long as to fork."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    status = code if isinstance(code, int) else int(code is not None)
    for stream in (sys.stdout, sys.stderr):
        try:
            if not stream.closed:
                stream.flush()
        except OSError as problem:
            status = 120
            if not sys.stderr.closed:
                print(f"Exception ignored while flushing: {problem}", file=sys.stderr)
    for one in gc.get_objects():  # what was imported is frozen, and not among them
        if issubclass(type(one), sqlite3.Connection):
            with contextlib.suppress(sqlite3.Error):
                one.close()  # which leaves no journal
    os._exit(status)


def _opened(number: int) -> IO[str]:
    """A standard stream as Python opens it at its start."""
    by_line = number == 2 or os.isatty(number)
    return open(
        number,
        "w" if number else "r",
        buffering=1 if by_line else -1,
        errors="backslashreplace" if number == 2 else "strict",
        closefd=False,
    )


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
