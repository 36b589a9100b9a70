"""The mark and the colour of each state of an invite, the same on every screen (docs/looks.md)."""

from __future__ import annotations

from app.invites.states import state_words

MARKS = {  # a state -> its mark, which says it without colours too, and its style
    **dict.fromkeys(("sent", "handed_over"), ("○", "$awaiting")),
    "started": ("◐", "$started"),
    "completed": ("●", "$completed"),
    **dict.fromkeys(("declined", "expired"), ("◌", "$muted")),
    "bounced": ("×", "$never"),
    **dict.fromkeys(("failed", "to_confirm"), ("!", "$warn")),
    "uncertain": ("!", "bold $warn"),
}
PLAIN = ("·", "$muted")  # a state in which nothing is with the person


def marked_state(state: str) -> str:
    """A state in words, with its mark."""
    return f"{MARKS.get(state, PLAIN)[0]} {state_words(state)}" if state else ""


def state_style(state: str) -> str:
    """The style of a state's words and bars."""
    return MARKS.get(state, PLAIN)[1]
