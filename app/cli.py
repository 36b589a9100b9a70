"""The command line: finds the command, and ends every failure in one sentence.

Heavy imports wait until a command needs them, because ``--help`` must answer at once.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence

from app.commands.shared.command_parser import joined, parser
from app.commands.shared.exit_codes import DONE, FAILED, WRONG_USE, CommandProblem
from app.commands.shared.option_rules import check_options
from app.problems import Problem, UnknownName

OUTPUT_CLOSED = (
    "Standard output is closed, so the result was not written. What was saved before is kept. "
    "Write the output to a file, or to /dev/null."
)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the exit code. Never lets a traceback through."""
    _open_closed_streams()
    try:
        code = _parse_and_run(arguments)
        sys.stdout.flush()  # so that a broken pipe is noticed here
        if isinstance(sys.stdout, ClosedOutput) and sys.stdout.lost and code == DONE:
            print(OUTPUT_CLOSED, file=sys.stderr)
            return FAILED
        return code
    except KeyboardInterrupt:
        print("Stopped. Everything synced so far is kept.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        _give_up_output()  # the reader of a pipe has gone, which is not an error
        return FAILED
    except CommandProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    except Exception as problem:
        print(_output_failure(problem) or _sentence(problem), file=sys.stderr)
        return WRONG_USE if isinstance(problem, UnknownName) else FAILED


def _parse_and_run(arguments: Sequence[str]) -> int:
    words = joined(arguments)
    said = (word for word in words if not word.startswith("-"))
    try:
        options = parser([next(said, "")]).parse_args(words)
    except SystemExit as end:  # argparse has printed the help, the version or what is wrong
        return end.code if isinstance(end.code, int) else DONE
    from app import paths

    paths.private_umask()
    paths.no_core_dumps()
    check_options(options)
    if getattr(options, "quiet", False):
        from app.commands.shared.quiet_output import run_quietly

        return run_quietly(options)
    code: int = options.run(options)
    return code


class ClosedOutput(io.StringIO):
    """Stands for a standard output that is closed. ``lost``: whether something was written."""

    lost = False

    def write(self, text: str) -> int:
        self.lost = self.lost or bool(text)
        return len(text)

    def fileno(self) -> int:
        return 1  # /dev/null


def _open_closed_streams() -> None:
    """Let a closed standard stream be /dev/null, so that no other file gets its number. What is
    written to a closed standard output is missed at the end, because a script counts on it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number
        if getattr(sys, name) is None and number == 1:
            sys.stdout = ClosedOutput()
        elif getattr(sys, name) is None and number:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open until the process ends


def _output_failure(problem: Exception) -> str | None:
    """A sentence if the problem is that standard output cannot be written, which is then given
    up."""
    if not isinstance(problem, OSError) or problem.filename is not None:
        return None
    try:
        print(flush=True)  # nothing else tells it from other problems
    except OSError:
        sentence = (
            f"Standard output could not be written ({problem.strerror}). What was saved"
            " before is kept. Write the output to another place."
        )
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        return sentence
    return None


def _give_up_output() -> None:
    """Nothing more is written, not even at exit (docs.python.org/3/library/signal.html, note on
    SIGPIPE)."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _sentence(problem: Exception) -> str:
    """The sentence for a person. For a bug of our own it leaves out values, which may be secret,
    and names the place in the code."""
    from app.crash import place
    from app.text import plain

    if isinstance(problem, Problem):
        return plain(problem, 1000)
    if isinstance(problem, ModuleNotFoundError) and problem.name:
        return (
            f"Panelist is not completely installed: the package {plain(problem.name, 100)} is"
            " missing. Nothing was changed. Install Panelist again with all its packages, as"
            " described in its README."
        )
    if isinstance(problem, OSError) and problem.filename is not None and problem.strerror:
        return (
            f"{plain(os.fsdecode(problem.filename), 500)} cannot be used ({problem.strerror})."
            " What was saved before is kept. Check the file, its folder and the disk, then try "
            "again."
        )
    return (
        f"Panelist crashed ({type(problem).__name__} at {place(problem)}). What was saved before is"
        " kept. Please report this line."
    )
