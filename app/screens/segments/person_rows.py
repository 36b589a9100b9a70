"""Everything about one participant as rows of a list."""

from __future__ import annotations

from collections.abc import Sequence

from app.invites.erasure import Erasure
from app.invites.invite_log import InviteRow
from app.panel.labels import day
from app.panel.person import HeldItem, HeldSubscription, Person, SegmentMembership
from app.screens.list_rows import reason_words
from app.text import plain, when
from app.widgets.content import Content, hidden, words
from app.widgets.row_list import Row

LABEL = 10  # cells for what a line is about
STATUS = {"active": "$success", "trialing": "$primary", "past_due": "bold $warning"}


def person_rows(
    one: Person,
    now: float,
    masking: bool,
    invites: Sequence[InviteRow] = (),
    erasure: Erasure | None = None,
) -> list[Row]:
    """Identity, subscriptions, invites, metadata, segments since when and why, the Dashboard's
    page."""
    rows = _identity(one, masking)
    rows += [_title("Subscriptions")]
    rows += [row for held in one.subscriptions for row in _held(held, now)] or [_line("", "none")]
    if erasure is not None:
        done = erasure.done_at is not None
        said = "on your wish" if done else f"at {when(erasure.due_at, now)}; E takes it back"
        rows.append(_line("erased", said, "bold $error"))
    if invites:
        rows += [_title("Invites")] + [_invite(invite, now) for invite in invites]
    rows += [_title("Segments")]
    rows += [_place(place, now) for place in one.now] or [_line("", "in none")]
    if one.past:
        rows += [_title("Was in")] + [_place(place, now) for place in one.past]
    if one.metadata:
        rows += [_title("Metadata")]
        rows += [_line(key, hidden(value, masking)) for key, value in sorted(one.metadata.items())]
    rows += [_title("In Stripe"), _line("id", one.stripe_id), _line("page", one.url)]
    return rows


def _identity(one: Person, masking: bool) -> list[Row]:
    status = "deleted in Stripe" if one.deleted else one.status
    rows = [
        _line("name", hidden(one.name, masking) or "none"),
        _line("email", hidden(one.email, masking) or "none: cannot be invited"),
    ]
    if one.phone:
        rows.append(_line("phone", hidden(one.phone, masking)))
    rows.append(_line("status", status, "bold $error" if one.deleted else "bold"))
    if one.created:
        rows.append(_line("customer", f"since {day(one.created)}"))
    if one.currency:
        rows.append(_line("currency", one.currency.upper()))
    return rows


def _held(held: HeldSubscription, now: float) -> list[Row]:
    rows = [
        Row(
            words(("● ", STATUS.get(held.status, "dim"))),
            words(
                (held.status_words, STATUS.get(held.status, "")), *_dates(held, now),
                (f"  {held.stripe_id}", "dim"),
            ),
        )
    ]  # fmt: skip
    return rows + [_item(item, now) for item in held.items]


def _dates(held: HeldSubscription, now: float) -> list[str]:
    """When it began, and every end that is known."""
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


def _place(one: SegmentMembership, now: float) -> Row:
    place = one.place
    text = f" since {when(place.since, now)} ({reason_words(place.joined_by)})"
    if place.until is not None and place.left_by is not None:
        text = f" {when(place.since, now)} ({reason_words(place.joined_by)})"
        text += f" until {when(place.until, now)} ({reason_words(place.left_by)})"
    return Row(words("  "), words((plain(one.name, 60), "bold"), text))


def _title(text: str) -> Row:
    return Row(words(), words((text, "bold underline")))


def _line(label: str, value: str | Content, style: str = "") -> Row:
    text = value if isinstance(value, Content) else words((plain(value), style))
    return Row(words((f"{plain(label, 24):<{LABEL}}", "dim")), text)


def _invite(one: InviteRow, now: float) -> Row:
    at = when(one.sent_at or one.queued_at, now)
    ended = f", {when(one.ended_at, now)}" if one.ended_at else ""
    return _line(at, f"{plain(one.study, 60)}: {one.state.replace('_', ' ')}{ended}")
