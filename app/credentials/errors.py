"""The errors of the credential storage."""

from __future__ import annotations

from typing import Literal

from app.problems import Problem

Fault = Literal[
    "unavailable",  # this computer does not have this kind of store
    "unanswered",  # the store gives no answer, perhaps because it has to be unlocked first
    "refused",  # the store exists, but refuses to be used or is not allowed
    "locked",  # the passphrase is missing
    "wrong passphrase",
    "damaged",
    "unwritable",
]


class CredentialProblem(Problem):
    """Secrets cannot be stored or read. The text is one sentence and never contains a secret."""

    def __init__(self, kind: Fault, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def damaged(name: str) -> CredentialProblem:
    """The error for a file that does not hold what Panelist wrote."""
    return CredentialProblem(
        "damaged",
        f"{name} is damaged. The file and all synced data are kept. Connect again.",
    )


def newer(name: str) -> CredentialProblem:
    """The error for an intact file of a newer version. Such a file must not be replaced."""
    return CredentialProblem(
        "refused",
        f"{name} was written by a newer Panelist. The file is kept. Use that version, or"
        " disconnect there and connect again here.",
    )
