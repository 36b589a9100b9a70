"""How a command ends: the codes of docs/words.md, and the problems that end it with one."""

from __future__ import annotations

from app.problems import Problem

DONE, FAILED, WRONG_USE, NOT_CONNECTED = 0, 1, 2, 3


class CommandProblem(Problem):
    """Ends the command. The text is printed as it is, so it is safe to print when it is raised."""

    exit_code = FAILED


class WrongUse(CommandProblem):
    """The command does not know what was said: an option, a name or a combination."""

    exit_code = WRONG_USE


class NotConnected(CommandProblem):
    """No Stripe account is connected here."""

    exit_code = NOT_CONNECTED
