"""Prints a plan."""

from __future__ import annotations

import argparse

from app.commands.console import print_json
from app.commands.progress import counted
from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.exports import of_plan
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.plan import Plan
from app.invites.studies import Study
from app.panel.export.writer import form_of, write, writing
from app.text import plain, when


def show_plan(
    store: Store, study: Study, made: Plan, kept: LockedPlan, options: argparse.Namespace
) -> None:
    """Print each member if a file or an outcome is requested, else how many have each outcome."""
    counts = made.counts()
    if options.output or options.outcome:
        only = _outcome(options.outcome)
        chosen = [one for one in Outcome if only in (None, one) and counts[one]]
        source = of_plan(store, made, chosen)
        form = "json" if options.json else form_of(options.output or "")
        with writing(options.output) as out:
            lines = counted(source.lines(False), source.number, options.output)
            write(out, source.columns, lines, form)
        return
    if options.json:
        said = {
            "type": "plan",
            "plan": kept.id,
            "hash": kept.hash,
            "study": study.id,
            "size": len(made),
            "counts": {one.key: counts[one] for one in Outcome},
            "seed": made.options.seed or None,
            "doubts": list(made.doubts),
        }
        print_json(said)
        return
    print(f"{plain(study.title)} ({study.state}): {len(made):,} members")
    for one in Outcome:
        if counts[one] and one is not Outcome.INVITE:
            print(f"  − {counts[one]:>9,}  {one.words}{_more(made, one)}")
    for doubt in made.doubts:
        print(f"  {doubt}")
    print(f"  = {counts[Outcome.INVITE]:>9,}  {Outcome.INVITE.words}")
    seed = f", seed {plain(made.options.seed)}" if made.options.seed else ""
    print(f"Plan {kept.short}, frozen {when(kept.at)}{seed}")


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
    raise StudyProblem(f"--outcome: one of {', '.join(one.key for one in Outcome)}.")
