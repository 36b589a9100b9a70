"""The two examples of every command and action, by its name."""

from __future__ import annotations

from importlib import import_module

from app.commands import COMMANDS

EXAMPLES: dict[str, tuple[str, ...]] = {
    name: examples
    for command in COMMANDS
    for name, examples in import_module(f"app.commands.{command}").EXAMPLES.items()
}
