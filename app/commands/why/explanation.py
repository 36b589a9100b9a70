"""Explains a participant's segments, and whether a study can invite them."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from app.commands.shared.columns import STATES, Column, ColumnWriter
from app.commands.shared.console import print_json
from app.commands.shared.context import Context, find_segment, find_study, open_context, say_doubt
from app.commands.shared.exit_codes import DONE, WrongUse
from app.commands.shared.named_person import find_person
from app.invites.plan import plan
from app.invites.plan.members import stripe_ids
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome, reason
from app.invites.studies import Study
from app.panel.knowledge import Knowledge, knowledge
from app.panel.person import Person, person
from app.panel.segments.doubts import segments_with_doubts
from app.panel.segments.why import why
from app.text import plain

COLUMNS = (
    Column("In", 3, styles=STATES),
    Column("Segment", 30, style="bold"),
    Column("Why", 200, whole=True),
)
LONGEST = 2_000


def explain(options: argparse.Namespace) -> int:
    """Print why."""
    context = open_context(options.account)
    row_id = find_person(context, options.person)
    one = person(context.store, row_id)
    if one is None:  # erased at this moment
        raise WrongUse("This participant is no longer in the panel.")
    if options.study is not None:
        return _of_study(context, one, find_study(context, options.study), options)
    if options.segment is not None:
        view = find_segment(context, options.segment)
        say_doubt(context, view)
        found = why(context.store, row_id, view.key)
        if options.json:
            print_json(_json(one, view.key, found.member, found.sentence))
        else:
            print(plain(found.sentence, LONGEST))
        return DONE
    return _of_all(context, one, options)


def _of_all(context: Context, one: Person, options: argparse.Namespace) -> int:
    """Every segment whose members are known."""
    known = knowledge(context.store, context.connection) is Knowledge.KNOWN
    views = segments_with_doubts(context.store, context.connection)
    found = [
        (view, why(context.store, one.id, view.key)) for view in views if known or not view.doubt
    ]
    if options.json:
        lines = [_json(one, view.key, this.member, this.sentence) for view, this in found]
        print_json(lines, options.json)
        return DONE
    writer = ColumnWriter(sys.stdout, COLUMNS)
    for view, this in sorted(found, key=lambda pair: not pair[1].member):
        _, _, because = this.sentence.partition(": ")
        writer.line("yes" if this.member else "no", view.name, because or this.sentence)
    return DONE


def _json(one: Person, key: str, member: bool, sentence: str) -> dict[str, Any]:
    return {"stripe_id": one.stripe_id, "segment": key, "member": member, "sentence": sentence}


def _of_study(context: Context, one: Person, study: Study, options: argparse.Namespace) -> int:
    """What a plan of the whole study would say of them."""
    made = plan.make(context.store, study, Options(study.segments, study.excluded))
    found = made.of(one.id)
    if found is None:
        outcome, because = None, _outside(context, one, study)
    else:
        outcome = found[0]
        same = [found[1]] if outcome is Outcome.SAME_MAILBOX else []
        because = reason(*found, stripe_ids(context.store, same), made.now)
    may = outcome is Outcome.INVITE
    if may:
        state = "" if study.state == "active" else f", but the study is {study.state_phrase}"
        sentence = f"Can be invited to {plain(study.title, 80)}{state}."
    else:
        sentence = f"Cannot be invited to {plain(study.title, 80)}: {plain(because, LONGEST)}."
    if options.json:
        key = outcome.key if outcome is not None else "not_in_segments"
        facts = {"stripe_id": one.stripe_id, "study": study.id, "can_be_invited": may}
        print_json({**facts, "outcome": key, "sentence": sentence})
    else:
        print(sentence)
    return DONE


def _outside(context: Context, one: Person, study: Study) -> str:
    """Why they are in none of the segments that a study includes."""
    sentences = [why(context.store, one.id, key).sentence.rstrip(".") for key in study.segments]
    first = "deleted in Stripe" if one.deleted else "in none of its segments"
    return "; ".join([first, *sentences])
