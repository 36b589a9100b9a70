"""The exit codes of docs/words.md, and the problems that end a command with one."""

from __future__ import annotations

from app.problems import Problem

DONE, FAILED, WRONG_USE, NOT_CONNECTED = 0, 1, 2, 3


class CommandProblem(Problem):
    """Ends the command. The text is printed unchanged, so it must be safe to print."""

    exit_code = FAILED


class WrongUse(CommandProblem):
    """The command does not know an option, a name or a combination."""

    exit_code = WRONG_USE


class NotConnected(CommandProblem):
    """No Stripe account is connected here."""

    exit_code = NOT_CONNECTED
