"""The methods to connect, and the text about each."""

from __future__ import annotations

from dataclasses import dataclass

from textual.widgets.option_list import Option

from app.screens.base import account_words
from app.services.context import Demo
from app.services.snapshot import Snapshot
from app.widgets.choice_list import ChoiceList
from app.widgets.content import Content, para, words

FORMS = {  # method -> the widget beside the list
    "sandbox": "#about-way",
    "oauth-test": "#oauth-form",
    "oauth-live": "#oauth-form",
    "key": "#key-form",
    "setup": "#setup-form",
    "unlock": "#about-way",
    "place": "#about-way",
    "leave": "#about-way",
    "demo": "#about-way",
}


class MethodList(ChoiceList):
    """The list of methods to connect and of actions on a connection."""

    help_text = "The ways to connect. Up and down choose one, Enter goes on with it."


@dataclass(frozen=True)
class AvailableMethods:
    """What decides which methods there are. ``modes`` are those for which OAuth is set up.
    ``closed`` means that these cannot be read, because access is locked."""

    demo: bool = False
    modes: tuple[bool, ...] = ()
    closed: bool = False
    connected: bool = False

    def options(self) -> list[Option]:
        """The methods in the list. Those that are not available are in it too, and say so."""
        ways = []
        if self.demo:
            ways.append(("sandbox", "Sandbox"))
        for mode in self.modes:
            name = "LIVE" if mode else "TEST"
            ways.append((f"oauth-{name.lower()}", f"Connect with Stripe, {name}"))
        ways.append(("key", "Replace the key" if self.connected else "Restricted key"))
        if self.closed:
            ways.append(("unlock", "Connect with Stripe – locked"))
        elif self.modes:
            ways.append(("setup", "Set up OAuth"))
        else:
            ways.append(("setup", "Connect with Stripe – not set up yet"))
        ways.append(("place", "Where access is kept"))
        if self.connected:
            ways.append(("leave", "Disconnect"))
        if not self.demo:
            ways.append(("demo", "Sandbox – not running here"))
        return [Option(words(text), id=way) for way, text in ways]


def connected_words(snapshot: Snapshot) -> Content:
    """A sentence about the account that is or was connected."""
    linked, shown = snapshot.linked, snapshot.view.connection
    text = snapshot.trouble
    if not text and linked is not None:
        account = account_words(linked.account, linked.account_name)
        if snapshot.activity is None and shown is not None and shown.id == linked.id:
            text = (
                f"{account}, {linked.mode}, is connected, but no sync runs here: connect it"
                " again to go on. Everything fetched before can be used."
            )
        else:
            text = (
                f"Connected: {account}, {linked.mode}. Another key of the same account replaces the"
                " one in use. Another account is refused."
            )
    elif not text and shown is not None:
        account = account_words(shown.account, shown.account_name)
        text = f"Disconnected from {account}, {shown.mode}; its people stay usable."
    return words((text, "bold"))


def way_words(way: str, demo: Demo | None, kept: str, closed: str) -> Content:
    """The text about a method that has no form."""
    enter = ("Enter", "bold")
    if way == "sandbox" and demo is not None:
        lines = [
            words(("Sandbox", "bold")),
            words(f"A stand-in for Stripe with {demo.customers:,} made-up customers, at"
                  f" {demo.url}. Its Dashboard: {demo.url}/dashboard"),
            words("It behaves as Stripe does, limits included. Nobody real is in it."),
            words(),
            words(enter, " or ", ("b", "bold"), " connects to it."),
        ]  # fmt: skip
    elif way == "demo":
        lines = [
            words("To look around without a Stripe account, quit (", ("q", "bold"), ") and run ",
                  ("panelist demo", "bold"), ": it starts a stand-in for Stripe with made-up"
                  " customers beside an app of its own, and touches nothing that is here."),
        ]  # fmt: skip
    elif way == "unlock":
        lines = [
            words(closed),
            words(enter, " asks for it. A restricted key in PANELIST_STRIPE_KEY needs none."),
        ]
    elif way == "leave":
        lines = [
            words(enter, " asks first. The access is deleted here and taken back at Stripe where"
                  " it can be; polling stops; participants and segments stay usable."),
        ]  # fmt: skip
    elif way == "place":
        lines = [
            words(("Access is kept in: ", "bold"), kept, "."),
            words(enter, " chooses another place; what is kept moves along."),
        ]
    else:
        lines = []
    return para(lines)
