"""The computer's keyring: which ones are trusted, and a limit to how long they may take.

keyring's own choice is not used: without a desktop it falls back to whatever is installed,
such as a backend that forgets everything or writes plain text, and it loads code from the
path that a configuration file names.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.credentials.errors import CredentialProblem

SERVICE = "Panelist"
LIMIT = 5.0  # seconds
BACKENDS = (
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
)
CHOICES = (
    "choose another place: a file encrypted with a passphrase (--token-store passphrase), this"
    " session only (session), or a plain file (plain)"
)

T = TypeVar("T")


class Keyring:
    """The best trusted keyring here. It is looked for when it is first needed, in a thread of
    its own that nobody waits for longer than ``limit`` seconds. Every method raises
    CredentialProblem."""

    def __init__(self, backends: Sequence[str] = BACKENDS, limit: float = LIMIT) -> None:
        self._backends = backends
        self._limit = limit
        self._backend: Any = None
        self._turn = threading.Lock()  # two unlock windows at once can block each other

    @property
    def name(self) -> str:
        """What the keyring is called, such as "SecretService"; "" while it is not known."""
        return type(self._backend).__module__.rpartition(".")[2] if self._backend else ""

    def probe(self) -> None:
        """Try whether it keeps what it is given."""
        account, value = f"probe {secrets.token_hex(8)}", secrets.token_hex(22)

        def work(backend: Any) -> bool:
            kept = _kept(backend, account, value)
            _forget(backend, account)
            return kept

        self._keeping(work)

    def get(self, account: str) -> str | None:
        """What is kept under a name."""
        found = self._asked(lambda backend: backend.get_password(SERVICE, account))
        return found if isinstance(found, str) else None

    def set(self, account: str, value: str) -> None:
        """Keep a short text, and make sure that it is kept."""
        self._keeping(lambda backend: _kept(backend, account, value))

    def delete(self, account: str) -> None:
        """Forget; no error when nothing was kept."""
        self._asked(lambda backend: _forget(backend, account))

    def _keeping(self, work: Callable[[Any], bool]) -> None:
        if not self._asked(work):
            raise CredentialProblem(
                "refused",
                "The keyring does not give back what it was given, so nothing was kept in it;"
                f" {CHOICES}.",
            )

    def _asked(self, work: Callable[[Any], T]) -> T:
        """Do it in a daemon thread: an unlock window that nobody sees blocks for ever. Such a
        thread keeps the turn, so that there is one of them at most."""
        until = time.monotonic() + self._limit
        if not self._turn.acquire(timeout=self._limit):
            raise _unanswered(self._limit)
        result: list[T] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                if self._backend is None:
                    self._backend = _best(self._backends)
                result.append(work(self._backend))
            except BaseException as problem:  # a backend may raise what it likes
                failure.append(problem)
            finally:
                self._turn.release()

        asking = threading.Thread(target=run, name="keyring", daemon=True)
        asking.start()
        asking.join(max(0.0, until - time.monotonic()))
        if failure:
            raise _explained(failure[0])
        if not result:
            raise _unanswered(self._limit)
        return result[0]


def _kept(backend: Any, account: str, value: str) -> bool:
    backend.set_password(SERVICE, account, value)
    return bool(backend.get_password(SERVICE, account) == value)


def _forget(backend: Any, account: str) -> None:
    if backend.get_password(SERVICE, account) is not None:
        backend.delete_password(SERVICE, account)


def _best(allowed: Sequence[str]) -> Any:
    """An instance of the keyring with the highest priority among those allowed. The user's
    choice by PYTHON_KEYRING_BACKEND counts when it is allowed."""
    import importlib

    named = os.environ.get("PYTHON_KEYRING_BACKEND", "")
    if named and named not in allowed:
        raise CredentialProblem(
            "refused",
            f"PYTHON_KEYRING_BACKEND names {named[:100]!r}, which is not a keyring that Panelist"
            f" trusts. Nothing was kept; unset it, or {CHOICES}.",
        )
    found = []
    for path in [named] if named else allowed:
        module, _, name = path.rpartition(".")
        # Not on this computer: each backend says so in its own way.
        with contextlib.suppress(Exception):
            backend = getattr(importlib.import_module(module), name)
            found.append((float(backend.priority), backend))
    if not found:
        what = f"The keyring {named!r} of PYTHON_KEYRING_BACKEND" if named else "A keyring"
        raise CredentialProblem(
            "unavailable", f"{what} is not to be found here. Nothing was kept; {CHOICES}."
        )
    return max(found, key=lambda pair: pair[0])[1]()


def _unanswered(limit: float) -> CredentialProblem:
    return CredentialProblem(
        "unanswered",
        f"The keyring gave no answer in {limit:g} s: is a window waiting to be unlocked? Nothing"
        f" was changed; unlock it and try again, or {CHOICES}.",
    )


def _explained(problem: BaseException) -> CredentialProblem:
    if isinstance(problem, CredentialProblem):
        return problem
    kind = type(problem).__name__  # its text may hold what was to be kept
    if kind == "KeyringLocked":
        return CredentialProblem(
            "refused",
            f"The keyring is locked. Nothing was changed; unlock it and try again, or {CHOICES}.",
        )
    return CredentialProblem(
        "unavailable", f"The keyring cannot be used ({kind}). Nothing was changed; {CHOICES}."
    )
