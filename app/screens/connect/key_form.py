"""The form for a restricted key: the field, how to make a key, and the report about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from app.screens.base import account_words
from app.widgets.content import Content, hang, words
from app.widgets.inputs import SecretInput
from app.widgets.state_widget import StateWidget

if TYPE_CHECKING:
    from app.sync.auth.connect import KeyReport

PERMISSIONS = (  # what Panelist reads, and why
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


class KeyInput(SecretInput):
    """The field for the key."""

    help_text = "The key from Stripe's Developers page. It is shown as dots; Enter tries it."


class AboutKey(StateWidget[str]):
    """The text below the field: how to make a key, what it is used for and where it is kept."""

    def draw(self, state: str, width: int) -> list[Content]:
        kept = f"A key that works is kept in: {state}."
        if not state:
            kept = "A key that works is kept in the computer's keyring, or where you then say."
        kept += " One from PANELIST_STRIPE_KEY is never kept."
        return [
            *words(HOW).wrap(width),
            words(),
            *permission_lines(width),
            words(),
            *words((kept, "$muted")).wrap(width),
        ]


class KeyForm(Container):
    """The form of the method “Restricted key”."""

    def compose(self) -> ComposeResult:
        yield KeyInput("rk_test_… or rk_live_…", id="key")
        yield AboutKey("", id="about-key")


def permission_lines(width: int) -> list[Content]:
    """What Panelist reads and why, and what it never reads."""
    lines = [words(("What is read, and why", "bold"))]
    for name, why in PERMISSIONS:
        lines += hang(words((f"  {name:<15}", "bold")), words(why), width)
    return [*lines, words(), *words((NEVER, "bold")).wrap(width)]


def report_lines(report: KeyReport) -> list[Content]:
    """What some access opens: the account, with its mode in bold, and each permission."""
    loud = (" LIVE ", "bold reverse $never") if report.livemode else (" TEST ", "bold reverse")
    account = account_words(report.account, report.account_name)
    lines = [words(loud, f" account {account}")]
    for one in report.permissions:
        if one.granted:
            lines.append(words(("✓ ", "$completed"), one.label))
        else:
            lines.append(words(("✗ ", "bold $never"), (one.label, "bold"), f" – {one.cost}"))
    return lines + [words(("! ", "bold $warn"), text) for text in report.warnings]
