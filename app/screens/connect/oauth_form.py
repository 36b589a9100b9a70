"""Connecting in the browser: what is asked for, the page to open, and where to paste."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container

from app.screens.connect.key_form import permission_lines
from app.services.oauth_approval import ApprovalPage
from app.widgets.content import Content, words
from app.widgets.inputs import TextField
from app.widgets.qr import qr_lines
from app.widgets.state_widget import StateWidget

ROOM = 30  # lines of the terminal from which on there is room for a picture of the address


class AboutApproval(StateWidget[ApprovalPage]):
    """Before: what is asked for. Then: the page, how to get there, and what if not."""

    def draw(self, state: ApprovalPage, width: int) -> list[Content]:
        if not state.url:
            how = (
                f"opens Stripe's page in your browser, where you approve for {state.mode.upper()}"
                " mode; the first sync then starts by itself."
            )
            return [
                *words(("Enter", "bold"), " ", how).wrap(width),
                words(),
                *permission_lines(width),
            ]
        lines = [words(("Approve at Stripe, ", "bold"), (state.mode.upper(), "bold"), ":"), words()]
        lines += _chopped(state.url, width)
        lines += [words(), *words(state.said, " ", ("c", "bold"), " copies the address; ",
                                  ("escape", "bold"), " ends the wait.").wrap(width)]  # fmt: skip
        if state.trouble:
            lines += [words(), *words(("▲ ", "bold $warning"), state.trouble).wrap(width)]
        paste = (
            "No browser here, or another computer (ssh, a container)? Open it there, and paste"
            " the address that the browser shows after you approved, or the code in it, here."
        )
        return [*lines, words(), *words((paste, "dim")).wrap(width), *self._picture(state, width)]

    def _picture(self, state: ApprovalPage, width: int) -> list[Content]:
        """The address as a QR code, where it fits."""
        drawn = qr_lines(state.url) if self.screen.size.height >= ROOM else []
        fits = drawn and drawn[0].cell_length <= width
        return [words(), *drawn] if fits else []


class OAuthForm(Container):
    """What stands beside “Connect with Stripe”."""

    def compose(self) -> ComposeResult:
        yield PasteInput("paste the redirected address or its code here", id="paste", longest=5000)
        yield AboutApproval(ApprovalPage(), id="about-approval")


class PasteInput(TextField):
    """The field for what the browser shows after the approval."""

    help_text = "What stands in the browser's address line after you approved; Enter uses it."

    def _on_paste(self, event: events.Paste) -> None:
        """An Input takes one line, and a terminal breaks a long address into several."""
        self.insert_text_at_cursor("".join(event.text.split()))
        event.prevent_default()
        event.stop()


def _chopped(address: str, width: int) -> list[Content]:
    """An address in pieces that fill the lines, so that it can be selected and copied."""
    return [words((address[at : at + width], "$primary")) for at in range(0, len(address), width)]
