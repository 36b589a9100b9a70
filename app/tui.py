"""The app: its modes, its keys, its palette, and what it does when it fails.

Screens are in ``app.screens`` and widgets in ``app.widgets``. The sync is imported after the
first paint, so that the first frame does not wait for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.keys import format_key
from textual.screen import Screen

from app import crash
from app.credentials.factory import open_credentials
from app.db.store import Store
from app.keys.screens import APP
from app.paths import asset
from app.runtime import tune_interpreter
from app.screens.app_actions import AppActions
from app.screens.base import PanelistScreen
from app.screens.connect.handlers import ConnectionHandlers
from app.screens.modes import REGISTRY
from app.services.connection import StripeConnection
from app.services.connection_start import ConnectionStart
from app.services.context import Demo
from app.services.key_queue import KeyQueue, Keystroke
from app.services.messages import DataChanged, NoticeArrived
from app.services.oauth_approval import OAuthApproval
from app.services.refresh import Refresher
from app.services.remembered import Remembered
from app.services.sending import InviteSending
from app.services.snapshot import Snapshot
from app.services.sync_loader import Load, load_sync
from app.services.terminal_background import is_light
from app.services.terminal_driver import TerminalDriver
from app.services.terminal_notices import TerminalNotices
from app.services.upkeep import Upkeep
from app.settings import Settings, default_redirects
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.dialog import DecisionDialog
from app.widgets.header import Tab
from app.widgets.themes import DARK, LIGHT, TERMINAL, ThemedApp

__all__ = ["Demo", "PanelistApp", "run"]

COPY_ADVICE = (
    "If you cannot paste it, your terminal does not let programs copy. Select the text with the"
    " mouse instead."
)
START_DEMO = -1  # the return code of an app that asks for the demo


class PanelistApp(ConnectionHandlers, AppActions, ThemedApp):
    """The full-screen app for one store. ``load`` imports the sync when it is first needed.
    ``still``: the mode of which a picture is wanted. Such an app is masked. It neither syncs nor
    sends nor remembers anything."""

    TITLE = "Panelist"
    CSS_PATH = asset("panelist.tcss")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        mode.id: mode.screen for mode in REGISTRY
    }
    BINDINGS: ClassVar[list[BindingType]] = bindings(APP)
    ENABLE_COMMAND_PALETTE = False  # its key is one of ours
    COMMANDS: ClassVar[set[Any]] = set()  # see action_command_palette

    def __init__(
        self,
        store: Store,
        settings: Settings,
        demo: Demo | None = None,
        load: Load = load_sync,
        still: str = "",
    ) -> None:
        self.store, self.settings, self.demo = store, settings, demo
        self.credentials = open_credentials(settings)
        self.redirects = default_redirects(settings)
        self.remembered = Remembered(settings.home, settings.database_url or "")
        self.masking = bool(self.remembered.get("masking") or still)
        self._still = bool(still)
        self.refresher = Refresher(self, lambda: self.stripe, self._front)
        self.stripe = StripeConnection(self, load, self.refresher.changed)
        self.oauth = OAuthApproval(self, self.stripe)
        self.sending = InviteSending(self, self.refresher.changed)
        self._dialogs = []
        self._key_queue = KeyQueue(self, self._on_queued_key)
        self._fault_printed = False
        self.terminal_notices = TerminalNotices(settings.notices, self._write_to_terminal)
        self._upkeep = Upkeep(self, self.refresher)
        self.tabs = _tabs(settings)
        snapshot = self.snapshot()
        known = snapshot.view.connection is not None or bool(snapshot.trouble)
        # Set before Textual makes its first screen: an empty one that is replaced costs 30 ms.
        mode = self.remembered.get("mode")
        first = mode if mode in self.MODES else "status"
        first = first if known else "connect"
        self.DEFAULT_MODE = still or first  # type: ignore[misc]
        super().__init__()
        theme = self.remembered.get("theme")
        if theme in self.available_themes and self.theme != TERMINAL:
            self.theme = theme
        self._start_variables: dict[str, str] | None = self.get_css_variables()
        self.stylesheet.set_variables(self._start_variables)
        self.animation_level = "none"  # a key takes effect at once, over ssh too
        self.set_keymap({**settings.keys.keys})

    def get_driver_class(self) -> type[Driver]:
        return TerminalDriver

    def refresh_css(self, animate: bool = True) -> None:
        """Parse the styles again and apply them, unless the theme is still the one from the start.

        Textual calls this for the first screen and for every mode that is shown for the first
        time, too. That would parse everything again, and the first frame would take a third longer.
        """
        if self._start_variables != self.get_css_variables():
            self._start_variables = None  # other modes need their styles, even after a change back
            super().refresh_css(animate=animate)
        else:
            self.stylesheet.apply(self)  # the colours that everything inherits

    def on_mount(self) -> None:
        if self.settings.keys.problems:
            self.tell(" ".join(self.settings.keys.problems), problem=True)
        self.set_interval(1.0, self._tick)
        if self._still:
            return
        self.screen_change_signal.subscribe(
            self, lambda _: self.call_after_refresh(self.follow_tour)
        )
        # After ctrl+z and fg the terminal is empty, and Textual draws only what changed.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.sending.start_housekeeping()
        self.terminal_notices.start()
        self._upkeep.start()
        if self.demo is not None and (self.demo.prepare or self.snapshot().view.connection):
            self.call_after_refresh(self._connect_demo, self.demo)
        else:
            self.call_after_refresh(self._connect)

    def _connect_demo(self, demo: Demo) -> None:
        if demo.prepare is not None:
            self.say("Preparing a company with 18 months behind it…")
        self.stripe.try_key(demo.key, first=demo.prepare)

    def _tick(self) -> None:
        self.refresher.tick()
        if not self._still:
            self.follow_tour()

    def on_unmount(self) -> None:
        if not self._still:
            self.remembered.save()
        self.terminal_notices.end()
        self.oauth.end()
        self.sending.close()
        self.stripe.end()
        self.refresher.end()
        self._upkeep.end()

    def _connect(self) -> None:
        if self.settings.stripe_key:
            self.refresher.note = "Asking Stripe …"
            self.say(self.refresher.note)
        ConnectionStart(self, self.stripe).begin()

    def on_notice_arrived(self, message: NoticeArrived) -> None:
        """Show a notice here, and where a person sees it who looks elsewhere."""
        self.tell(message.text)
        self.terminal_notices.show(message.text)

    def _write_to_terminal(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def snapshot(self, fresh: bool = True) -> Snapshot:
        return self.refresher.snapshot(fresh)

    def _front(self) -> PanelistScreen | None:
        large = (one for one in self.screen_stack if isinstance(one, PanelistScreen))
        return next(reversed([*large]), None)

    def redraw(self) -> None:
        self.refresher.show(fresh=False)

    def on_data_changed(self, message: DataChanged) -> None:
        self.refresher.refresh_soon()

    def tell(self, text: str, problem: bool = False) -> None:
        self.clear_notifications()
        self.notify(plain(text), severity="warning" if problem else "information", markup=False)

    def copy(self, text: str, what: str) -> None:
        """Copy a text by OSC 52, which no terminal answers, so nobody knows whether it worked."""
        self.copy_to_clipboard(text)
        how = "" if self.remembered.get("copied") else f" {COPY_ADVICE}"
        self.remembered.set("copied", "yes")
        self.tell(f"Copied {what}.{how}")

    # Keys

    def go(self, mode: str) -> None:
        self.action_go(mode)

    def action_go(self, mode: str) -> None:
        """Go to a mode."""
        if mode != self.current_mode:
            self.switch_mode(mode)
            self.remembered.set("mode", mode)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action of the app works now."""
        return action != "tour" or self.demo is not None

    def key_words(self, key: str) -> str:
        return self.get_key_display(Binding(key, "")) if key else ""

    def suit_terminal(self) -> None:
        """Choose the light theme in a light terminal, at the first start only."""
        if not self.remembered.get("theme") and self.theme == DARK:
            if is_light():
                self.theme = LIGHT
            self.remembered.set("theme", self.theme)

    def start_demo(self) -> None:
        self.exit(return_code=START_DEMO)

    def watch_theme(self, theme: str) -> None:
        if self.is_running:  # a person chose it
            self.remembered.set("theme", theme)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.AppFocus | events.MouseScrollDown | events.Click):
            self.stripe.attend()
            self.terminal_notices.seen()
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._key_queue.accept(event)
        else:
            await super().on_event(event)

    async def _on_queued_key(self, stroke: Keystroke) -> None:
        event, previous, pause = stroke
        front = self.screen_stack[-1] if self.is_running and self.screen_stack else None
        if not (isinstance(front, DecisionDialog) and front.refuses(event.key, previous, pause)):
            await super().on_event(event)
            self.call_after_refresh(self.follow_tour)

    # Faults

    def _handle_exception(self, error: Exception) -> None:
        """A screen that is being built when the app quits never gets its widgets."""
        if not (self._exit and isinstance(error, NoMatches)):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual would show a traceback with the values of variables: keys and customers."""
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
        if self._exception is not None and not self._fault_printed:
            self._fault_printed = True
            home = None if self.demo else self.settings.home
            print(crash.last_words(self._exception, home), file=sys.__stderr__)


def _tabs(settings: Settings) -> tuple[Tab, ...]:
    """The tabs of the header, with the keys that the person chose."""
    keys = {one.id: settings.keys.key(one).split(",")[0] for one in APP.actions}
    return tuple(Tab(one.id, format_key(keys[f"app.go_{one.id}"]), one.name) for one in REGISTRY)


def run(store: Store, settings: Settings, demo: Demo | None = None) -> int:
    """Run the app until it quits. Returns the exit code."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print(
            "The app needs a terminal. Nothing was changed. In scripts, use commands such"
            " as `panelist status` or `panelist sync --once`. To list all commands, run"
            " `panelist --help`.",
            file=sys.stderr,
        )
        return 1
    if os.environ.get("TERM") == "dumb":
        print(
            "This terminal cannot show the app, because it says that it is dumb (TERM). Nothing"
            " was changed. Use another terminal, or commands such as `panelist status`. To list"
            " all commands, run `panelist --help`.",
            file=sys.stderr,
        )
        return 1
    app = PanelistApp(store, settings, demo)
    app.suit_terminal()
    tune_interpreter()
    app.run()
    return app.return_code or 0
