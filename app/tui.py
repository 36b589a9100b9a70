"""The app: its modes, its keys, its palette, and what it does when it fails.

Screens are in ``app.screens`` and widgets in ``app.widgets``. The sync is imported after the
first paint, so that the first frame does not wait for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.keys import format_key
from textual.screen import ModalScreen, Screen

from app import crash
from app.credentials.factory import open_credentials
from app.db.store import Store
from app.keys.screens import APP
from app.paths import asset
from app.runtime import tune_interpreter
from app.screens.base import PanelistScreen
from app.screens.connect.handlers import ConnectionHandlers
from app.screens.modes import REGISTRY
from app.services.connection import StripeConnection
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
from app.services.terminal_notices import TerminalNotices
from app.settings import Settings, default_redirects
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.dialog import DecisionDialog
from app.widgets.header import Tab
from app.widgets.themes import DARK, LIGHT, TERMINAL, ThemedApp

if TYPE_CHECKING:
    from app.db.indexes.index_builder import IndexBuilder
    from app.notices.notice_loop import NoticeLoop
    from app.screens.help_dialog import HelpEntry

__all__ = ["Demo", "PanelistApp", "run"]

COPY_ADVICE = (
    "If you cannot paste it, your terminal does not let programs copy. Select the text with the"
    " mouse instead."
)
START_DEMO = -1  # the return code of an app that asks for the demo
SOON = 2.0  # seconds after the start, so that the first screens come first
UPKEEP = 2.0  # seconds between two checks for indexes to build


class PanelistApp(ConnectionHandlers, ThemedApp):
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
        self._index_builder: IndexBuilder | None = None
        self._reads_indexed = 0  # the number of reads when indexes were last built
        self._key_queue = KeyQueue(self, self._on_queued_key)
        self._fault_printed = False
        self.terminal_notices = TerminalNotices(settings.notices, self._write_to_terminal)
        self._notices: NoticeLoop | None = None
        self.tabs = _tabs(settings)
        snapshot = self.snapshot()
        known = snapshot.view.connection is not None or bool(snapshot.trouble)
        # Set before Textual makes its first screen: an empty one that is replaced costs 30 ms.
        mode = self.remembered.get("mode")
        first = mode if mode in self.MODES else "status"
        first = first if known and demo is None else "connect"
        self.DEFAULT_MODE = still or first  # type: ignore[misc]
        super().__init__()
        theme = self.remembered.get("theme")
        if theme in self.available_themes and self.theme != TERMINAL:
            self.theme = theme
        self._start_variables: dict[str, str] | None = self.get_css_variables()
        self.stylesheet.set_variables(self._start_variables)
        self.animation_level = "none"  # a key takes effect at once, over ssh too
        self.set_keymap({**settings.keys.keys})

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
        self.set_interval(1.0, self.refresher.tick)
        if self._still:
            return
        self.set_interval(UPKEEP, self._build_indexes)
        self.sending.start_housekeeping()
        self.terminal_notices.start()
        self.set_timer(SOON, self._start_notices)
        if self.settings.stripe_key:
            self.call_after_refresh(
                partial(self.stripe.try_key, self.settings.stripe_key, keep=False)
            )
        else:
            self.call_after_refresh(self.stripe.resume)

    def on_unmount(self) -> None:
        if not self._still:
            self.remembered.save()
        self.terminal_notices.end()
        if self._notices is not None:
            self._notices.close(0.5)
        self.oauth.end()
        self.sending.close()
        self.stripe.end()
        self.refresher.end()
        if self._index_builder is not None:
            self._index_builder.close()

    def _start_notices(self) -> None:
        from app.notices.notice_loop import NoticeLoop  # after the first frame

        self._notices = NoticeLoop(
            self.store, self.settings, lambda notice: self.post(NoticeArrived(notice.text))
        )
        self._notices.start()

    def on_notice_arrived(self, message: NoticeArrived) -> None:
        """Show a notice here, and where a person sees it who looks elsewhere."""
        self.tell(message.text)
        self.terminal_notices.show(message.text)

    def _write_to_terminal(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def _build_indexes(self) -> None:
        """Build the indexes for searching and ordering if the database was read since last time."""
        if self.refresher.reads == self._reads_indexed:
            return
        self._reads_indexed = self.refresher.reads
        if self._index_builder is None:
            from app.db.indexes.index_builder import IndexBuilder

            self._index_builder = IndexBuilder(self.store)
        else:
            self._index_builder.wake()

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

    async def action_back(self) -> None:
        """Close the thing on top. At the top level of a mode nothing is to be closed."""
        if isinstance(self.screen, PanelistScreen):
            self.screen.back()

    def action_command_palette(self) -> None:
        """Open the palette. It is imported then, because it is slow to import."""
        from app.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

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

    def action_mask(self) -> None:
        """Hide or show names and emails on every screen."""
        self.masking = not self.masking
        self.remembered.set("masking", "yes" if self.masking else "")
        self.redraw()

    def action_save_picture(self) -> None:
        """Save a masked picture of the screen."""
        from app.screens.screen_picture import save_masked

        save_masked(self)

    def action_refresh_now(self) -> None:
        """Ask Stripe for changes now, or say why that is impossible."""
        engine = self.stripe.engine
        if engine is not None and engine.running:
            engine.ask_now()
            self.tell(
                "Checking Stripe for changes."
                if self.stripe.syncing
                else "Asked the syncing Panelist to check."
            )
        else:
            why = "No sync is running. Press 1 to connect."
            self.tell(self.refresher.note or why, problem=True)

    def action_accounts(self) -> None:
        """Choose the account whose participants are shown."""
        from app.screens.connect.accounts_dialog import AccountsDialog

        shown = self.snapshot(fresh=True).view.connection
        if not self.refresher.known:
            self.tell("No account is connected. Press 1 to connect one.")
        elif not isinstance(self.screen, ModalScreen):
            self.open_dialog(
                AccountsDialog(self.refresher.known, shown.id if shown else None),
                self._show_account,
            )

    def _show_account(self, connection: int | None) -> None:
        if connection is not None:
            self.refresher.account = connection
            self.refresher.show()

    def action_help(self) -> None:
        """Show every action that works now, or close the list of them."""
        from app.screens.help_dialog import HelpDialog, help_entries, help_texts

        screen = self.screen
        if isinstance(screen, HelpDialog):
            screen.action_cancel()
        else:
            self.push_screen(HelpDialog(help_texts(screen), help_entries(screen)), self._run_entry)

    def _run_entry(self, entry: HelpEntry | None) -> None:
        if entry is not None:
            self.call_later(self.run_action, entry.action, entry.node)

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

    # Faults

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
