"""The form that sets up OAuth: what to register at Stripe, and fields for the result."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Container

from app.widgets.content import Content, hang, words
from app.widgets.inputs import SecretInput, TextField
from app.widgets.state_widget import StateWidget

FIELDS = ("client_id", "secret", "authorize_url", "redirect_uri")

STEPS = (
    "With OAuth, your team connects without keys. Your organisation needs its own Stripe App. A "
    "restricted key is easier if you can create one.",
    "In Stripe's Dashboard, create a Stripe App (dashboard.stripe.com/apps). Set"
    " stripe_api_access_type to “oauth” and allow customer_read, subscription_read, product_read,"
    " plan_read and event_read. A classic Connect platform works too.",
    "Register this redirect URL there, exactly as it is: {test} for test mode, {live} for live"
    " mode. Stripe requires https in live mode, so your browser will warn about a self-signed"
    " certificate.",
    "Enter the client ID (ca_…), the secret key of the account that owns the app (sk_…), and the"
    " install link that Stripe shows. The key decides between test and live mode. You can set up"
    " both. Enter checks the values with Stripe.",
)


@dataclass(frozen=True)
class OAuthSetup:
    """The redirect addresses, and the modes that are set up."""

    test: str = ""
    live: str = ""
    modes: tuple[bool, ...] = ()


class AboutSetup(StateWidget[OAuthSetup]):
    """The steps of setting up OAuth."""

    def draw(self, state: OAuthSetup, width: int) -> list[Content]:
        there = ", ".join("LIVE" if mode else "TEST" for mode in state.modes)
        lines = [words(("Set up for: ", "bold"), there or "no mode yet"), words()]
        for number, text in enumerate(STEPS, 1):
            body = words(text.format(test=state.test, live=state.live))
            lines += hang(words((f"{number}. ", "bold")), body, width)
        return lines


class SetupForm(Container):
    """The form of the method “Set up OAuth”."""

    def compose(self) -> ComposeResult:
        yield SetupInput("Client ID: ca_…", id="client_id")
        yield SecretInput("Secret key of the app's owner: sk_…", id="secret")
        yield SetupInput("Install link (optional)", id="authorize_url", longest=2000)
        yield SetupInput("Redirect URL (optional)", id="redirect_uri", longest=2000)
        yield AboutSetup(OAuthSetup(), id="about-setup")


class SetupInput(TextField):
    """A field of this form."""

    help_text = "A value from your Stripe App. Enter goes to the next field."
