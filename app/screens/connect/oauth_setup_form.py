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
    "OAuth needs an app of your organisation's own at Stripe. A restricted key does the same with"
    " less work, if you may create one: choose OAuth when people should not handle keys.",
    "At Stripe create a Stripe App (dashboard.stripe.com/apps) with stripe_api_access_type"
    " “oauth” and the permissions customer_read, subscription_read, product_read, plan_read and"
    " event_read. A classic Connect platform works too.",
    "Register this redirect address there, to the letter: {test} for test mode, {live} for live"
    " mode, where Stripe insists on https; the browser will warn of its self-made certificate.",
    "Enter above: the client id (ca_…), the secret key of the account that owns the app (sk_…),"
    " and the install link that Stripe shows. Its key tells whether it is test or live; both can"
    " be set up. Enter checks it with Stripe.",
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
        lines = [words(("Set up: ", "bold"), there or "nothing yet"), words()]
        for number, text in enumerate(STEPS, 1):
            body = words(text.format(test=state.test, live=state.live))
            lines += hang(words((f"{number}. ", "bold")), body, width)
        return lines


class SetupForm(Container):
    """The form of the method “Set up OAuth”."""

    def compose(self) -> ComposeResult:
        yield SetupInput("client id: ca_…", id="client_id")
        yield SecretInput("secret key of the app's owner: sk_…", id="secret")
        yield SetupInput("install link (empty: the usual)", id="authorize_url", longest=2000)
        yield SetupInput("redirect address (empty: as below)", id="redirect_uri", longest=2000)
        yield AboutSetup(OAuthSetup(), id="about-setup")


class SetupInput(TextField):
    """A field of this form."""

    help_text = "One part of what is registered at Stripe; Enter goes on to the next."
