"""The Connect mode: a list of methods, and the form of the current one beside it."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.css.query import NoMatches
from textual.widgets import Input, OptionList

from app.credentials.store import NOWHERE
from app.keys.dialogs import ROWS
from app.keys.screens import CONNECT
from app.screens.base import PanelistScreen
from app.screens.connect.key_form import AboutKey, KeyForm, KeyInput, report_lines
from app.screens.connect.methods import (
    FORMS,
    AvailableMethods,
    MethodList,
    connected_words,
    way_words,
)
from app.screens.connect.oauth_form import AboutApproval, OAuthForm
from app.screens.connect.oauth_setup_form import FIELDS, AboutSetup, OAuthSetup, SetupForm
from app.services.oauth_approval import ApprovalPage
from app.services.snapshot import Snapshot
from app.widgets.bindings import bindings
from app.widgets.content import para, words
from app.widgets.footer import FooterHints
from app.widgets.inputs import PasteField
from app.widgets.lines.text_line import TextLine
from app.widgets.scrolling import Scrolling

LATER = {"#oauth-form": OAuthForm, "#setup-form": SetupForm}  # made when they are first shown
BUSY = "Panelist is already connecting. Wait for the result."


class Form(Scrolling, VerticalScroll):
    """The part beside the list of methods."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ROWS)
    help_text = "About the selected method."


