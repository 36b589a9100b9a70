"""What a comparison of the panel with Stripe finds."""

from __future__ import annotations

from dataclasses import dataclass, field

Value = str | int | bool | None


@dataclass(frozen=True)
class Difference:
    """One way in which an object is not here as it is at Stripe, or a segment is not what its
    members are.

    ``kind``: missing_here, deleted_in_stripe, deleted_here, unknown_to_stripe or field; of
    subscriptions also item_missing_here, item_unknown_to_stripe and item_field; of participants
    member and not_member; of segments missing_here, superfluous and count. ``field``: the column,
    or the segment's key; ``item``: the one of a subscription; ``here`` and ``there``: the values,
    of a segment what it remembers and what its members are.
    """

    object: str  # participant, subscription, product, price, segment
    id: str
    kind: str
    field: str | None = None
    item: str | None = None
    here: Value = None
    there: Value = None

    @property
    def lasting(self) -> bool:
        """Whether it stays as it is after a full listing: a deletion is final, and what segments
        remember moves by what changes."""
        final = self.object in ("participant", "subscription")
        deleted = self.kind == "deleted_here" and final
        return deleted or self.object == "segment" or self.kind in ("member", "not_member")


@dataclass(frozen=True)
class Pending:
    """It differs because it changed and the sync has not come to it yet. ``type``: of the event
    of Stripe's that says so, made ``at`` (seconds since 1970); without one, "listing" while a
    full listing is under way, or "changing" when it never stood still."""

    object: str
    id: str
    type: str
    at: int | None = None


@dataclass(frozen=True)
class SetAside:
    """It cannot be stored."""

    object: str
    id: str
    reason: str


Finding = Difference | Pending | SetAside


@dataclass(frozen=True)
class Skipped:
    """A list that was not compared. ``sync``: it was the sync that could not read it."""

    list: str
    permission: str
    sync: bool = False


@dataclass
class VerifyProgress:
    """How far it is. ``compared`` and ``total`` count objects of both sides; ``doubtful``: those
    that looked different and were not looked at again yet; ``lasting``: the differences that a
    full listing does not take away. A sample was ``drawn`` from this many participants and
    subscriptions."""

    compared: int = 0
    total: int = 0
    doubtful: int = 0
    differences: int = 0
    lasting: int = 0
    pending: int = 0
    set_aside: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    drawn: int = 0
    drawn_from: int = 0

    def note(self, finding: Finding) -> None:
        """Count something that was found."""
        match finding:
            case Difference():
                self.differences += 1
                self.lasting += finding.lasting
            case Pending():
                self.pending += 1
            case SetAside():
                self.set_aside += 1
