"""The findings of a comparison of the panel with Stripe."""

from __future__ import annotations

from dataclasses import dataclass, field

Value = str | int | bool | None


@dataclass(frozen=True)
class Difference:
    """One difference between an object here and at Stripe, or between a segment and its members.

    ``kind`` is missing_here, deleted_in_stripe, deleted_here, unknown_to_stripe or field. For
    subscriptions it may also be item_missing_here, item_unknown_to_stripe or item_field, for
    participants member or not_member, and for segments missing_here, superfluous or count.
    ``field`` is the column, or the key of the segment. ``item`` is the id of a subscription's item.
    ``here`` and ``there`` are the two values; for a segment, its stored count and the number of its
    members.
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
        """Whether a full listing would not correct it. A stored deletion is final, and segments are
        updated only by changes."""
        final = self.object in ("participant", "subscription")
        deleted = self.kind == "deleted_here" and final
        return deleted or self.object == "segment" or self.kind in ("member", "not_member")


@dataclass(frozen=True)
class Pending:
    """An object that differs because the sync has not processed a change of it yet.

    ``type`` is the type of Stripe's event about the change, and ``at`` its time in seconds since
    1970. Without an event, ``type`` is "listing" while a full listing is running, or "changing"
    if the object changed during every check.
    """

    object: str
    id: str
    type: str
    at: int | None = None


@dataclass(frozen=True)
class SetAside:
    """An object that cannot be stored, and why."""

    object: str
    id: str
    reason: str


Finding = Difference | Pending | SetAside


@dataclass(frozen=True)
class Skipped:
    """A list that was not compared. ``sync``: the sync itself could not read it."""

    list: str
    permission: str
    sync: bool = False


@dataclass
class VerifyProgress:
    """The progress of a comparison, in numbers of objects.

    ``compared`` and ``total`` count the objects of both sides. ``doubtful`` counts those that
    looked different and were not checked again yet. ``lasting`` counts the differences that a full
    listing would not correct. A sample has ``drawn`` objects out of ``drawn_from`` participants and
    subscriptions.
    """

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
        """Count a finding."""
        match finding:
            case Difference():
                self.differences += 1
                self.lasting += finding.lasting
            case Pending():
                self.pending += 1
            case SetAside():
                self.set_aside += 1
