"""The rules of a study about how often to invite someone, over all studies of all accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.invites.errors import StudyProblem
from app.invites.schedule import quiet_hours

DAY = 86_400
MOST = 10_000  # of days or invites


@dataclass(frozen=True)
class Rules:
    """``cool_down_days`` after a mailbox's last invite. ``cap`` invites in ``cap_days``.
    ``expire_days`` until an invite without a reply expires. None switches a rule off.
    ``quiet_hours``: no email leaves then. None means those of the settings."""

    cool_down_days: int | None = 30
    cap: int | None = 4
    cap_days: int | None = 365
    expire_days: int | None = 30
    quiet_hours: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """Each rule that applies, for a person."""
        said = []
        if self.cool_down_days is not None:
            said.append(f"wait {_days(self.cool_down_days)} between invites to a participant")
        if self.cap is not None and self.cap_days is not None:
            invites = "1 invite" if self.cap == 1 else f"{self.cap:,} invites"
            said.append(f"at most {invites} to a participant in {_days(self.cap_days)}")
        if self.expire_days is not None:
            said.append(f"invites expire after {_days(self.expire_days)}")
        if self.quiet_hours is not None:
            said.append(f"quiet hours: {self.quiet_hours}")
        return tuple(said)

    def limits(self, overrides: Sequence[str] = ()) -> Iterator[tuple[str, int, int]]:
        """(rule, n, days): a mailbox that had its last n invites in these days must wait."""
        if self.cool_down_days is not None and "cool_down" not in overrides:
            yield "cool_down", 1, self.cool_down_days
        if self.cap is not None and self.cap_days is not None and "cap" not in overrides:
            yield "cap", self.cap, self.cap_days

    def check(self) -> None:
        """Raise StudyProblem if the numbers make no sense."""
        for name in ("cool_down_days", "cap", "cap_days", "expire_days"):
            number = getattr(self, name)
            if number is not None and not 1 <= number <= MOST:
                said = name.replace("_", " ")
                raise StudyProblem(
                    f"The rule “{said}” must be a number from 1 to {MOST:,}, or empty.", name
                )
        if self.quiet_hours is not None:
            quiet_hours.parse(self.quiet_hours)
        if (self.cap is None) != (self.cap_days is None):
            raise StudyProblem(
                "An invite limit needs a number of invites and a number of days.", "cap"
            )


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"
