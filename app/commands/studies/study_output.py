"""Prints studies: all of them, one, or the result of an edit."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from app.commands.shared.columns import STATES, Column, ColumnWriter
from app.commands.shared.console import print_json, say
from app.commands.shared.context import find_study, open_context
from app.commands.shared.exit_codes import DONE
from app.db.store import Store
from app.invites import studies
from app.invites.invite_log import invited
from app.invites.mail.template import render
from app.invites.sending.runs import of_study
from app.invites.states import INVITE_STATES
from app.invites.studies import Study
from app.panel.export.json_values import write_json
from app.panel.export.writer import json_form, writing
from app.text import plain, when

COLUMNS = (
    Column("No.", 5, right=True, style="dim"),
    Column("Title", 40, style="bold"),
    Column("State", 9, styles=STATES),
    Column("Invites", 60),
)


def list_studies(options: argparse.Namespace) -> int:
    """List all studies, the newest first."""
    _, store, connection = open_context(options.account)
    every = studies.studies(store, connection)
    with writing(options.output, replace=options.replace) as out:
        if form := json_form(options.output, options.json):
            write_json(out, [_json(store, one) for one in every], form)
            return DONE
        lines = ColumnWriter(out, COLUMNS)
        for one in every:
            lines.line(one.id, one.title, one.state, _counts(store, one.id))
    if not every:
        say("No studies yet. To create one, run panelist studies create TITLE.")
    return DONE


def _counts(store: Store, study_id: int) -> str:
    """How many invites there are, how many people got one, and how many invites are in each
    state. The states add up to the first number."""
    funnel = studies.funnel(store, study_id)
    parts = [
        f"{funnel[state]:,} {word}" for state, word in INVITE_STATES.items() if state in funnel
    ]
    if not parts:
        return "no one has been invited yet"
    every = sum(funnel.values())
    return f"{every:,} invites, {invited(store, study_id):,} invited: {', '.join(parts)}"


def show_study(options: argparse.Namespace) -> int:
    """Print everything about one study."""
    context = open_context(options.account)
    store, study = context.store, find_study(context, options.study)
    if options.json:
        print_json(_json(store, study))
        return DONE
    print(f"{plain(study.title)} ({study.id}): {study.state}")
    for name, value in {"purpose": study.purpose, **asdict(study.template)}.items():
        lines = str(value).splitlines() or [""]
        print(f"  {name.replace('_', ' '):<15} {plain(lines[0], 1000)}")
        for line in lines[1:]:
            print(f"  {'':<15} {plain(line, 1000)}")
    if note := render(study.template, None, "…").html_note:
        print(f"  {'':<15} {plain(note, 1000)}")
    print(f"  {'segments':<15} {plain(', '.join(study.segments)) or 'none yet'}")
    print(f"  {'excluded':<15} {plain(', '.join(study.excluded)) or 'none'}")
    for rule in study.rules.words:
        print(f"  {rule}")
    for missing in study.missing:
        print(f"  needs {missing}")
    print(f"  {_counts(store, study.id)}")
    for run in of_study(store, study.id):
        print(f"  {when(run.at)} {run.kind} by {run.channel.key}, {run.state}: {run.words}")
    return DONE


def print_edited(
    store: Store, study: Study, options: argparse.Namespace, what: str, more: str = ""
) -> int:
    """Say ``what`` was done to a study, ``more`` about it, and what it still needs. Returns the
    exit code."""
    if options.json:
        print_json(_json(store, study))
        return DONE
    say(f"{what} {plain(study.title)} ({study.id}). {more}".rstrip())
    if study.missing and study.state == "draft":
        say(f"Before you can activate it, add {', '.join(study.missing)}.")
    return DONE


def _json(store: Store, study: Study) -> dict[str, Any]:
    found = asdict(study)
    found.pop("connection_id")
    return {
        **found,
        "missing": study.missing,
        "invited": invited(store, study.id),
        "funnel": studies.funnel(store, study.id),
    }
