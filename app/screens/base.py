"""The frame of every mode: the app as its screens see it, and the screen they inherit.

Data goes one way. The app reads one frozen :class:`Snapshot` per refresh and hands it to the
screen that is visible; a screen that comes back asks for a new one.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from textual.app import App, ComposeResult
from textual.css.query import NoMatches
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from app.panel.overview import ConnectionView, Overview
from app.text import plain, when
from app.widgets.footer import KeyFooter
from app.widgets.header import HeaderLine, HeaderState

if TYPE_CHECKING:
    from app.credentials.store import Credentials
    from app.db.store import Store
    from app.services.connection import StripeConnection
    from app.services.oauth_approval import OAuthApproval
    from app.services.refresh import Refresher
    from app.services.sending import InviteSending
    from app.settings import Settings
    from app.sync.engine import Activity


WIDE = 100  # columns from which on there are two side by side


@dataclass(frozen=True)
class Demo:
    """A sandbox that runs beside the app, and the key that opens it."""

    key: str = field(repr=False)
    url: str
    customers: int


@dataclass(frozen=True)
class Snapshot:
    """Everything the screens show, as of one moment. Nothing in it changes."""

    view: Overview  # of the account that is looked at
    now: float
    linked: ConnectionView | None = None  # the account that is connected, looked at or not
    activity: Activity | None = None  # of the engine in this process, if one runs
    note: str = ""  # why no sync runs here
    trouble: str = ""  # why the database could not be read; then ``view`` is an older one
    demo: bool = False
    masking: bool = False
    fresh: bool = True  # the database was read for it; else only the time went on

    @property
    def header(self) -> HeaderState:
        connection = self.view.connection
        if connection is None:
            return HeaderState(demo=self.demo, masking=self.masking)
        if connection.status == "disconnected":
            badge = "disconnected"
        elif self.activity is None:
            badge = "not syncing"
        elif self.activity.looking_on:
            badge = "looking on"
        else:
            badge = "trouble" if self.activity.problem or self.trouble else "connected"
        at = connection.last_polled_at
        return HeaderState(
            badge=badge,
            account=connection.account_name or connection.account,
            mode=connection.mode,
            demo=self.demo,
            participants=self.view.participants,
            as_of=when(at, self.now) if at else "",
            masking=self.masking,
        )


class Host(App[None]):
    """What the screens may use of the app."""

    store: Store
    settings: Settings
    credentials: Credentials
    demo: Demo | None
    stripe: StripeConnection
    refresher: Refresher
    sending: InviteSending
    oauth: OAuthApproval
    masking: bool
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
    def picture(self, fresh: bool = True) -> Snapshot:
        """Read the database (or only the clock) and return what is to be shown."""

    def post(self, message: Message) -> None:
        """Post a message from any thread; nothing happens when the app has ended."""
        with suppress(RuntimeError):  # its loop is closed
            self.post_message(message)

    @abstractmethod
    def redraw(self) -> None:
        """Show what is known in another shape, without reading anything."""

    @abstractmethod
    def tell(self, text: str, problem: bool = False) -> None:
        """Say something in a corner; the text may be foreign."""


class PanelistScreen(Screen[None]):
    """A mode: the header, its own content, the footer."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    # As Textual has it, but without drawing the whole screen anew for every tab.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    PAUSE = 0.125  # seconds between two looks at the database while a sync writes
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
        self.show(self.host.picture())
        self.host.free()

    def show(self, picture: Snapshot) -> None:
        """Show a picture. Called only while this mode is the visible one."""
        with suppress(NoMatches):  # its widgets are gone already: the app is ending
            self.query_one(HeaderLine).show(picture.header)
            self.show_content(picture)

    def show_content(self, picture: Snapshot) -> None:
        """Show the part between header and footer."""
        raise NotImplementedError


def account_words(account: str, name: str | None) -> str:
    """An account as a person knows it: "Acme Inc (acct_123)"."""
    return f"{plain(name)} ({plain(account)})" if name else plain(account)
