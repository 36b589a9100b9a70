"""The options of a plan: how many to invite, how to choose them, and which rules to override."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from app.db.stored_json import stored_json
from app.invites.errors import StudyProblem
from app.invites.plan.outcomes import AGAIN

TAKES = ("all", "batch", "random")
STRATA = ("plan", "product", "tenure")
OVERRIDES = ("cool_down", "cap")


@dataclass(frozen=True)
class Options:
    """``take``: everyone who may be invited; or a batch, which is the ``number`` oldest customers;
    or a random sample of ``number``. A sample can be stratified by one of :data:`STRATA`, so that
    each stratum keeps its share. The same ``seed`` draws the same sample. ``again``: also invite
    participants whose invite for this study ended in one of these states. ``overrides``: rules that
    do not apply. What goes beyond the rules needs a ``reason``, which is stored."""

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
        """Raise StudyProblem if the options contradict each other."""
        if not self.segments:
            raise StudyProblem("Include at least one segment.", "segments")
        if self.take not in TAKES:
            raise StudyProblem(f"Select by one of {', '.join(TAKES)}.", "take")
        if self.take != "all" and self.number < 1:
            raise StudyProblem("Give the number of invites, at least 1.", "number")
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
                    raise StudyProblem(f"{place}: use one of {', '.join(known)}.", place)
        if (self.overrides or set(self.again) - {"expired"}) and not self.reason.strip():
            raise StudyProblem(
                "To override a rule, or to invite someone again, give a reason. It is"
                " kept in the ledger.",
                "reason",
            )

    def json(self) -> str:
        """The form that is stored with a locked plan."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Options:
    """Reads what :meth:`Options.json` wrote."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored_json(text).items()
    }
    return Options(**values)


def new_seed() -> str:
    """A seed that is short enough to read out and type."""
    return secrets.token_hex(2)
