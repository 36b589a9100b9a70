"""The error of every sign-in by OAuth, at Stripe and at the providers of email."""

from __future__ import annotations

from typing import Literal

from app.problems import Problem

Trouble = Literal["denied", "expired", "refused", "unreachable", "senseless", "setup"]


class OAuthProblem(Problem):
    """An authorisation that failed. The text is one sentence without a code or a token.

    ``kind``: "denied" by the person; "expired" or used code or refresh token; "refused" for a
    wrong id, secret or mode; "unreachable"; "senseless" answers; "setup" on this machine.
    """

    def __init__(self, kind: Trouble, text: str) -> None:
        super().__init__(text)
        self.kind = kind
