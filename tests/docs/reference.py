"""The reference pages, made from the parser, the settings and the table of keys.

``python -m tests.docs.reference`` writes ``docs/commands.md``, ``docs/keys.md``,
``docs/settings.md`` and the man page ``docs/panelist.1`` again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.commands.shared.command_parser import joined, parser
from app.commands.shared.declared_commands import declared_commands, help_of
from app.settings import SETTINGS, Setting
from tests.docs.examples import EXAMPLES
from tests.docs.keys_page import keys_page, table
from tests.docs.man_page import man_page

DOCS = Path(__file__).parents[2] / "docs"
NOTE = "<!-- Made by python -m tests.docs.reference. Don't edit this page by hand. -->\n"


_SHORT = """## Options that mean the same everywhere

| option | means |
|---|---|
| `-o`, `--output FILE` | write to a file that only you can read. `-` is standard output |
| `-f`, `--force` | replace what is there. `sync` and `send` have `-f` for `--follow` |
| `-q`, `--quiet` | print nothing unless the command fails |
| `-y`, `--yes` | do not ask for confirmation |
| `-n`, `--dry-run` | show what would change, and change nothing |

Where a segment is wanted, its name or its key works. Where a study is wanted, its title or its
number works. Where a person is wanted, a Stripe ID, an email or a name works. Lists have headings
and fit the width on a terminal only, and styles only if `NO_COLOR` is not set.
"""
_JSON = """## JSON

`--json` prints one document: an object, or an array for a list. `--jsonl` prints a list as one
object a line. `sync`, `serve`, `connect`, `send` and an `invite` that sends report as they go, so
they print one object a line with either. Each object that stands by itself has a `schema_version`,
which is 1.
Times are ISO 8601 in UTC, such as `2026-12-01T09:00:00+00:00`. A name that ends in `.json` or
`.jsonl` chooses the form of a file.
"""


class Command(NamedTuple):
    """One thing that can be typed: ``name`` is all of it, such as ``panelist segments show``."""

    name: str
    about: str
    parser: argparse.ArgumentParser


def commands() -> Iterator[Command]:
    """Every command, each followed by its actions."""
    for one in declared_commands():
        if one.words:
            yield Command(" ".join(("panelist", *one.words)), one.about, one.parser)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """A command line as Panelist reads it, not run. Raises SystemExit for one that is wrong."""
    return parser().parse_args(joined(arguments))


def commands_page() -> str:
    """The page of every command and option."""
    return "\n".join(
        (
            NOTE,
            "# Commands\n",
            "Run `panelist` without a command to open the app. Every command has `--help`.",
            "Results go to standard output. Progress and errors go to standard error.\n",
            _SHORT,
            _JSON,
            _exit_codes(),
            *(_section(command) for command in commands()),
        )
    )


def _exit_codes() -> str:
    """The one table of exit codes, which decides them."""
    _, heading, table = (DOCS / "words.md").read_text("utf-8").partition("## Exit codes\n")
    return heading + table


def _section(command: Command) -> str:
    depth = "#" * (len(command.name.split()) if len(command.name.split()) < 4 else 4)
    parts = [f"{depth} `{command.name}`\n", f"{_sentence(command.about)}\n"]
    description = command.parser.description
    if description and description != f"{command.about}.":
        parts.append(f"{description}\n")
    examples = (f"panelist {one}\n" for one in EXAMPLES[command.name.removeprefix("panelist ")])
    parts.append(f"```text\n{''.join(examples)}```\n")
    rows = [
        (_written(action), _meaning(action))
        for action in command.parser._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
    ]
    if rows:
        parts.append(table(("argument or option", "meaning"), rows))
    return "\n".join(parts)


def _written(action: argparse.Action) -> str:
    """How it is typed: ``--sample N``, ``FILE``, ``--mode {live,test}``."""
    value = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None and not isinstance(action.metavar, str):
        value = f"{{{','.join(map(str, action.choices))}}}"
    if not action.option_strings:
        return f"`[{value}]`" if action.nargs == "?" else f"`{value}`"
    names = ", ".join(action.option_strings)
    return f"`{names}`" if action.nargs == 0 else f"`{names} {value}`"


def _meaning(action: argparse.Action) -> str:
    text = help_of(action)
    default = action.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    if plain and default not in ("", 0, argparse.SUPPRESS) and str(default) not in text:
        text = f"{text} (default: `{default}`)".strip()
    return _sentence(text)


def settings_page() -> str:
    """The page of every setting."""
    return "\n".join(
        (
            NOTE,
            "# Settings\n",
            "Set a setting as an environment variable or in `settings.toml`. The variable wins.",
            "`panelist info` names your `settings.toml`.\n",
            _settings_table(row for row in SETTINGS if not row.secret),
            "In `settings.toml` a setting has its name without `PANELIST_`, in lower case:\n",
            '```toml\nmail_rate = "20/500"\n```\n',
            "`PANELIST_HOME` is an environment variable only: it says where that file is. So is",
            "`PANELIST_STATE`, which must stay when that file is put back from a copy.\n",
            "The table `[keys]` sets your own keys: see [Keys](keys.md#your-own-keys).\n",
            "## Secrets\n",
            "Secrets are environment variables only. Panelist refuses a `settings.toml` that has",
            "one, so that you can share and back up that file.",
            "Panelist never stores a secret from an environment variable.\n",
            _settings_table(row for row in SETTINGS if row.secret),
        )
    )


def _settings_table(rows: Iterable[Setting]) -> str:
    return table(
        ("variable", "meaning", "default"),
        [(f"`{row.variable}`", row.help, row.default) for row in rows],
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


PAGES = {
    "commands.md": commands_page,
    "keys.md": keys_page,
    "panelist.1": man_page,
    "settings.md": settings_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
