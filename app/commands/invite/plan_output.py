"""Prints a plan."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.commands.invite.plan_timing import PlanTiming
from app.commands.shared.console import print_json, say
from app.commands.shared.exit_codes import WrongUse
from app.commands.shared.progress import counted
from app.db.store import Store
from app.invites.exports import of_plan
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.plan import Plan
from app.invites.studies import CHANGEABLE, Study
from app.panel.export.writer import form_of, write, writing
from app.text import plain, when

NO_MORE: Mapping[Outcome, str] = MappingProxyType({})


def show_plan(
    store: Store,
    study: Study,
    made: Plan,
    kept: LockedPlan,
    options: argparse.Namespace,
    timing: PlanTiming,
) -> None:
    """Print each member if a file or an outcome is requested, else how many have each outcome. Say
    the plan's hash, and when its invites would leave."""
    counts = made.counts()
    if options.output or options.outcome:
        only = _outcome(options.outcome)
        chosen = [one for one in Outcome if only in (None, one) and counts[one]]
        source = of_plan(store, made, chosen)
        form = options.json or form_of(options.output or "")
        with writing(options.output, replace=options.replace) as out:
            lines = counted(source.lines(False), source.number, options.output)
            write(out, source.columns, lines, form, exact=options.exact)
        if not options.json:
            say(_sending(study, kept, counts, timing))
        return
    more = {one: _more(made, one) for one in Outcome}
    show_locked(study, kept, counts, timing, more, made.doubts, as_json=options.json)


def show_locked(
    study: Study,
    kept: LockedPlan,
    counts: Mapping[Outcome, int],
    timing: PlanTiming,
    more: Mapping[Outcome, str] = NO_MORE,
    doubts: Sequence[str] = (),
    *,
    changed: bool = False,
    as_json: bool,
) -> None:
    """Print how many members of a stored plan have each outcome, and how to send it. ``more``: what
    is said after a count. ``doubts``: what is not known about the segments, in sentences.
    ``changed``: what would be sent now is not what was locked, so a person would be asked again."""
    size, leaves = sum(counts.values()), kept.delivery
    if as_json:
        print_json(plan_json(study, kept, counts, timing, doubts))
        return
    print(f"{plain(study.title)} ({study.state}): {size:,} members")
    for one in Outcome:
        if counts[one] and one is not Outcome.INVITE:
            print(f"  − {counts[one]:>9,}  {one.words}{more.get(one, '')}")
    for doubt in doubts:
        print(f"  {doubt}")
    print(f"  = {counts[Outcome.INVITE]:>9,}  {Outcome.INVITE.words}")
    seed = f", seed {plain(kept.options.seed)}" if kept.options.seed else ""
    by = f", by {plain(leaves.words, 200)}" if leaves else ""
    print(f"Plan {kept.short}, locked {when(kept.at)}{seed}{by}")
    for line in timing.words:
        print(line)
    print(_sending(study, kept, counts, timing, changed=changed))


def plan_json(
    study: Study,
    kept: LockedPlan,
    counts: Mapping[Outcome, int],
    timing: PlanTiming,
    doubts: Sequence[str] = (),
) -> dict[str, object]:
    """The same for a program."""
    leaves = kept.delivery
    return {
        "type": "plan",
        "plan": kept.id,
        "hash": kept.hash,
        "study": study.id,
        "size": sum(counts.values()),
        "number": counts[Outcome.INVITE],
        "counts": {one.key: counts[one] for one in Outcome},
        "seed": kept.options.seed or None,
        "way": leaves.channel if leaves else None,
        "mail_server": leaves.server if leaves else None,
        "start_at": timing.start_at,
        "first_at": timing.first_at,
        "quiet_hours": timing.quiet_hours,
        "sent": kept.sent,
        "doubts": list(doubts),
    }


def _sending(
    study: Study,
    kept: LockedPlan,
    counts: Mapping[Outcome, int],
    timing: PlanTiming,
    *,
    changed: bool = False,
) -> str:
    """How to send the plan, or why it cannot be sent."""
    if kept.sent:
        return "This plan was already sent."
    number = counts[Outcome.INVITE]
    if not number:
        return "This plan invites no one."
    command = f"panelist invite --plan {kept.short} --expect {number}{timing.options}"
    if study.state not in CHANGEABLE:
        return f"This plan cannot be sent because the study is {study.state_phrase}."
    if changed:
        return (
            "It has changed since it was locked, so it cannot be sent. To make a new plan:"
            f" panelist invite --study {study.id}"
        )
    if study.state != "active":
        return (
            f"The study is {study.state_phrase}, so it sends nothing yet. To send it: panelist"
            f" studies activate {study.id}, then {command}"
        )
    return f"To send it: {command}"


def _more(made: Plan, outcome: Outcome) -> str:
    if outcome is not Outcome.ALREADY:
        return ""
    parts = (
        f"{number:,} {reason(outcome, detail, {}, made.now).removeprefix('already invited: ')}"
        for detail, number in made.details(outcome).most_common()
    )
    return f" ({', '.join(parts)})"


def _outcome(key: str | None) -> Outcome | None:
    if key is None:
        return None
    for one in Outcome:
        if one.key == key:
            return one
    raise WrongUse(f"--outcome: one of {', '.join(one.key for one in Outcome)}.")
