"""Connect: the ways to an account on the left (or on top), the chosen way's form beside them."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.css.query import NoMatches
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.credentials.store import NOWHERE
from app.screens.frame import Demo, PanelistScreen, Picture, account_words
from app.screens.key_form import AboutKey, KeyForm, KeyInput, report_lines
from app.screens.oauth_form import AboutApproval, OAuthForm, Page, PasteInput
from app.screens.setup_form import FIELDS, AboutSetup, Known, SetupForm
from app.widgets.line import Line
from app.widgets.words import Content, para, words

FORMS = {  # the form that stands beside each way
    "sandbox": "#sandbox-form",
    "oauth-test": "#oauth-form",
    "oauth-live": "#oauth-form",
    "key": "#key-form",
    "setup": "#setup-form",
    "place": "#place-form",
    "leave": "#place-form",
}


class Ways(OptionList):
    """The ways to connect, and what can be done about a connection."""

    help_text = "The ways to connect. Up and down choose one, Enter goes on with it."


class ConnectScreen(PanelistScreen):
    """One column that scrolls, or two where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s", "sandbox", "Sandbox", id="connect.sandbox", show=False,
            tooltip="Connect with the sandbox that runs beside this app",
        ),
        Binding(
            "d", "leave", "Disconnect", id="connect.leave",
            tooltip="Disconnect the account; asks first, and what was fetched stays",
        ),
        Binding(
            "c", "copy_page", "Copy address", id="connect.copy", show=False,
            tooltip="Copy the address of Stripe's approval page",
        ),
    ]  # fmt: skip
    help_text = "Connect one Stripe account. Choose a way, then follow what stands beside it."

    def __init__(self) -> None:
        super().__init__()
        self._way = ""
        self._shown: tuple[object, ...] | None = None

    def compose_content(self) -> ComposeResult:
        with Container(id="connect"):
            yield Ways(id="ways", markup=False)
            with VerticalScroll(id="form"):
                yield Line(id="connected")
                if self.host.demo is not None:
                    yield Static(_sandbox_words(self.host.demo), id="sandbox-form")
                yield OAuthForm(id="oauth-form")
                yield SetupForm(id="setup-form")
                yield Line(id="place-form")
                yield KeyForm(id="key-form")

    def on_mount(self) -> None:
        ways = self.query_one(Ways)
        ways.border_title = "Ways to connect"
        ways.focus()

    def show_content(self, picture: Picture) -> None:
        approving, demo = self.host.approving, self.host.demo
        connected = picture.connected
        shown = (approving.modes, connected)
        if shown != self._shown:
            self._shown = shown
            self.refresh_bindings()
            self._show_ways(ways_of(demo, approving.modes, connected=connected))
        self.query_one("#connected", Line).show(_connected_words(picture))
        kept = self.host.credentials.described()
        self.query_one(AboutKey).show("" if kept == NOWHERE else kept)
        self.query_one("#place-form", Line).show(_place_words(picture, kept, self._way))
        known = Known(*self.host.redirects, approving.modes)
        self.query_one(AboutSetup).show(known)
        page = self.query_one(AboutApproval)
        mode = "live" if self._way == "oauth-live" else "test"
        if (not approving.url and page.state.url) or page.state.mode != mode:
            page.show(Page(mode))
        self.query_one(PasteInput).display = approving.open
        report = self.host.link.report
        if report is not None:
            self.query_one("#report", Line).show(para(report_lines(report)))

    def _show_ways(self, options: list[Option]) -> None:
        ways = self.query_one(Ways)
        ids = [one.id for one in options]
        keep = ids.index(self._way) if self._way in ids else 0
        ways.clear_options()
        ways.add_options(options)
        ways.highlighted = keep

    def say(self, text: str, problem: bool = False) -> None:
        """One sentence in the form: what happens, or why it was refused."""
        glyph = ("✗ ", "bold $error") if problem else ("● ", "$primary")
        line = words(glyph, (text, "bold" if problem else "")) if text else words()
        with suppress(NoMatches):  # the app is ending
            for place in ("#said", "#approving", "#set-up"):
                self.query_one(place, Line).show(line)

    def show_page(self, page: Page) -> None:
        """The page to approve on is known."""
        self.query_one(AboutApproval).show(page)
        self.host.redraw()

    def forget_secrets(self) -> None:
        """Empty the fields: what stood there has been used."""
        for name in ("#key", "#secret", "#paste"):
            self.query_one(name, Input).value = ""

    @on(events.ScreenSuspend)
    def _hidden(self) -> None:
        self.forget_secrets()
        self.query_one(Ways).focus()

    def on_paste(self, event: events.Paste) -> None:
        """While an approval is waited for, a paste anywhere is the redirected address."""
        if self.host.approving.open and not isinstance(self.focused, Input):
            self._paste(event.text.strip())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys that mean something now."""
        if action == "leave":
            return self._shown is not None and bool(self._shown[1])
        return True

    @on(OptionList.OptionHighlighted)
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        self._way = event.option_id or ""
        wanted = FORMS.get(self._way)
        for selector in set(FORMS.values()) - {"#key-form"}:
            for form in self.query(selector):
                form.display = selector == wanted
        # The sentence of a refused sandbox key must be readable, so this form only shrinks.
        self.query_one("#key-form").display = wanted in ("#key-form", "#sandbox-form")
        for part in self.query("#key, #about-key"):
            part.display = wanted == "#key-form"
        self.host.redraw()

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        way = event.option_id or ""
        if way == "sandbox":
            self.action_sandbox()
        elif way.startswith("oauth"):
            self._ask(livemode=way == "oauth-live")
        elif way == "setup":
            self.query_one("#client_id").focus()
        elif way == "place":
            self.host.ask_place("It can be moved at any time; what is kept moves along.")
        elif way == "leave":
            self.action_leave()
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

    def _ask(self, livemode: bool) -> None:
        if self.host.approving.ask(livemode):
            self.say("Opening Stripe's page …")
        else:
            self.host.tell("Something is being tried already.")

    def _paste(self, text: str) -> None:
        if not self.host.approving.open:
            self.say("Press Enter on the way first: it makes the page to approve on.", True)
        elif text:
            problem = self.host.approving.paste(text)
            self.say(problem or "Asking Stripe …", problem=bool(problem))
            if not problem:
                self.query_one(PasteInput).value = ""

    def _set_up(self) -> None:
        values = [self.query_one(f"#{name}", Input).value for name in FIELDS]
        if self.host.approving.set_up(*values):
            self.say("Asking Stripe whether it knows this key …")
        else:
            self.host.tell("Something is being tried already.")

    def action_sandbox(self) -> None:
        """Connect to the sandbox, when one runs."""
        if self.host.demo is None:
            self.host.tell("No sandbox runs beside this app; `panelist demo` starts one.")
        else:
            self._try(self.host.demo.key)

    def action_leave(self) -> None:
        """Disconnect, after a yes."""
        self.host.ask_to_leave()

    def action_copy_page(self) -> None:
        """Copy the approval page's address; it can also be selected."""
        if self.host.approving.url:
            self.app.copy_to_clipboard(self.host.approving.url)
            self.host.tell("Copied, where the terminal allows it.")

    def back(self) -> bool:
        """From a field to the list; from the list, end a wait for an approval."""
        if not isinstance(self.focused, Ways):
            self.query_one(Ways).focus()
        elif self.host.approving.open:
            self.host.approving.stop()
            self.host.approving.look()
            self.say("Nothing is waited for any more. Nothing was connected.")
        else:
            return False
        return True

    def _try(self, key: str) -> None:
        if not key:
            self.say("There is no key yet: paste it here, then press Enter.", problem=True)
        elif self.host.link.try_key(key):
            self.query_one("#report", Line).show(words())
            self.say("Trying the key at Stripe …")
        else:
            self.host.tell("A key is being tried already.")


