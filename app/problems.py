"""The exceptions that a person may read."""

from __future__ import annotations


class Problem(Exception):
    """Its text is a sentence for a person: what happened, what was kept, what to do.

    Any other exception that ends a command is a bug in Panelist, and its text is not shown.
    """


class UnknownName(Problem):
    """Nothing here has the name that was given. A command ends with 2."""
