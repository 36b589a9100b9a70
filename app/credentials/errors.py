"""What can be wrong with a place for secrets."""

from __future__ import annotations

from typing import Literal

from app.problems import Problem

Fault = Literal[
    "unavailable",  # there is no such place here
    "unanswered",  # it gives no answer; somebody may have to unlock it
    "refused",  # it is there and must not, or does not want to, be used
    "locked",  # its passphrase was not given
    "wrong passphrase",
    "damaged",
    "unwritable",
]


class CredentialProblem(Problem):
    """Secrets cannot be kept or read. One sentence for a person; it never holds a secret."""

    def __init__(self, kind: Fault, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def damaged(name: str) -> CredentialProblem:
    """For a file that is not what was written."""
    return CredentialProblem(
        "damaged",
        f"{name} is damaged. It is kept, and so is everything fetched; connect again.",
    )


def newer(name: str) -> CredentialProblem:
    """For a file that is whole, and not for this version: it is not to be replaced."""
    return CredentialProblem(
        "refused",
        f"{name} was written by a newer Panelist. It is kept; use that version, or disconnect"
        " there and connect again here.",
    )
