"""The man page, made from the parser and the settings by ``python -m tests.docs.reference``.

How it is written: groff_man(7), and man-pages(7) for the sections.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app import __version__
from app.commands.shared.command_parser import parser
from app.commands.shared.declared_commands import DeclaredCommand, declared_commands, help_of
from app.settings import SETTINGS
from tests.docs.examples import EXAMPLES

NOTE = ".\\\" Made by python -m tests.docs.reference. Don't edit this page by hand."
CODES = (
    ("0", "Done."),
    ("1", "Failed. One sentence on standard error says why."),
    ("2", "Wrong use: an option, a name or a combination that the command does not know."),
    ("3", "Not connected."),
)


def man_page() -> str:
    """The page."""
    _, *commands = declared_commands()
    lines = [
        NOTE,
        f'.TH PANELIST 1 "" "Panelist {__version__}" "User Commands"',
        ".SH NAME",
        "panelist \\- turns the customers in a Stripe account into a research panel",
        ".SH SYNOPSIS",
        ".B panelist",
        '.RI [ command " " [ option ...]]',
        ".SH DESCRIPTION",
        text(parser().description or ""),
        text("Run panelist without a command to open the app. Every command has --help."),
        ".PP",
        text(
            "Results go to standard output. Progress and errors go to standard error. With --json a"
            " list is one document, with --jsonl one object a line."
        ),
        ".SH COMMANDS",
    ]
    for command in commands:
        lines += _command(command)
    lines += [".SH ENVIRONMENT", text("Each can also stand in settings.toml, except secrets.")]
    for setting in SETTINGS:
        lines += [".TP", f".B {text(setting.variable)}", text(f"{setting.help}.")]
    lines.append(".SH EXIT STATUS")
    for code, meaning in CODES:
        lines += [".TP", f".B {code}", text(meaning)]
    lines += [".SH SEE ALSO", text("https://panelist.github.io/panelist/")]
    return "\n".join(lines) + "\n"


def _command(command: DeclaredCommand) -> Iterator[str]:
    name = " ".join(command.words)
    arguments = "".join(f" {_value(one)}" for one in command.arguments)
    yield f'.SS "panelist {text(name + arguments)}"'
    yield text(command.parser.description or f"{command.about}.")
    for option in (*command.arguments, *command.options):
        names = ", ".join(option.option_strings) or _value(option)
        value = f" {_value(option)}" if option.option_strings and option.nargs != 0 else ""
        yield ".TP"
        yield f".B {text(names + value)}"
        yield text(help_of(option) or "")
    yield ".PP"
    yield "Examples:"
    yield ".EX"
    yield from (f"    {text(f'panelist {example}')}" for example in EXAMPLES[name])
    yield ".EE"


def _value(action: object) -> str:
    """How the value of an option or an argument is written."""
    metavar, choices = getattr(action, "metavar", None), getattr(action, "choices", None)
    if isinstance(metavar, str):
        return metavar
    if choices:
        return f"{{{','.join(map(str, choices))}}}"
    return str(getattr(action, "dest", "")).upper()


def text(words: str) -> str:
    """Text that roff prints as it is. No line begins with what would be a request."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return re.sub(r"^(?=[.'])", r"\\&", escaped, flags=re.MULTILINE)
