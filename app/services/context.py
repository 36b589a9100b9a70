"""The app as its services see it, so that no service imports a screen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from app import crash

if TYPE_CHECKING:
    from app.credentials.store import Credentials
    from app.db.store import Store
    from app.services.remembered import Remembered
    from app.settings import Settings


@dataclass(frozen=True)
class Demo:
    """A sandbox beside the app, and a key for it. ``prepare``: writes the account's past, before
    the app connects by itself. None: a person connects."""

    key: str = field(repr=False)
    url: str
    customers: int
    prepare: Callable[[], None] | None = field(default=None, repr=False)


class Context(App[None]):
    """The part of the app that services may use."""

    store: Store
    settings: Settings
    credentials: Credentials
    demo: Demo | None
    masking: bool
    remembered: Remembered

    def post(self, message: Message) -> None:
        """Post a message from any thread; nothing happens when the app has ended."""
        with suppress(RuntimeError):  # its loop is closed
            self.post_message(message)

    def fault_words(self, error: Exception) -> str:
        """Record a fault in Panelist, and say so. Any thread may call it."""
        said = crash.record(error, self.settings.home)
        if self.demo:  # its log is deleted at its end
            said = f"Please report the place: {crash.place(error)}"
        return f"This failed because of an error in Panelist ({type(error).__name__}). {said}"

    @abstractmethod
    def tell(self, text: str, problem: bool = False) -> None:
        """Show a notification. ``text`` may be foreign: it is made safe."""