def ways_of(demo: Demo | None, modes: tuple[bool, ...], *, connected: bool) -> list[Option]:
    """What can be chosen. A way that is not available says why, and what to do."""
    ways = []
    if demo is not None:
        ways.append(("sandbox", "Sandbox"))
    for mode in modes:
        name = "LIVE" if mode else "TEST"
        ways.append((f"oauth-{name.lower()}", f"Connect with Stripe, {name}"))
    ways.append(("key", "Restricted key"))
    ways.append(("setup", "Set up OAuth" if modes else "Connect with Stripe – not set up yet"))
    ways.append(("place", "Where access is kept"))
    if connected:
        ways.append(("leave", "Disconnect"))
    return [Option(words(text), id=way) for way, text in ways]


def _connected_words(picture: Picture) -> Content:
    connection = picture.view.connection
    text = picture.trouble
    if not text and connection is not None:
        account = account_words(connection.account, connection.account_name)
        if connection.status == "disconnected":
            text = f"Disconnected from {account}, {connection.mode}; its people stay usable."
        elif picture.activity is None:
            text = (
                f"{account}, {connection.mode}, is connected, but no sync runs here: connect it"
                " again to go on. Everything fetched before can be used."
            )
        else:
            text = f"Connected: {account}, {connection.mode}. Another account is refused meanwhile."
    return words((text, "bold"))


def _place_words(picture: Picture, kept: str, way: str) -> Content:
    if way == "leave":
        return words(
            ("Enter", "bold"),
            " asks first. The access is deleted here and taken back at Stripe where it can be;"
            " polling stops; participants and segments stay usable.",
        )
    return words(
        ("Access is kept in: ", "bold"), kept, ". ", ("Enter", "bold"), " moves it elsewhere.",
    )  # fmt: skip


def _sandbox_words(demo: Demo) -> Content:
    return para(
        [
            words(("Sandbox", "bold")),
            words(
                f"A stand-in for Stripe with {demo.customers:,} made-up customers, at {demo.url}."
            ),
            words("It behaves as Stripe does, limits included. Nobody real is in it."),
            words(),
            words(("Enter", "bold"), " or ", ("s", "bold"), " connects with it."),
        ]
    )
