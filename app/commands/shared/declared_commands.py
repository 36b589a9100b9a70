"""Everything that can be typed, as the parser has it, for completion and for the reference."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from app.commands.shared.command_parser import parser


class DeclaredCommand(NamedTuple):
    """A command or an action. ``words``: what is typed after ``panelist``; none for the app."""

    words: tuple[str, ...]
    about: str
    parser: argparse.ArgumentParser

    @property
    def options(self) -> list[argparse.Action]:
        """The options, without --help."""
        return [one for one in self.parser._actions if one.option_strings and one.dest != "help"]

    @property
    def arguments(self) -> list[argparse.Action]:
        """The arguments that are no options."""
        subparsers = argparse._SubParsersAction
        return [
            one
            for one in self.parser._actions
            if not one.option_strings and not isinstance(one, subparsers)
        ]

    @property
    def actions(self) -> dict[str, str]:
        """What can be typed next, each with what it does."""
        for one in self.parser._actions:
            if isinstance(one, argparse._SubParsersAction):
                return {choice.dest: choice.help or "" for choice in one._choices_actions}
        return {}


def declared_commands() -> Iterator[DeclaredCommand]:
    """The app, and each command followed by its actions."""
    yield from _from(DeclaredCommand((), "Open the app", parser()))


def _from(command: DeclaredCommand) -> Iterator[DeclaredCommand]:
    yield command
    for one in command.parser._actions:
        if isinstance(one, argparse._SubParsersAction):
            for word, below in one.choices.items():
                about = command.actions[word]
                yield from _from(DeclaredCommand((*command.words, word), about, below))


def help_of(action: argparse.Action) -> str:
    """What an option or an argument means, as ``--help`` prints it."""
    text = action.help or ""
    return text % vars(action) if "%" in text else text


def takes_file(action: argparse.Action) -> bool:
    """Whether its value is, or may be, the name of a file."""
    name = action.metavar if isinstance(action.metavar, str) else ""
    return any(word in name for word in ("FILE", "NEW", ".csv"))
