"""``panelist completion``: prints what lets a shell complete commands, options and values."""

from __future__ import annotations

import argparse

from app.commands.shared.exit_codes import DONE

SHELLS = ("bash", "zsh", "fish")


EXAMPLES = {
    "completion": ("completion bash", "completion zsh"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Prints a script that completes commands, options and their values. Load it with"
        " source <(panelist completion bash), or save it where your shell looks for such files."
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="One of bash, zsh and fish")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from app.commands.completion.shell_scripts import SCRIPTS

    print(SCRIPTS[options.shell](), end="")
    return DONE
