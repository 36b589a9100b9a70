"""The computer's keyring: which backends are trusted, and how long each call may take.

The choice that the keyring library makes is not used. Without a desktop it falls back to any
backend that is installed, even one that forgets everything or writes plain text. It also loads
code from a path that a configuration file names.
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
    "choose another credential storage: a file encrypted with a passphrase (--token-store"
    " passphrase), this session only (session), or an unencrypted file (plain)"
)

T = TypeVar("T")


class Keyring:
    """The best trusted keyring on this computer.

    It is looked up at the first use. Each call runs in a thread of its own and ends after
    ``limit`` seconds. Every method raises CredentialProblem.
    """

    def __init__(self, backends: Sequence[str] = BACKENDS, limit: float = LIMIT) -> None:
        self._backends = backends
        self._limit = limit
        self._backend: Any = None
        self._lock = threading.Lock()  # two unlock windows at the same time can block each other

    @property
    def name(self) -> str:
        """The keyring's name, such as "SecretService". Empty before the first use."""
        return type(self._backend).__module__.rpartition(".")[2] if self._backend else ""

    def probe(self) -> None:
        """Check that the keyring returns a test secret, then delete it."""
        account, value = f"probe {secrets.token_hex(8)}", secrets.token_hex(22)

        def work(backend: Any) -> bool:
            kept = _set_and_read(backend, account, value)
            _forget(backend, account)
            return kept

        self._set_checked(work)

    def get(self, account: str) -> str | None:
        """The secret stored under a name, or None."""
        found = self._call(lambda backend: backend.get_password(SERVICE, account))
        return found if isinstance(found, str) else None

    def set(self, account: str, value: str) -> None:
        """Store a short text, and check that the keyring returns it."""
        self._set_checked(lambda backend: _set_and_read(backend, account, value))

    def delete(self, account: str) -> None:
        """Delete the secret under a name, if there is one."""
        self._call(lambda backend: _forget(backend, account))

    def _set_checked(self, work: Callable[[Any], bool]) -> None:
        if not self._call(work):
            raise CredentialProblem(
                "refused",
                "The keyring did not return the saved value. Nothing was stored in it. You"
                f" can {CHOICES}.",
            )

    def _call(self, work: Callable[[Any], T]) -> T:
        """Run ``work`` in a daemon thread, because an unlock window that no one sees blocks for
        ever. A blocked thread holds the lock, so there is never more than one."""
        until = time.monotonic() + self._limit
        if not self._lock.acquire(timeout=self._limit):
            raise _no_answer(self._limit)
        result: list[T] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                if self._backend is None:
                    self._backend = _best_backend(self._backends)
                result.append(work(self._backend))
            except BaseException as problem:  # a backend may raise anything
                failure.append(problem)
            finally:
                self._lock.release()

        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(max(0.0, until - time.monotonic()))
        if failure:
            raise _as_problem(failure[0])
        if not result:
            raise _no_answer(self._limit)
        return result[0]


def _set_and_read(backend: Any, account: str, value: str) -> bool:
    backend.set_password(SERVICE, account, value)
    return bool(backend.get_password(SERVICE, account) == value)


def _forget(backend: Any, account: str) -> None:
    if backend.get_password(SERVICE, account) is not None:
        backend.delete_password(SERVICE, account)


def _best_backend(allowed: Sequence[str]) -> Any:
    """The allowed keyring with the highest priority. PYTHON_KEYRING_BACKEND overrides the
    priority if it names an allowed one."""
    import importlib

    named = os.environ.get("PYTHON_KEYRING_BACKEND", "")
    if named and named not in allowed:
        raise CredentialProblem(
            "refused",
            f"PYTHON_KEYRING_BACKEND names {named[:100]!r}, which is not a keyring that"
            f" Panelist trusts. Nothing was stored. Unset it, or {CHOICES}.",
        )
    found = []
    for path in [named] if named else allowed:
        module, _, name = path.rpartition(".")
        # Each backend has its own error for a computer that it does not work on.
        with contextlib.suppress(Exception):
            backend = getattr(importlib.import_module(module), name)
            found.append((float(backend.priority), backend))
    if not found:
        what = f"The keyring {named!r} of PYTHON_KEYRING_BACKEND" if named else "A keyring"
        raise CredentialProblem(
            "unavailable",
            f"{what} was not found on this computer. Nothing was stored. You can {CHOICES}.",
        )
    return max(found, key=lambda pair: pair[0])[1]()


def _no_answer(limit: float) -> CredentialProblem:
    return CredentialProblem(
        "unanswered",
        f"The keyring did not respond in {limit:g} s: is an unlock prompt open? Nothing was"
        f" changed. Unlock it and try again, or {CHOICES}.",
    )


def _as_problem(problem: BaseException) -> CredentialProblem:
    if isinstance(problem, CredentialProblem):
        return problem
    kind = type(problem).__name__  # the text of the error may contain the secret
    if kind == "KeyringLocked":
        return CredentialProblem(
            "refused",
            f"The keyring is locked. Nothing was changed. Unlock it and try again, or {CHOICES}.",
        )
    return CredentialProblem(
        "unavailable",
        f"The keyring cannot be used ({kind}). Nothing was changed. You can {CHOICES}.",
    )
