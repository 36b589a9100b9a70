"""The methods to connect, and the text about each."""

from __future__ import annotations

from dataclasses import dataclass

from textual.widgets.option_list import Option

from app.screens.base import account_words
from app.screens.connect.account_lines import account_lines
from app.services.context import Demo
from app.services.snapshot import DEMO_ACCOUNT, Snapshot
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

NO_SYNC = (
    "No sync runs here. Connect the account again to continue. You can use everything that was"
    " fetched before."
)


class MethodList(ChoiceList):
    """The list of methods to connect and of actions on a connection."""

    help_text = "Choose how to connect with the arrow keys, then press Enter."


@dataclass(frozen=True)
class AvailableMethods:
    """What decides which methods there are. ``modes`` are those for which OAuth is set up.
    ``closed`` means that these cannot be read, because access is locked."""

    demo: bool = False
    modes: tuple[bool, ...] = ()
    closed: bool = False
    connected: bool = False

    def options(self) -> list[Option]:
        """The methods in the list, the most useful first."""
        ways = []
        if self.demo:
            ways.append(("sandbox", "Connect the sandbox"))
        for mode in self.modes:
            name = "LIVE" if mode else "TEST"
            ways.append((f"oauth-{name.lower()}", f"Connect with Stripe ({name})"))
        ways.append(("key", "Replace the key" if self.connected else "Paste a restricted key"))
        if self.closed:
            ways.append(("unlock", "Connect with Stripe (locked)"))
        elif self.modes:
            ways.append(("setup", "Set up OAuth"))
        else:
            ways.append(("setup", "Connect with Stripe (not set up)"))
        if not self.demo:
            ways.append(("demo", "Try the demo"))
        ways.append(("place", "Credential storage"))
        if self.connected:
            ways.append(("leave", "Disconnect"))
        return [Option(words(text), id=way) for way, text in ways]


def connected_words(snapshot: Snapshot) -> Content:
    """The account that is or was connected."""
    linked, shown = snapshot.linked, snapshot.view.connection
    if snapshot.trouble:
        return words((snapshot.trouble, "bold"))
    if linked is not None:
        name = linked.account_name or (DEMO_ACCOUNT if snapshot.demo else None)
        lines = account_lines(linked.account, name, linked.livemode, linked.method)
        if snapshot.activity is None and shown is not None and shown.id == linked.id:
            lines += [words(), words(("! ", "bold $warn"), NO_SYNC)]
        return para(lines)
    if shown is None:
        return words()
    account = account_words(shown.account, shown.account_name)
    return words((f"Disconnected from {account}. You can still use its participants.", "bold"))


def way_words(way: str, demo: Demo | None, kept: str, closed: str) -> Content:
    """The text about a method that has no form."""
    enter = ("Enter", "bold")
    if way == "sandbox" and demo is not None:
        lines = [
            words("This demo runs a sandbox: a local Stripe with"
                  f" {demo.customers:,} fictional customers. It is deleted when you quit."),
            words(),
            *[words("It connects automatically.")] * bool(demo.prepare),
            words(("Enter", "bold $primary"), " or ", ("d", "bold $primary"),
                  "  Connect it again" if demo.prepare else "  Connect it"),
            words(),
            words((f"The dashboard is at {demo.url}/dashboard", "$muted")),
        ]  # fmt: skip
    elif way == "demo":
        lines = [
            words("The demo is a fictional company with 18 months of history: customers who "
            "joined and left, finished studies and replies. A tour in five steps shows you "
            "around."),
            words(),
            words("It does not change your data and is deleted when you quit."),
            words(),
            words(enter, " starts it. Quit it to come back here."),
        ]  # fmt: skip
    elif way == "unlock":
        lines = [
            words(closed),
            words(
                enter, " asks for the passphrase. A key in PANELIST_STRIPE_KEY does not need one."
            ),
        ]
    elif way == "leave":
        lines = [
            words("Panelist stops syncing and deletes its credentials, here and at Stripe. You can"
                  " still use the participants and segments."),
            words(),
            words(enter, " asks you first."),
        ]  # fmt: skip
    elif way == "place":
        lines = [
            words(("Credentials are stored in: ", "bold"), kept, "."),
            words(),
            words(enter, " chooses another storage and moves them there."),
        ]
    else:
        lines = []
    return para(lines)
