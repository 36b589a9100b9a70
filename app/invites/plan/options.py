"""What a plan is made with: whom it takes from, how many and how, and which rules it passes by."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from app.invites.errors import StudyProblem
from app.invites.plan.outcomes import AGAIN

TAKES = ("all", "batch", "random")
STRATA = ("plan", "product", "tenure")
OVERRIDES = ("cool_down", "cap")


@dataclass(frozen=True)
class Options:
    """``take``: all who may be invited; a batch, which are the ``number`` who are customers the
    longest; or ``number`` at random, in the same shares as all by one of :data:`STRATA`, always
    the same people for the same ``seed``. ``again``: of those whose invite for this study has
    ended so, ask anew. ``overrides``: rules that do not bind. What goes beyond the rules needs a
    ``reason``, which is kept."""

    segments: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    take: str = "all"
    number: int = 0
    seed: str = ""
    strata: str | None = None
    again: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    reason: str = ""

    def check(self) -> None:
        """Raise StudyProblem unless they say one thing."""
        if not self.segments:
            raise StudyProblem("Name at least one segment to take people from.", "segments")
        if self.take not in TAKES:
            raise StudyProblem(f"Take one of {', '.join(TAKES)}.", "take")
        if self.take != "all" and self.number < 1:
            raise StudyProblem("Say how many are to be invited, at least 1.", "number")
        if self.take == "random" and not self.seed:
            raise StudyProblem("A random sample needs a seed, such as 7f3a.", "seed")
        if self.strata is not None and (self.take != "random" or self.strata not in STRATA):
            raise StudyProblem(
                f"Only a random sample is stratified, by one of {', '.join(STRATA)}.", "strata"
            )
        for value, known, place in (
            (self.again, AGAIN, "again"),
            (self.overrides, OVERRIDES, "overrides"),
        ):
            for one in value:
                if one not in known:
                    raise StudyProblem(f"{place}: one of {', '.join(known)}.", place)
        if (self.overrides or set(self.again) - {"expired"}) and not self.reason.strip():
            raise StudyProblem(
                "To pass by a rule, or to ask again who has answered, give a reason; it is kept.",
                "reason",
            )

    def json(self) -> str:
        """As they are frozen with a plan."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Options:
    """Options as :meth:`Options.json` froze them."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(text).items()
    }
    return Options(**values)


def new_seed() -> str:
    """A short one, to be read out and typed."""
    return secrets.token_hex(2)
