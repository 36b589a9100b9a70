"""The parser of all commands: what can be typed, and what is said of what cannot."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from app.commands import COMMANDS
from app.commands.shared.exit_codes import WRONG_USE
from app.commands.shared.near_names import did_you_mean

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_UNREADABLE = re.compile(r"invalid \w+ value: (.*)", re.DOTALL)  # argparse's words


def parser(declared: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of all commands. Only the ``declared`` ones get their options, which imports
    them."""
    from app import __version__

    top = CommandParser(
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
    command = CommandParser(prog, formatter_class=_Help)
    command.set_defaults(run=module.run)
    module.declare(command)
    _pass_on(command)
    _explain(command, declared, COMMANDS[declared], module.EXAMPLES)
    return command


def _pass_on(command: argparse.ArgumentParser) -> None:
    """Let an option that was given before the name of an action hold, if the action has it too.
    argparse would put the action's default in its place."""
    known = {one.dest for one in command._actions}
    for actions in command._actions:
        if isinstance(actions, argparse._SubParsersAction):
            for action in actions.choices.values():
                for one in action._actions:
                    if one.dest in known and one.dest != "help":
                        one.default = argparse.SUPPRESS


def _explain(
    command: argparse.ArgumentParser,
    name: str,
    about: str,
    every: Mapping[str, Sequence[str]],
) -> None:
    """Give the help of a command and of its actions a sentence and two examples."""
    command.formatter_class = _Help
    command.description = command.description or f"{about}."
    examples = (f"  panelist {example}" for example in every[name])
    command.epilog = "\n".join(("Examples:", *examples)).replace("%", "%%")
    for actions in command._actions:
        if isinstance(actions, argparse._SubParsersAction):
            abouts = {one.dest: one.help or "" for one in actions._choices_actions}
            for word, action in actions.choices.items():
                _explain(action, f"{name} {word}", abouts[word], every)


class CommandParser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, with the name that was probably meant. Does not hide that
    standard output cannot be written, as argparse does."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            self._typed(options)._refuse_rest(rest)
        return options

    def _typed(self, options: argparse.Namespace) -> CommandParser:
        """The parser of the command and of the action that were typed."""
        here = self
        for word in (options.command, getattr(options, "action", None)):
            below = next(
                (one for one in here._actions if isinstance(one, argparse._SubParsersAction)), None
            )
            if below is None or word not in below.choices:
                break
            here = below.choices[word]
        return here

    def _refuse_rest(self, rest: Sequence[str]) -> NoReturn:
        option = next((one for one in rest if one.startswith("-")), None)
        if option is None:
            self.error(f"one argument too many: {' '.join(rest)}")
        name = option.partition("=")[0]
        known = [one for one in self._option_string_actions if one.startswith("--")]
        self.error(f"unknown option {name}.{did_you_mean(name, known)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = [str(one) for one in action.choices]
        is_command = isinstance(action, argparse._SubParsersAction)
        what = ("action" if self.prog.count(" ") else "command") if is_command else "value"
        meant = did_you_mean(str(value), choices)
        if not meant and what != "command":
            meant = f" Use {', '.join(choices[:-1])}{' or ' if choices[1:] else ''}{choices[-1]}."
        said = f"unknown {what} {value}.{meant}"
        raise argparse.ArgumentError(None if is_command else action, said)

    def error(self, message: str) -> NoReturn:
        """Print one sentence, and where more is said."""
        from app.text import plain

        said = _UNREADABLE.sub(r"\1 is not a valid value", message)
        said = plain(said[:1].upper() + said[1:], 1_000)
        end = "" if said.endswith((".", "?")) else "."
        self.exit(WRONG_USE, f"{said}{end} See {self.prog} --help.\n")

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
    code: int = import_module("app.commands.app").run(options)
    return code


def joined(arguments: Sequence[str]) -> list[str]:
    """Make one argument of ``--filter -status:active``, which argparse would take for two
    options. ``help sync`` is ``sync --help``."""
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    joined: list[str] = []
    for argument in arguments:
        negation = argument.startswith("-") and not argument.startswith("--")
        if joined[-1:] == ["--filter"] and negation:
            joined[-1] = f"--filter={argument}"
        else:
            joined.append(argument)
    return joined
