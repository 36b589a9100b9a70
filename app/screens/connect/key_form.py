"""The form for a restricted key: the field, how to make a key, and the report about one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from app.screens.connect.account_lines import account_lines
from app.widgets.content import Content, hang, labelled, words
from app.widgets.inputs import SecretInput
from app.widgets.state_widget import StateWidget

if TYPE_CHECKING:
    from app.sync.auth.key_check import KeyReport

PERMISSIONS = (  # what Panelist reads, and why
    ("Customers", "your participants: name, email, phone, currency and metadata"),
    ("Subscriptions", "the segments: active, trialing, past due, canceled"),
    ("Products", "a segment for each product"),
    ("Prices", "which product a subscription is for"),
    ("Events", "changes after the first sync"),
)
NEVER = (
    "Panelist never reads cards, payment methods, bank accounts, addresses, tax IDs, balances or"
    " invoices."
)
HOW = (
    "In Stripe's Dashboard, choose Developers → API keys → Create restricted key. Allow Read for"
    " Customers, Subscriptions, Products, Prices and Events, and None for the rest."
)


class KeyInput(SecretInput):
    """The field for the key."""

    help_text = "Paste a restricted key from Stripe's Dashboard. Enter tests it."


class AboutKey(StateWidget[str]):
    """The text below the field: how to make a key, what it is used for and where it is kept."""

    def draw(self, state: str, width: int) -> list[Content]:
        kept = f"A valid key is stored in: {state}."
        if not state:
            kept = "A valid key is stored in your system's keychain, or where you choose."
        kept += " A key from PANELIST_STRIPE_KEY is never stored."
        return [
            *words(HOW).wrap(width),
            words(),
            *permission_lines(width),
            words(),
            *words((kept, "$muted")).wrap(width),
        ]


class KeyForm(Container):
    """The form of the method “Paste a restricted key”."""

    def compose(self) -> ComposeResult:
        yield KeyInput("rk_test_… or rk_live_…", id="key")
        yield AboutKey("", id="about-key")


def permission_lines(width: int) -> list[Content]:
    """What Panelist reads and why, and what it never reads."""
    lines = [words(("What Panelist reads, and why", "bold"))]
    for name, why in PERMISSIONS:
        lines += hang(words((f"  {name:<15}", "bold")), words(why), width)
    return [*lines, words(), *words((NEVER, "bold")).wrap(width)]


def report_lines(report: KeyReport, *, known: bool) -> list[Content]:
    """What some access opens: each permission, and the account unless that is ``known``."""
    lines: list[Content] = []
    if not known:
        lines = account_lines(report.account, report.account_name, report.livemode, report.method)
    for at, one in enumerate(report.permissions):
        said = words(("✓ ", "$completed"), one.label)
        if not one.granted:
            said = words(("✗ ", "bold $never"), (one.label, "bold"), f" – {one.cost}")
        lines.append(labelled("" if at else "Permissions", said))
    return lines + [words(("! ", "bold $warn"), text) for text in report.warnings]
