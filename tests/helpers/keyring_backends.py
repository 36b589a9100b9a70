"""Keyrings as the computers of the world have them: real backends of the keyring library, named
by their import path."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError, PasswordSetError

CANARY = "canary-in-an-error"


def path(*backends: type[KeyringBackend]) -> tuple[str, ...]:
    """How ``backends=`` names them."""
    return tuple(f"{one.__module__}.{one.__qualname__}" for one in backends)


class Memory(KeyringBackend):
    """One that works; what it keeps ends with the process."""

    priority = 5.0
    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("No such password!")
        del self.kept[service, username]


class Weaker(Memory):
    """Another that works."""

    priority = 4.0
    kept: ClassVar[dict[tuple[str, str], str]] = {}


class Elsewhere(Memory):
    """The same class in another module, as SecretService and kwallet are."""

    kept: ClassVar[dict[tuple[str, str], str]] = {}


Elsewhere.__module__ = "tests.helpers.keyring_elsewhere"


class OnDisk(KeyringBackend):
    """One that several processes share: a file for each entry."""

    priority = 5.0

    def _file(self, service: str, username: str) -> Path:
        return Path(os.environ["TEST_KEYRING"]) / f"{service} {username}"

    def get_password(self, service: str, username: str) -> str | None:
        try:
            return self._file(service, username).read_text()
        except FileNotFoundError:
            return None

    def set_password(self, service: str, username: str, password: str) -> None:
        file = self._file(service, username)
        file.with_suffix(".part").write_text(password)
        file.with_suffix(".part").rename(file)

    def delete_password(self, service: str, username: str) -> None:
        self._file(service, username).unlink()


class Short(Memory):
    """Windows takes 1,280 characters."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > 1280:
            raise PasswordSetError("(1783, 'CredWrite', 'The stub received bad data')")
        super().set_password(service, username, password)


class Forgets(Memory):
    """As null.Keyring does."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Absent(Memory):
    """Not usable on this computer."""

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805
        raise RuntimeError("no such service")


class Fails(Memory):
    """Refuses whatever it is asked, with what it was given in its text."""

    error: ClassVar[type[BaseException]]

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error(CANARY)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error(CANARY, password)


class NotInitialised(Fails):
    error = InitError


class IsLocked(Fails):
    error = KeyringLocked


class DoesNotSet(Fails):
    error = PasswordSetError


class RunsWrong(Fails):
    error = RuntimeError


class HasNoDisk(Fails):
    error = OSError


class LacksAModule(Fails):
    error = ImportError


class Exits(Fails):
    error = SystemExit


FAILING = (NotInitialised, IsLocked, DoesNotSet, RunsWrong, HasNoDisk, LacksAModule, Exits)


class Breakable(Memory):
    """Works until it is locked."""

    locked: ClassVar[bool] = False

    def get_password(self, service: str, username: str) -> str | None:
        if Breakable.locked:
            raise KeyringLocked(CANARY)
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        if Breakable.locked:
            raise KeyringLocked(CANARY)
        super().set_password(service, username, password)


class Interrupted(Memory):
    """Somebody else does something before it answers."""

    first: ClassVar[list[Callable[[], object]]] = []

    def get_password(self, service: str, username: str) -> str | None:
        while self.first:
            self.first.pop()()
        return super().get_password(service, username)


class Waits(Memory):
    """Answers when someone has unlocked it, in a window that no one may see."""

    unlocked: ClassVar[threading.Event] = threading.Event()
    asked: ClassVar[threading.Event] = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.set()
        self.unlocked.wait()
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.asked.set()
        self.unlocked.wait()
        super().set_password(service, username, password)
