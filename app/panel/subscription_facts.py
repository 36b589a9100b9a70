"""Describes a subscription in words: its products, and its current state with the date."""

from __future__ import annotations

from collections.abc import Sequence

from app.panel.labels import day, status_words
from app.panel.person import HeldSubscription
from app.text import plain

NAMED = 2  # how many things a sentence names before it counts the rest


class SubscriptionFacts:
    """Puts facts in words. ``now`` (seconds since 1970) sets the year that dates leave out."""

    def __init__(self, now: float | None = None) -> None:
        self._now = now

    def on(self, at: int) -> str:
        """A day: "3 Feb"."""
        return day(at, self._now)

    def label(self, held: HeldSubscription) -> str:
        """The products of a subscription and how often each is paid: "(Pro, monthly)", or "(Pro
        monthly + Support yearly)" where the items differ."""
        rhythms = {item.rhythm for item in held.items}
        several = len(rhythms) > 1
        names = list(
            dict.fromkeys(
                f"{plain(item.product, 60)} {item.rhythm}".rstrip()
                if several
                else plain(item.product, 60)
                for item in held.items
            )
        )
        if not names:
            return "(without a product)"
        text = " + ".join(_some(names))
        rhythm = "" if several else rhythms.pop()
        return f"({text}, {rhythm})" if rhythm else f"({text})"

    def became(self, held: HeldSubscription) -> str:
        """What happened to a subscription: "was canceled on 3 Feb"."""
        said = self._became(held)
        return f"{said}, with its payment collection paused" if held.collection_paused else said

    def _became(self, held: HeldSubscription) -> str:
        said = _BECAME.get(held.status) or f"is {status_words(held.status)}"
        if held.status == "canceled":
            return self._canceled(held)
        if held.status == "trialing" and held.trial_end is not None:
            said += f" until {self.on(held.trial_end)}"
        if held.status in ("active", "past_due") and held.start is not None:
            said += f" and began on {self.on(held.start)}"
        if held.cancel_at is not None and held.status in ("active", "trialing", "past_due"):
            said += f", to be canceled on {self.on(held.cancel_at)}"
        return said

    def _canceled(self, held: HeldSubscription) -> str:
        asked, ended = held.canceled_at, held.ended_at
        if asked is None and ended is None:
            return "was canceled"
        if asked is None or ended is None or self.on(asked) == self.on(ended):
            return f"was canceled on {self.on(asked if asked is not None else ended or 0)}"
        return f"was canceled on {self.on(asked)} and ended on {self.on(ended)}"

    def list(self, held: Sequence[HeldSubscription]) -> str:
        """Several subscriptions in a sentence. The first few are described, the rest counted."""
        said = [f"one {self.label(one)} {self.became(one)}" for one in held[:NAMED]]
        rest = len(held) - len(said)
        if rest:
            return f"{', '.join(said)}, and {rest} more"
        return " and ".join(said)


_BECAME = {
    "active": "is active",
    "trialing": "is trialing",
    "past_due": "is past due",
    "unpaid": "is unpaid",
    "paused": "is paused",
    "incomplete": "is incomplete because the first payment is missing",
    "incomplete_expired": "expired because the first payment was never made",
}


def _some(names: list[str]) -> list[str]:
    rest = len(names) - NAMED
    return [*names[:NAMED], f"{rest} more"] if rest > 0 else names
