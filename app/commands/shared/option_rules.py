"""Refuses options that would do nothing: without a value, or without the option that they are for.

A value that is empty by mistake, such as that of an unset variable of a shell, must not mean "all".
"""

from __future__ import annotations

import argparse

from app.commands.shared.exit_codes import WrongUse

# What names something. Other texts may be empty, such as a purpose that is removed.
_NAMES = (
    "account",
    "study",
    "segment",
    "exclude",
    "plan",
    "state",
    "outcome",
    "output",
    "person",
    "where",
    "seed",
    "test",
    "against",
)
_CSV = ("--csv", "--output")
_LISTS = ("segments", "studies", "invites", "ledger", "participants")  # without a default file
# By command: an option, and those of which one must be there.
_NEEDS: dict[str, dict[str, tuple[str, ...]]] = {
    "participants": {"--exact": _CSV},
    "segments": {"--exact": _CSV},
    "invites": {"--exact": _CSV, "--only-planned": ("--plan",), "--now": ("--plan",)},
    "ledger": {"--exact": _CSV},
    "invite": {
        "--exact": ("--output", "--outcome"),
        "--seed": ("--sample",),
        "--strata": ("--sample",),
        "--reason": ("--override", "--again"),
        "--only-planned": ("--plan",),
        "--now": ("--plan",),
        "--while-filling": ("--plan",),
    },
    "verify": {"--all": ("--stripe",), "--sample": ("--stripe",)},
    "connect": {"--no-browser": ("--oauth",), "--mode": ("--oauth",)},
}


def check_options(options: argparse.Namespace) -> None:
    """Raise WrongUse if an option that was given has no value, or no effect without another."""
    for name in _NAMES:
        if (options.command, name) == ("studies", "study"):  # a title, which it checks itself
            continue
        value = getattr(options, name, None)
        if "" in (value if isinstance(value, list) else [value]):
            raise WrongUse(
                f"The value for {name} is empty. Nothing was changed. Give a value, or omit the "
                f"option."
            )
    if options.command in _LISTS and options.replace and not options.output:
        raise WrongUse("--force needs --output. Nothing was changed.")
    for option, others in _NEEDS.get(options.command or "", {}).items():
        if _given(options, option) and not any(_given(options, other) for other in others):
            raise WrongUse(f"{option} needs {' or '.join(others)}. Nothing was changed.")


def _given(options: argparse.Namespace, option: str) -> bool:
    value = getattr(options, option.removeprefix("--").replace("-", "_"), None)
    return value not in (None, False, "")
