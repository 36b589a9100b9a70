"""The pane that shows everything about one participant."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from app.db.errors import DatabaseProblem
from app.db.rows import PARTICIPANT_FIELDS
from app.db.store import Store
from app.invites import erasure
from app.invites.erasure import Erasure
from app.invites.invite_log import InviteRow, of_person
from app.invites.states import state_words
from app.panel.labels import day
from app.panel.person import HeldItem, HeldSubscription, Person, SegmentMembership, person
from app.panel.segments.reason_words import short_reason
from app.text import plain, when
from app.widgets.content import Content, hidden, words
from app.widgets.pane import Pane
from app.widgets.row_list import Row, RowList


class PersonPane(Pane):
    """Shows the open participant, ``one``. It is hidden while none is open."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="segments-person")
        self._store = store
        self.one: Person | None = None
        self._invites: list[InviteRow] = []
        self._erasure: Erasure | None = None
        self.display = False

    def compose(self) -> ComposeResult:
        yield RowList("", "Everything about this participant.", "", id="person")

    def read(self, row_id: int) -> Person | None:
        """The participant of this row id, or None. Raises DatabaseProblem."""
        return person(self._store, row_id)

    def open(self, row_id: int) -> None:
        """Show a participant. Raises DatabaseProblem."""
        self.one = self.read(row_id)
        self._read_rest(row_id)
        self.display = self.one is not None

    def _read_rest(self, row_id: int) -> None:
        self._invites = of_person(self._store, row_id)
        self._erasure = erasure.of(self._store, row_id)

    def reload(self) -> None:
        """Read the open participant again. What was known stays if that fails."""
        if self.one is not None:
            try:
                self.one = self.read(self.one.id) or self.one
                self._read_rest(self.one.id)
            except DatabaseProblem:
                return  # the next snapshot reports it

    def draw(self, now: float, masking: bool) -> None:
        """Draw the open participant as of ``now``."""
        if self.one is not None:
            name = hidden(self.one.name or self.one.email, masking) or self.one.stripe_id
            self.entitle(words(name))
            rows = person_rows(self.one, now, masking, self._invites, self._erasure)
            self.query_one("#person", RowList).show(rows)

    def close(self) -> bool:
        """Close the pane. Returns False if it was closed already."""
        was, self.one, self.display = self.one, None, False
        return was is not None


NOT_EVENT_DRIVEN = "Stripe sends no events for it, so changes arrive with a full sync"
# Stored fields with a line, title or block of their own. Any other is a line under its name.
OWN_LINE = {
    *("stripe_id", "email", "name", "phone", "currency"),
    *("metadata", "created", "customer_account"),
}
LABEL = 10  # cells for the label of a line
STATUS = {"active": "$completed", "trialing": "$primary", "past_due": "bold $warn"}


def person_rows(
    one: Person,
    now: float,
    masking: bool,
    invites: Sequence[InviteRow] = (),
    erasure: Erasure | None = None,
) -> list[Row]:
    """Everything about a participant as rows: identity, subscriptions, invites, memberships with
    their reasons, metadata and the page at Stripe."""
    rows = _identity(one, masking)
    rows += [_title("Subscriptions")]
    rows += [row for held in one.subscriptions for row in _held(held, now)]
    if one.doubt or not one.subscriptions:
        rows += [_line("", one.doubt or "none")]
    if erasure is not None:
        done = erasure.done_at is not None
        said = (
            "at your request" if done else f"at {when(erasure.due_at, now)}. Press E to undo this"
        )
        rows.append(_line("Erased", said, "bold $never"))
    if invites:
        rows += [_title("Invites")] + [_invite(invite, now) for invite in invites]
    rows += [_title("Segments")]
    rows += [_membership(place, now) for place in one.now] or [_line("", "no segments")]
    if one.past:
        rows += [_title("Former segments")] + [_membership(place, now) for place in one.past]
    if one.metadata:
        rows += [_title("Metadata")]
        rows += [_line(key, hidden(value, masking)) for key, value in sorted(one.metadata.items())]
    if not one.lost:
        rows += [_title("In Stripe"), _line("ID", one.stripe_id), _line("Page", one.url)]
    return rows


def _identity(one: Person, masking: bool) -> list[Row]:
    status = "deleted in Stripe" if one.deleted and not one.lost else one.status
    rows = [
        _line("Name", hidden(one.name, masking) or "none"),
        _line("Email", hidden(one.email, masking) or "no email, cannot be invited"),
    ]
    if one.phone:
        rows.append(_line("Phone", hidden(one.phone, masking)))
    rows.append(_line("Status", status, "bold $never" if one.deleted else "bold"))
    if one.created:
        rows.append(_line("Customer", f"since {day(one.created)}"))
    if one.currency:
        rows.append(_line("Currency", one.currency.upper()))
    if one.customer_account:
        rows.append(_line("Account", f"{plain(one.customer_account)}: {NOT_EVENT_DRIVEN}"))
    return rows + [
        _line(field.name.replace("_", " "), hidden(str(value), masking and field.masked))
        for field, value in zip(PARTICIPANT_FIELDS, one.stored, strict=True)
        if value is not None and field.name not in OWN_LINE
    ]


def _held(held: HeldSubscription, now: float) -> list[Row]:
    rows = [
        Row(
            words(("● ", STATUS.get(held.status, "$muted"))),
            words(
                (held.status_words, STATUS.get(held.status, "")), *_dates(held, now),
                (f"  {held.stripe_id}", "$muted"),
            ),
        )
    ]  # fmt: skip
    return rows + [_item(item, now) for item in held.items]


def _dates(held: HeldSubscription, now: float) -> list[str]:
    """When the subscription began, and the ends that are known."""
    ends = (
        (held.trial_end, "trial until"),
        (held.canceled_at, "canceled"),
        (held.cancel_at, "ends"),
        (held.ended_at, "ended"),
    )
    begun = held.start or held.created
    return [f" from {day(begun, now)}"] + [f", {word} {day(at, now)}" for at, word in ends if at]


def _item(item: HeldItem, now: float) -> Row:
    price = ", ".join(part for part in (item.nickname, item.price or item.price_id) if part)
    until = f", paid until {day(item.period_end, now)}" if item.period_end else ""
    return Row(words("    "), words((plain(item.product), "bold"), f": {plain(price)}{until}"))


def _membership(one: SegmentMembership, now: float) -> Row:
    place = one.place
    text = f" since {when(place.since, now)} ({short_reason(place.joined_by)})"
    if place.until is not None and place.left_by is not None:
        text = f" {when(place.since, now)} ({short_reason(place.joined_by)})"
        text += f" until {when(place.until, now)} ({short_reason(place.left_by)})"
    return Row(words("  "), words((plain(one.name, 60), "bold"), text))


def _title(text: str) -> Row:
    return Row(words(), words((text, "bold")))


def _line(label: str, value: str | Content, style: str = "") -> Row:
    text = value if isinstance(value, Content) else words((plain(value), style))
    return Row(words((f"{plain(label, 24):<{LABEL - 1}} ", "$muted")), text)


def _invite(one: InviteRow, now: float) -> Row:
    at = when(one.sent_at or one.queued_at, now)
    ended = f", {when(one.ended_at, now)}" if one.ended_at else ""
    return _line(at, f"{plain(one.study, 60)}: {state_words(one.state)}{ended}")
