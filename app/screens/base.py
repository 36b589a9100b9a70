"""The frame of every mode: the app as its screens see it, and the base class of screens.

Data flows one way. For each refresh the app reads one :class:`Snapshot` and gives it to the
visible screen. A screen that becomes visible again asks for a new one.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from app.services.context import Context
from app.services.refresh import PAUSE, Refresher
from app.services.snapshot import Snapshot
from app.text import plain
from app.widgets.footer import FooterHints, KeyFooter
from app.widgets.header import HeaderLine, Tab

if TYPE_CHECKING:
    from app.services.connection import StripeConnection
    from app.services.oauth_approval import OAuthApproval
    from app.services.sending import InviteSending


WIDE = 100  # the number of columns from which two panes stand side by side


class Jump(NamedTuple):
    """A segment (by its key), a study or a person (by its id) to go to, in a mode."""

    mode: str
    what: Literal["segment", "study", "person"]
    key: str


class Host(Context):
    """The part of the app that screens may use."""

    stripe: StripeConnection
    refresher: Refresher
    sending: InviteSending
    oauth: OAuthApproval
    tabs: tuple[Tab, ...]  # the modes
    redirects: tuple[str, str]  # the addresses to register at Stripe, for test and live

    @abstractmethod
    def key_words(self, key: str) -> str:
        """A key as it is shown to a person."""

    @abstractmethod
    def ask_for_storage(self, why: str, *, lost: bool = False) -> None:
        """Ask for a credential storage, and keep access there. ``lost``: what is stored now
        cannot be read."""

    @abstractmethod
    def start_demo(self) -> None:
        """Quit this app, and run the demo until a person quits that."""

    @abstractmethod
    def ask_to_leave(self) -> None:
        """Ask whether to disconnect. Disconnect after a yes."""

    @abstractmethod
    def open_next_dialog(self) -> None:
        """Show the next dialog that waits, because none is in front any more."""

    @abstractmethod
    def snapshot(self, fresh: bool = True) -> Snapshot:
        """What to show. ``fresh`` reads the database; otherwise only the time is new."""

    @abstractmethod
    def copy(self, text: str, what: str) -> None:
        """Copy a text through the terminal, and say so. ``what``: such as "the link"."""

    @abstractmethod
    def redraw(self) -> None:
        """Show the last snapshot again, without reading the database."""


def host_of(widget: Widget) -> Host:
    """The app that a widget or screen belongs to."""
    return cast(Host, widget.app)


class PanelistScreen(Screen[None]):
    """A full screen: the header, its own content and the footer."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    # As in Textual, but a tab does not redraw the whole screen.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    PAUSE = PAUSE  # seconds between two reads of the database while a sync writes
    help_text = ""

    @property
    def host(self) -> Host:
        """The app."""
        return host_of(self)

    def compose(self) -> ComposeResult:
        yield HeaderLine()
        yield from self.compose_content()
        yield KeyFooter()

    def compose_content(self) -> ComposeResult:
        """The widgets between header and footer."""
        raise NotImplementedError

    def back(self) -> bool:
        """Close the thing on top. Returns False if nothing can be closed."""
        return False

    def jump(self, to: Jump) -> None:
        """Go to something of this mode."""

    def show_keys(self) -> None:
        """Show the keys that work in the current state."""
        self.query_one(KeyFooter).hint(self.hints())

    def hints(self) -> FooterHints:
        """What the footer says of the keys in the state that is shown."""
        over = len(self.app.screen_stack) > 1
        return FooterHints(names={"app.back": "Back"} if over else {})

    def on_screen_resume(self) -> None:
        self.show(self.host.snapshot())
        self.host.open_next_dialog()

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot. The app calls it only while this screen is visible."""
        with suppress(NoMatches):  # the app is ending, and the widgets are gone
            mode = self.host.current_mode or ""
            header = replace(snapshot.header, tabs=self.host.tabs, tab=mode)
            self.query_one(HeaderLine).show(header)
            self.show_content(snapshot)
            self.show_keys()

    def show_content(self, snapshot: Snapshot) -> None:
        """Show a snapshot between header and footer."""
        raise NotImplementedError


def account_words(account: str, name: str | None) -> str:
    """An account with its name: "Acme Inc (acct_123)"."""
    return f"{plain(name)} ({plain(account)})" if name else plain(account)
