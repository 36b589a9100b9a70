"""What an argument such as ``ADDRESS|FILE`` names."""

from __future__ import annotations

from app.commands.shared.exit_codes import WrongUse

LIST = "a CSV or text file with addresses, Stripe IDs or tokens (- for standard input)"


def named(argument: str) -> tuple[str, bool]:
    """The text that an argument means: itself, or what the file of this name has. The second value
    says whether the names were typed. Raises StudyProblem and WrongUse."""
    from pathlib import Path

    from app.invites.lists.list_addresses import is_name
    from app.invites.operator import read_text
    from app.text import plain

    if not argument.strip():
        raise WrongUse(
            "No address or file was given. Nothing was changed. Give an address, a "
            "Stripe ID or a file."
        )
    typed = "@" in argument or is_name(argument) or argument.isdecimal()
    there = argument == "-" or Path(argument).exists()
    if typed and not there:
        return argument, True
    if not there and "/" not in argument and not Path(argument).suffix:
        raise WrongUse(
            f"{plain(argument, 80)!r} is not an address, a Stripe ID or a file. Nothing was "
            f"changed. Check what you typed."
        )
    return read_text(argument, guess=True), False
