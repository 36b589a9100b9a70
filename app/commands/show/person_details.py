"""Prints the details of one participant: what the app shows of them, as lines or as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from app.commands.shared.columns import styled
from app.commands.shared.console import print_json
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE, WrongUse
from app.commands.shared.named_person import find_person
from app.commands.shared.progress import cells
from app.invites import erasure
from app.invites.erasure import Erasure
from app.invites.invite_log import InviteRow, of_person
from app.invites.states import state_words
from app.panel.labels import day
from app.panel.person import HeldSubscription, Person, SegmentMembership, person
from app.panel.segments.memberships import place_json, place_words
from app.panel.stored_participant import values
from app.text import plain, when

LEAST, LABEL = 14, 40  # cells of a label, and its characters at most
LONGEST = 2_000


def show_person(options: argparse.Namespace) -> int:
    """Print one participant."""
    context = open_context(options.account)
    row_id = find_person(context, options.person)
    one = person(context.store, row_id)
    if one is None:  # erased at this moment
        raise WrongUse("This participant is no longer in the panel.")
    invites, erased = of_person(context.store, row_id), erasure.of(context.store, row_id)
    if options.json:
        print_json(_json(one, invites, erased))
        return DONE
    for title, lines in _sections(one, invites, erased):
        print(styled(sys.stdout, title, "bold"))
        width = max(LEAST, *(cells(plain(label, LABEL)) for label, _ in lines))
        for label, text in lines:
            name = plain(label, LABEL)
            name += " " * (width - cells(name))
            print(f"  {styled(sys.stdout, name, 'dim')} {plain(text, LONGEST)}".rstrip())
    return DONE


def _json(one: Person, invites: list[InviteRow], erased: Erasure | None) -> dict[str, Any]:
    subscriptions = [
        {("id" if name == "stripe_id" else name): value for name, value in asdict(held).items()}
        for held in one.subscriptions
    ]
    return {
        **values(one.stored),
        "deleted": one.deleted,
        "status": one.status,
        "subscriptions": subscriptions,
        "subscriptions_doubt": one.doubt,
        "segments": [
            {**place_json(member.place), "name": member.name} for member in (*one.now, *one.past)
        ],
        "invites": [asdict(invite) for invite in invites],
        "erasure": erased and {"due_at": erased.due_at, "done_at": erased.done_at},
        "url": one.url,
    }


Lines = list[tuple[str, str]]


def _sections(
    one: Person, invites: list[InviteRow], erased: Erasure | None
) -> Iterator[tuple[str, Lines]]:
    yield plain(one.name or one.email or one.stripe_id, 200), _identity(one, erased)
    held = [line for held in one.subscriptions for line in _held(held)]
    doubt = [("", one.doubt)] if one.doubt else []
    yield "Subscriptions", [*held, *doubt] or [("", "none")]
    if invites:
        yield "Invites", [_invite(invite) for invite in invites]
    yield "Segments", [_membership(member) for member in one.now] or [("", "no segments")]
    if one.past:
        yield "Former segments", [_membership(member) for member in one.past]
    if one.metadata:
        yield "Metadata", sorted(one.metadata.items())
    yield "In Stripe", [("id", one.stripe_id), ("page", one.url)]


def _identity(one: Person, erased: Erasure | None) -> Lines:
    lines = [
        ("name", one.name or "none"),
        ("email", one.email or "no email, cannot be invited"),
        ("phone", one.phone or ""),
        ("status", "deleted in Stripe" if one.deleted else one.status),
        ("customer", f"since {day(one.created)}" if one.created else ""),
        ("currency", (one.currency or "").upper()),
        ("account", one.customer_account or ""),
    ]
    if erased is not None:
        done = "erased at your request" if erased.done_at else f"erased at {when(erased.due_at)}"
        lines.append(("erasure", done))
    return [line for line in lines if line[1]]


def _held(held: HeldSubscription) -> Lines:
    ends = (
        (held.trial_end, "trial until"),
        (held.canceled_at, "canceled"),
        (held.cancel_at, "ends"),
        (held.ended_at, "ended"),
    )
    parts = [f"from {day(held.start or held.created)}"]
    parts += [f"{word} {day(at)}" for at, word in ends if at]
    lines = [(held.status_words, f"{', '.join(parts)} ({held.stripe_id})")]
    for item in held.items:
        price = ", ".join(part for part in (item.nickname, item.price or item.price_id) if part)
        until = f", paid until {day(item.period_end)}" if item.period_end else ""
        lines.append(("", f"{plain(item.product, 80)}: {price}{until}"))
    return lines


def _membership(member: SegmentMembership) -> tuple[str, str]:
    """The words of a membership begin with its key, and the line with its name."""
    words = place_words(member.place)
    return member.name, words.removeprefix(f"{plain(member.place.segment)} ")


def _invite(one: InviteRow) -> tuple[str, str]:
    ended = f", {when(one.ended_at)}" if one.ended_at else ""
    state = f"{state_words(one.state)}{ended}"
    return when(one.sent_at or one.queued_at), f"{plain(one.study, 60)}: {state}"
