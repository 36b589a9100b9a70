"""The frame of every mode: the app as its screens see it, and the screen they inherit.

Data goes one way. The app reads one frozen :class:`Snapshot` per refresh and hands it to the
screen that is visible; a screen that comes back asks for a new one.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from app.services.context import Context
from app.services.refresh import PAUSE, Refresher
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.footer import KeyFooter
from app.widgets.header import HeaderLine

if TYPE_CHECKING:
    from app.services.connection import StripeConnection
    from app.services.oauth_approval import OAuthApproval
    from app.services.sending import InviteSending


WIDE = 100  # columns from which on there are two side by side


class Host(Context):
    """What the screens may use of the app."""

    stripe: StripeConnection
    refresher: Refresher
    sending: InviteSending
    oauth: OAuthApproval
    redirects: tuple[str, str]  # to be registered at Stripe, for test and for live

    @abstractmethod
    def ask_place(self, why: str, *, lost: bool = False) -> None:
        """Ask where access is to be kept, and keep it there. ``lost``: what is kept now cannot
        be read."""

    @abstractmethod
    def ask_to_leave(self) -> None:
        """Ask whether to disconnect, and do it."""

    @abstractmethod
    def free(self) -> None:
        """No dialog is in front any more: one that waited may come."""

    @abstractmethod
    def snapshot(self, fresh: bool = True) -> Snapshot:
        """Read the database (or only the clock) and return what is to be shown."""

    @abstractmethod
    def redraw(self) -> None:
        """Show what is known in another shape, without reading anything."""


class PanelistScreen(Screen[None]):
    """A mode: the header, its own content, the footer."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    # As Textual has it, but without drawing the whole screen anew for every tab.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    PAUSE = PAUSE  # seconds between two reads of the database while a sync writes
    help_text = ""

    @property
    def host(self) -> Host:
        return cast(Host, self.app)

    def compose(self) -> ComposeResult:
        yield HeaderLine()
        yield from self.compose_content()
        yield KeyFooter()

    def compose_content(self) -> ComposeResult:
        """The widgets between header and footer."""
        raise NotImplementedError

    def back(self) -> bool:
        """What escape means here; False: nothing, so it goes to the mode before."""
        return False

    def on_screen_resume(self) -> None:
        self.show(self.host.snapshot())
        self.host.free()

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot. Called only while this mode is the visible one."""
        with suppress(NoMatches):  # its widgets are gone already: the app is ending
            self.query_one(HeaderLine).show(snapshot.header)
            self.show_content(snapshot)

    def show_content(self, snapshot: Snapshot) -> None:
        """Show the part between header and footer."""
        raise NotImplementedError


def account_words(account: str, name: str | None) -> str:
    """An account as a person knows it: "Acme Inc (acct_123)"."""
    return f"{plain(name)} ({plain(account)})" if name else plain(account)
