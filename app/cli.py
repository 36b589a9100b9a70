"""The command line: finds the command, and ends every failure in one sentence.

Heavy imports wait until a command needs them, because ``--help`` must answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from app.commands import COMMANDS
from app.commands.shared.exit_codes import DONE, FAILED, WRONG_USE, CommandProblem
from app.commands.shared.help_examples import EXAMPLES
from app.commands.shared.option_rules import check_options
from app.problems import Problem, UnknownName

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

OUTPUT_CLOSED = (
    "Standard output is closed, so the result was not written. What was saved before is kept; write"
    " the output to a file, or to /dev/null."
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
    said = (argument for argument in arguments if not argument.startswith("-"))
    try:
        options = parser([next(said, "")]).parse_args(_joined(arguments))
    except SystemExit as end:  # argparse has printed the help, the version or what is wrong
        return end.code if isinstance(end.code, int) else DONE
    from app import paths

    paths.private_umask()
    paths.no_core_dumps()
    check_options(options)
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


def parser(declared: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of all commands. Only the ``declared`` ones get their options, which imports
    them."""
    from app import __version__

    top = _Parser(
        prog="panelist",
        formatter_class=_Help,
        description="Turns the customers in a Stripe account into a research panel.",
        epilog="Run panelist without a command to open the app. Exit codes: 0 done, 1 failed, 2"
        " wrong use, 3 not connected.",
    )
    top.add_argument("--version", action="version", version=f"panelist {__version__}")
    top.set_defaults(run=_open_app)
    commands = top.add_subparsers(  # type: ignore[call-overload]  # a callable is enough, too
        dest="command", metavar="command", parser_class=_command_parser
    )
    wanted = set(declared)
    for name, about in COMMANDS.items():
        commands.add_parser(name, help=about, declared=name if name in wanted else None)
    return top


def _command_parser(*, prog: str, declared: str | None) -> argparse.ArgumentParser | None:
    """The parser of a command, if it is ``declared``. ``--help`` only lists the others, and making
    all parsers would take longer than everything else that it does."""
    if declared is None:
        return None
    module = import_module(f"app.commands.{declared}")
    command = _Parser(prog, formatter_class=_Help)
    command.set_defaults(run=module.run)
    module.declare(command)
    _explain(command, declared, COMMANDS[declared])
    return command


def _explain(command: argparse.ArgumentParser, name: str, about: str) -> None:
    """Give the help of a command and of its actions a sentence and two examples."""
    command.formatter_class = _Help
    command.description = command.description or f"{about}."
    examples = (f"  panelist {example}" for example in EXAMPLES[name])
    command.epilog = "\n".join(("Examples:", *examples)).replace("%", "%%")
    for actions in command._actions:
        if isinstance(actions, argparse._SubParsersAction):
            abouts = {one.dest: one.help or "" for one in actions._choices_actions}
            for word, action in actions.choices.items():
                _explain(action, f"{name} {word}", abouts[word])


class _Parser(argparse.ArgumentParser):
    """Does not hide that standard output cannot be written, as argparse does."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        with contextlib.nullcontext() if file is sys.stdout else contextlib.suppress(OSError):
            (file or sys.stderr).write(message)


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal. For the width argparse would import shutil, and with it every
    kind of compression: a tenth of the time that ``--help`` takes."""

    def __init__(self, prog: str) -> None:
        asked = os.environ.get("COLUMNS", "")
        columns = int(asked) if asked.isdecimal() else 0
        if not columns:
            try:
                columns = os.get_terminal_size().columns
            except OSError:
                columns = 80
        super().__init__(prog, width=columns - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Examples keep their lines."""
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _open_app(options: argparse.Namespace) -> int:
    from app.commands import app

    return app.run(options)


def _joined(arguments: Sequence[str]) -> list[str]:
    """Make one argument of ``--filter -status:active``, which argparse would take for two
    options."""
    joined: list[str] = []
    for argument in arguments:
        negation = argument.startswith("-") and not argument.startswith("--")
        if joined[-1:] == ["--filter"] and negation:
            joined[-1] = f"--filter={argument}"
        else:
            joined.append(argument)
    return joined


def _sentence(problem: Exception) -> str:
    """The sentence for a person. For a bug of our own it leaves out values, which may be secret,
    and names the place in the code."""
    from app.crash import place
    from app.text import plain

    if isinstance(problem, Problem):
        return plain(problem, 1000)
    if isinstance(problem, ModuleNotFoundError) and problem.name:
        return (
            f"Panelist is not installed completely: the package {plain(problem.name, 100)} is"
            " missing. Nothing was changed. Install Panelist again with all its packages, as"
            " described in its README."
        )
    if isinstance(problem, OSError) and problem.filename is not None and problem.strerror:
        return (
            f"{plain(os.fsdecode(problem.filename), 500)} cannot be used ({problem.strerror})."
            " What was saved before is kept; check the file, its folder and the disk, then try"
            " again."
        )
    return (
        f"Panelist crashed ({type(problem).__name__} at {place(problem)}). What was saved before is"
        " kept. Please report this line."
    )
