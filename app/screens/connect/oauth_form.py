"""The form for connecting in the browser: the page to open and the field to paste into."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from app.screens.connect.key_form import permission_lines
from app.services.oauth_approval import ApprovalPage
from app.widgets.content import Content, chopped, words
from app.widgets.inputs import PasteField
from app.widgets.qr import qr_lines
from app.widgets.state_widget import StateWidget

ROOM = 30  # lines of the terminal that a QR code needs


class AboutApproval(StateWidget[ApprovalPage]):
    """The permissions that are asked for. While a page is open, the page and how to reach it."""

    def draw(self, state: ApprovalPage, width: int) -> list[Content]:
        if not state.url:
            how = (
                f"opens Stripe's page in your browser, where you approve access in "
                f"{state.mode.upper()}"
                " mode. The first sync then starts automatically."
            )
            return [
                *words(("Enter", "bold"), " ", how).wrap(width),
                words(),
                *permission_lines(width),
            ]
        lines = [words(("Approve at Stripe, ", "bold"), (state.mode.upper(), "bold"), ":"), words()]
        lines += chopped(state.url, width)
        lines += [words(), *words(state.said, " ", ("y", "bold"), " copies the address; ",
                                  ("escape", "bold"), " ends the wait.").wrap(width)]  # fmt: skip
        if state.trouble:
            lines += [words(), *words(("▲ ", "bold $warn"), state.trouble).wrap(width)]
        paste = (
            "Is your browser on another computer (ssh, a container)? Open the page there. After "
            "you approve, paste the address that the browser shows, or the code in it, here."
        )
        return [
            *lines,
            words(),
            *words((paste, "$muted")).wrap(width),
            *self._picture(state, width),
        ]

    def _picture(self, state: ApprovalPage, width: int) -> list[Content]:
        """The address as a QR code, if it fits."""
        drawn = qr_lines(state.url) if self.screen.size.height >= ROOM else []
        fits = drawn and drawn[0].cell_length <= width
        return [words(), *drawn] if fits else []


class OAuthForm(Container):
    """The form of the method “Connect with Stripe”."""

    def compose(self) -> ComposeResult:
        yield PasteField("Paste the redirect address or its code here", id="paste", longest=5000)
        yield AboutApproval(ApprovalPage(), id="about-approval")
