"""Connect: the ways to an account, and what each of them reads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.css.query import NoMatches
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.screens.frame import PanelistScreen, Picture, account_words
from app.widgets.drawn import Drawn
from app.widgets.line import Line
from app.widgets.words import Content, hang, para, words

if TYPE_CHECKING:
    from app.screens.frame import Demo
    from app.screens.sync import KeyReport

PERMISSIONS = (  # what the key needs to read, and why
    ("Customers", "who is in the panel: name, email, phone, currency, metadata"),
    ("Subscriptions", "who is active, trialing, past due or gone, and with which product"),
    ("Products", "a segment for each product, under its name"),
    ("Prices", "which product a subscription is for"),
    ("Events", "what changes after the first copy, without copying everything again"),
)
NEVER = (
    "Never read or stored: cards, payment methods, bank accounts, addresses, tax ids, balances,"
    " invoices."
)
HOW = (
    "At Stripe: Developers → API keys → Create restricted key, with Read on Customers,"
    " Subscriptions, Products, Prices and Events, and None on all others."
)
KEPT = (
    "A key (rk_live_…, rk_test_… or sk_…) is kept for this run only and never written to disk;"
    " for unattended use set PANELIST_STRIPE_KEY."
)
OAUTH = "OAuth – comes with the next version; a restricted key does the same"


class KeyInput(Input):
    """A field for a secret: shown as dots, and not copied to the clipboard either."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="key.leave", show=False,
                tooltip="Leave the field; the keys of the app work again"),
    ]  # fmt: skip
    help_text = "The key from Stripe's Developers page. It is shown as dots; Enter tries it."

    def action_copy(self) -> None:
        """Nothing: what cannot be seen cannot be copied."""

    def action_leave(self) -> None:
        """Give the keyboard back to the list of ways."""
        self.screen.query_one(Ways).focus()

    def action_cut(self) -> None:
        self.delete_selection()


class AboutKey(Drawn[None]):
    """How to make a key, what is read with it and why, and what is never read."""

    def draw(self, state: None, width: int) -> list[Content]:
        lines = [*words(HOW).wrap(width), words(), words(("What is read, and why", "bold"))]
        for name, why in PERMISSIONS:
            lines += hang(words((f"  {name:<15}", "bold")), words(why), width)
        for text, style in ((NEVER, "bold"), (KEPT, "dim")):
            lines += [words(), *words((text, style)).wrap(width)]
        return lines


class Ways(OptionList):
    """The ways to connect."""

    help_text = "The ways to connect. Up and down choose one, Enter goes on with it."


class ConnectScreen(PanelistScreen):
    """Ways on the left (or on top), the chosen way's form beside (or below) them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s",
            "sandbox",
            "Sandbox",
            id="connect.sandbox",
            show=False,
            tooltip="Connect with the sandbox that runs beside this app",
        ),
    ]
    help_text = "Connect one Stripe account. Choose a way, then follow what stands beside it."

    def compose_content(self) -> ComposeResult:
        demo = self.host.demo
        with Container(id="connect"):
            yield Ways(*_ways(demo), id="ways", markup=False)
            with VerticalScroll(id="form"):
                yield Line(id="connected")
                if demo is not None:
                    yield Static(_sandbox_words(demo), id="sandbox-form")
                with Container(id="key-form"):
                    yield KeyInput(
                        placeholder="rk_test_… or rk_live_…",
                        password=True,
                        id="key",
                        max_length=300,
                        select_on_focus=False,
                    )
                    yield Line(id="said")
                    yield Line(id="report")
                    yield AboutKey(None, id="about-key")

    def on_mount(self) -> None:
        ways = self.query_one(Ways)
        ways.border_title = "Ways to connect"
        ways.highlighted = 0
        ways.focus()

    def show_content(self, picture: Picture) -> None:
        connection = picture.view.connection
        text = picture.trouble
        if not text and connection is not None and connection.status != "disconnected":
            account = account_words(connection.account, connection.account_name)
            text = f"Connected: {account}, {connection.mode}. Another account is refused meanwhile."
            if picture.activity is None:
                text = (
                    f"{account}, {connection.mode}, is connected, but no sync runs here: give its"
                    " key again to go on. Everything fetched before can be used."
                )
        self.query_one("#connected", Line).show(words((text, "bold")))
        self._show_report(self.host.link.report)

    def _show_report(self, report: KeyReport | None) -> None:
        if report is not None:
            self.query_one("#report", Line).show(para(report_lines(report)))

    def say(self, text: str, problem: bool = False) -> None:
        """One sentence under the key: what happens with it, or why it was refused."""
        glyph = ("✗ ", "bold $error") if problem else ("● ", "$primary")
        line = words(glyph, (text, "bold" if problem else "")) if text else words()
        with suppress(NoMatches):  # the app is ending
            self.query_one("#said", Line).show(line)

    def forget_key(self) -> None:
        """Empty the field: the key has been used."""
        self.query_one(KeyInput).value = ""

    @on(events.ScreenSuspend)
    def _hidden(self) -> None:
        self.forget_key()

    @on(OptionList.OptionHighlighted)
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        sandbox = event.option_id == "sandbox"
        for form in self.query("#sandbox-form"):
            form.display = sandbox
        # The sentence of a refused sandbox key must be readable, so this form only shrinks.
        for part in self.query("#key, #about-key"):
            part.display = not sandbox

    @on(OptionList.OptionSelected)
    def _taken(self, event: OptionList.OptionSelected) -> None:
        if event.option_id == "sandbox":
            self.action_sandbox()
        else:
            self.query_one(KeyInput).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        key = event.value.strip()
        if key:
            self._try(key)
        else:
            self.say("There is no key yet: paste it here, then press Enter.", problem=True)

    def action_sandbox(self) -> None:
        """Connect to the sandbox, when one runs."""
        if self.host.demo is None:
            self.host.tell("No sandbox runs beside this app; `panelist demo` starts one.")
        else:
            self._try(self.host.demo.key)

    def _try(self, key: str) -> None:
        if self.host.link.try_key(key):
            self.query_one("#report", Line).show(words())
            self.say("Trying the key at Stripe …")
        else:
            self.host.tell("A key is being tried already.")


def report_lines(report: KeyReport) -> list[Content]:
    """What a key opens: the account, loudly, then a line per permission."""
    loud = (" LIVE ", "bold reverse $error") if report.livemode else (" TEST ", "bold reverse")
    account = account_words(report.account, report.account_name)
    lines = [words(loud, f" account {account}")]
    for one in report.permissions:
        if one.granted:
            lines.append(words(("✓ ", "$success"), one.label))
        else:
            lines.append(words(("✗ ", "bold $error"), (one.label, "bold"), f" – {one.cost}"))
    return lines + [words(("! ", "bold $warning"), text) for text in report.warnings]


def _ways(demo: Demo | None) -> Sequence[Option]:
    ways = [
        Option(words("Restricted key – from your Stripe dashboard"), id="key"),
        Option(words(OAUTH), id="oauth", disabled=True),
    ]
    if demo is not None:
        ways.insert(
            0, Option(words("Sandbox – a Stripe on this computer, to try Panelist"), id="sandbox")
        )
    return ways


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
