"""The shortest ways to what people do most, from Status or from the first start: a page counts
their keys and a test presses them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.pictures.scenes import Typed

PASTE = "paste"


@dataclass(frozen=True)
class Way:
    """``steps``: names of keys, or a text. ``before``: what leads to where the way begins.
    ``result``: what the test asks afterwards."""

    name: str
    result: str
    steps: tuple[str, ...]
    world: str = "company"
    before: tuple[str, ...] = ("2",)

    @property
    def fewest(self) -> int:
        """How many keys it takes. A text that you choose or paste counts as one."""
        return sum(
            1 if isinstance(step, Typed) or step == PASTE else len(step.split())
            for step in self.steps
        )

    @property
    def shown(self) -> str:
        """The keys for a page."""
        return " ".join(
            f"*{step}*" if isinstance(step, Typed) or step == PASTE else f"`{step}`"
            for step in self.steps
        )


INVITE = ("4", "a", "p", "o", Typed("40"), "ctrl+s", "i", Typed("40"), "enter")
WAYS = (
    Way("Connect with a key", "connected", ("enter", PASTE, "enter"), "empty", ()),
    Way("Find a person", "found", ("3", "/", Typed("lukas von"), "enter", "enter")),
    Way(
        "Make a segment",
        "segment",
        ("3", "n", Typed("At risk"), "tab", Typed('status:"past_due"'), "ctrl+s"),
    ),
    Way("Invite 40 people", "invited", INVITE),
    Way("Undo that", "undone", ("u", "y"), before=INVITE),
    Way("Export everyone", "exported", ("3", "x", "enter")),
    Way("See who left and why", "left", ("3", "down", "t", "tab", "down")),
)
