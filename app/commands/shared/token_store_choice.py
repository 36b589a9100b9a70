"""Chooses the credential storage, by an option or by a person's answer."""

from __future__ import annotations

import getpass
import sys

from app.commands.shared.console import is_interactive, read_line, say
from app.credentials.store import CredentialProblem, Credentials, TokenStore
from app.settings import Settings

CHOICES = {
    "1": (TokenStore.PASSPHRASE, "A file encrypted with a passphrase"),
    "2": (TokenStore.SESSION, "This session only"),
    "3": (TokenStore.PLAIN, "An unencrypted file, which every program you run can read"),
}


def ensure_token_store(settings: Settings, credentials: Credentials) -> None:
    """Make sure that access can be stored, before there is any. Asks a person if there is one.
    Raises CredentialProblem without a person or an answer."""
    try:
        credentials.ensure()
    except CredentialProblem as problem:
        if problem.kind not in ("unavailable", "unanswered", "refused", "locked"):
            raise
        if not (is_interactive() and sys.stderr.isatty()):
            raise
        say(str(problem))
        if problem.kind == "locked":
            credentials.unlock(getpass.getpass("Passphrase: ", sys.stderr))
            return
        for number, (_, words) in CHOICES.items():
            say(f"  {number}  {words}")
        print(
            "Choose the credential storage (1, 2 or 3, Enter to cancel): ", end="", file=sys.stderr
        )
        sys.stderr.flush()
        chosen = CHOICES.get(read_line())
        if chosen is None:
            raise
        choose_token_store(settings, credentials, chosen[0])


def choose_token_store(settings: Settings, credentials: Credentials, chosen: TokenStore) -> None:
    """Use this storage from now on, and move stored secrets there. Raises CredentialProblem."""
    passphrase = _new_passphrase(settings) if chosen is TokenStore.PASSPHRASE else None
    credentials.choose(chosen, passphrase)


def _new_passphrase(settings: Settings) -> str | None:
    if settings.passphrase or not is_interactive():
        return settings.passphrase
    first = getpass.getpass("New passphrase: ", sys.stderr)
    if first != getpass.getpass("Repeat passphrase: ", sys.stderr):
        raise CredentialProblem(
            "wrong passphrase", "The passphrases are different. Nothing was changed."
        )
    return first