class ConnectScreen(PanelistScreen):
    """Two columns if there is room, otherwise one that scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(CONNECT)
    help_text = "Connect a Stripe account. Choose a method, then follow the text next to the list."

    def __init__(self) -> None:
        super().__init__()
        self._way = ""
        self._offers: AvailableMethods | None = None
        self._keys: tuple[bool, bool] | None = None  # (a page is open, connected)

    def compose_content(self) -> ComposeResult:
        with Container(id="connect"):
            yield MethodList(id="ways", markup=False)
            with Form(id="form"):
                yield TextLine(id="connected")
                yield TextLine(id="said")
                yield TextLine(id="report")
                yield TextLine(id="about-way")
                yield KeyForm(id="key-form")

    def on_mount(self) -> None:
        ways = self.query_one(MethodList)
        ways.border_title = "Connect "
        ways.focus()

    def show_content(self, snapshot: Snapshot) -> None:
        approving, report = self.host.oauth, self.host.stripe.report
        connected = snapshot.linked is not None
        offers = AvailableMethods(
            self.host.demo is not None, approving.modes, bool(approving.closed), connected
        )
        if offers != self._offers:
            self._offers = offers
            self._show_ways(offers)
        page = approving.page
        if (bool(page), connected) != self._keys:
            self._keys = bool(page), connected
            self.refresh_bindings()
        self.query_one("#connected", TextLine).show(connected_words(snapshot))
        known = connected or snapshot.view.connection is not None
        self.query_one(Form).border_title = "Account " if known else "About "
        about_access = self._way in ("sandbox", "key", "oauth-test", "oauth-live")
        lines = []
        if report is not None and about_access:
            linked = snapshot.linked
            lines = report_lines(
                report, known=linked is not None and linked.account == report.account
            )
        self.query_one("#report", TextLine).show(para(lines))
        kept = self.host.credentials.described()
        self.query_one("#about-way", TextLine).show(
            way_words(self._way, self.host.demo, kept, approving.closed)
        )
        self.query_one(AboutKey).show("" if kept == NOWHERE else kept)
        for setup in self.query(AboutSetup):
            setup.show(OAuthSetup(*self.host.redirects, approving.modes))
        mode = "live" if self._way == "oauth-live" else "test"
        here = page is not None and page.mode == mode
        for approval in self.query(AboutApproval):
            approval.show(page if page is not None and here else ApprovalPage(mode))
        self.query(PasteField).set(display=here)

    def _show_ways(self, offers: AvailableMethods) -> None:
        ways, options = self.query_one(MethodList), offers.options()
        ids = [one.id for one in options]
        keep = ids.index(self._way) if self._way in ids else 0
        self._way = ids[keep] or ""  # the method did not change, so its sentence stays
        ways.clear_options()
        ways.add_options(options)
        ways.highlighted = keep

    # Called by the app

    def say(self, text: str, problem: bool = False) -> None:
        """Show a sentence above the form. Without one, say what the screen waits for, if it waits
        for anything."""
        if not text and self.host.oauth.page is not None:
            text = "Waiting for your approval at Stripe."
        glyph = ("✗ ", "bold $never") if problem else ("● ", "$primary")
        line = words(glyph, (text, "bold" if problem else "")) if text else words()
        with suppress(NoMatches):  # the app is ending
            self.query_one("#said", TextLine).show(line)
            self.query_one(Form).scroll_home(animate=False)

    def focus_field(self, field: str) -> None:
        """Focus the field that is wrong."""
        if field in FIELDS and self._way == "setup" and self.is_current:
            self.query_one(f"#{field}").focus()

    def choose(self, way: str) -> None:
        """Go to one of the methods."""
        self._way = way
        self._offers = None  # the method may have become available just now
        self.query_one(MethodList).focus()

    def forget_secrets(self) -> None:
        """Empty the fields of secrets, because these have been used."""
        for name in ("#key", "#secret", "#paste"):
            for field in self.query(name).results(Input):
                field.value = ""

    # Events

    @on(events.ScreenSuspend)
    def _hidden(self) -> None:
        """Empty the fields when another mode is shown, but not when a dialog opens."""
        if self.app.current_mode != "connect":
            self.forget_secrets()
            self.query_one(MethodList).focus()

    @on(events.ScreenResume)
    def _shown_again(self) -> None:
        """Show the form from its top, where it says what is connected, unless a dialog closed
        over a field further down."""
        if self.focused is self.query_one(MethodList):
            self.call_after_refresh(self.query_one(Form).scroll_home, animate=False)

    def on_paste(self, event: events.Paste) -> None:
        """Use text that is pasted while no field has the focus: as the redirect address while an
        approval page is open, or else as the key."""
        if isinstance(self.focused, Input):
            return
        if self.host.oauth.page is not None:
            self._paste(event.text.strip())
            return
        for field in self.query(KeyInput):
            field.focus()
            field.post_message(events.Paste(event.text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key works now."""
        if action == "demo":
            return self.host.demo is not None or not (self._offers and self._offers.connected)
        if action == "disconnect":
            return self._offers is not None and self._offers.connected
        if action == "copy":
            return self.host.oauth.page is not None
        return True

    @on(OptionList.OptionHighlighted)
    async def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        way = event.option_id or ""
        if way != self._way:
            self._way = way
            self.say("")
        shown = FORMS.get(way, "")
        if shown in LATER and not self.query(shown):
            await self.query_one(Form).mount(LATER[shown](id=shown.removeprefix("#")))
        for selector in set(FORMS.values()) - {"#about-way"}:
            self.query(selector).set(display=selector == shown)
        self.host.redraw()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        way = event.option_id or ""
        if way == "sandbox":
            self.action_sandbox()
        elif way == "demo":
            self.host.start_demo()
        elif way.startswith("oauth"):
            self._ask(livemode=way == "oauth-live")
        elif way == "setup":
            self.query_one(f"#{FIELDS[0]}").focus()
        elif way == "unlock":
            self.host.stripe.reopen()
        elif way == "place":
            self.host.ask_for_storage(
                "Panelist moves its credentials there. You can move them again at any time."
            )
        elif way == "leave":
            self.action_disconnect()
        else:
            self.query_one(KeyInput).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        name, text = event.input.id or "", event.value.strip()
        if name == "key":
            self._try(text)
        elif name == "paste":
            self._paste(text)
        elif name != FIELDS[-1]:
            self.query_one(f"#{FIELDS[FIELDS.index(name) + 1]}").focus()
        else:
            self._set_up()

    # Actions

    def _ask(self, livemode: bool) -> None:
        page = self.host.oauth.page
        if page is not None and page.mode == ("live" if livemode else "test"):
            self.host.tell(
                "Panelist is already waiting for your approval. Press Escape to stop waiting."
            )
        elif self.host.oauth.ask(livemode):
            self.say("Preparing Stripe's approval page…")
        else:
            self.host.tell(BUSY)

    def _paste(self, text: str) -> None:
        if text and self.host.oauth.page is not None:
            problem = self.host.oauth.paste(text)
            self.say(problem or "Checking with Stripe…", problem=bool(problem))
            if not problem:
                self.query_one(PasteField).value = ""

    def _set_up(self) -> None:
        values = [self.query_one(f"#{name}", Input).value for name in FIELDS]
        if self.host.oauth.set_up(*values):
            self.say("Checking the key with Stripe…")
        else:
            self.host.tell(BUSY)

    def _try(self, key: str) -> None:
        if not key:
            self.say("Paste a key here, then press Enter.", problem=True)
        elif self.host.stripe.try_key(key):
            self.say("Checking the key with Stripe…")
        else:
            self.host.tell(BUSY)

    def action_sandbox(self) -> None:
        """Connect to the sandbox, if one runs."""
        if self.host.demo is None:
            self.host.tell("The sandbox belongs to the demo. Choose “Try the demo”.")
        else:
            self._try(self.host.demo.key)

    def action_demo(self) -> None:
        """Connect to the demo's sandbox. Without a demo, quit this app and run one."""
        if self.host.demo is None:
            self.host.start_demo()
        else:
            self.action_sandbox()

    def action_disconnect(self) -> None:
        """Disconnect after a question."""
        self.host.ask_to_leave()

    def action_copy(self) -> None:
        """Copy the address of the approval page."""
        page = self.host.oauth.page
        if page is not None:
            self.host.copy(page.url, "the address")

    def hints(self) -> FooterHints:
        in_demo = self.host.demo is not None
        return FooterHints(names={"connect.demo": "Connect the sandbox"} if in_demo else {})

    def back(self) -> bool:
        """Go from a field to the list. In the list, stop waiting for an approval."""
        if not isinstance(self.focused, MethodList):
            self.query_one(MethodList).focus()
        elif self.host.oauth.page is not None:
            self.host.oauth.stop()
            self.host.oauth.reload()
            self.say("Stopped waiting. Nothing was connected.")
            self.host.redraw()
        else:
            return False
        return True
