"""``panelist studies``: what people are invited to."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from app.cli import FAILED, NOT_CONNECTED
from app.commands.common import find_account, not_connected, say
from app.commands.study_arguments import RULES, TEXTS
from app.db.store import Store, open_store
from app.invites import studies as of
from app.invites.errors import StudyProblem
from app.invites.operator import by, read_text
from app.invites.sending.runs import of_study
from app.invites.studies import Study
from app.panel.overview import overview
from app.settings import load
from app.text import plain, when

WRONG_USE = 2
MOVES = {"activate": "active", "pause": "paused", "close": "closed", "archive": "archived"}


def here(store: Store, account: str | None) -> int | None:
    """The connection that is meant; None, and said, where there is none."""
    connection = overview(store, find_account(store, account)).connection
    if connection is None:
        not_connected()
        return None
    return connection.id


def find_study(store: Store, connection_id: int, text: str | None) -> Study:
    """The study of this number or title; without one the only one that is not over. Raises
    StudyProblem."""
    every = of.studies(store, connection_id)
    if not text:
        going = [one for one in every if one.state in of.CHANGEABLE]
        if len(going) == 1:
            return going[0]
        raise StudyProblem("Say which study with --study; panelist studies lists them.")
    found = [one for one in every if str(one.id) == text or one.title == text]
    found = found or [one for one in every if one.title.casefold() == text.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(one.id) for one in found)
        raise StudyProblem(f"Several studies are called so; say which by its number: {numbers}.")
    raise StudyProblem(f"There is no study {plain(text)!r}; panelist studies lists them.")


def studies(options: argparse.Namespace) -> int:
    """All of them, the newest first."""
    store = open_store(load())
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    every = of.studies(store, connection)
    if options.json:
        print(json.dumps([_json(store, one) for one in every]))
        return 0
    for one in every:
        funnel = of.funnel(store, one.id)
        counts = ", ".join(f"{number:,} {state}" for state, number in funnel.items())
        said = counts or "nobody invited yet"
        print(f"{one.id:>5}  {plain(one.title, 40):<40}  {one.state:<9} {said}")
    if not every:
        say("There is no study yet. Make one: panelist studies create TITLE")
    return 0


def studies_create(options: argparse.Namespace) -> int:
    """Make a draft."""
    store = open_store(load())
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    with store.transaction():
        key = of.create(store, connection, options.study, by(), **_values(options))
        if options.segment or options.exclude:
            of.attach(store, key, options.segment or [], options.exclude or [], by())
    return _told(store, of.get(store, key), options, "Made the draft")


def studies_change(options: argparse.Namespace) -> int:
    """Change what a study says, its rules or its segments."""
    store, study = _opened(options)
    if study is None:
        return NOT_CONNECTED
    values = _values(options)
    with store.transaction():
        if values:
            of.change(store, study.id, by(), **values)
        if options.segment is not None or options.exclude is not None:
            taken = study.segments if options.segment is None else options.segment
            left_out = study.excluded if options.exclude is None else options.exclude
            of.attach(store, study.id, list(taken), list(left_out), by())
    return _told(store, of.get(store, study.id), options, "Changed")


def studies_show(options: argparse.Namespace) -> int:
    """Everything about one."""
    store, study = _opened(options)
    if study is None:
        return NOT_CONNECTED
    if options.json:
        print(json.dumps(_json(store, study)))
        return 0
    print(f"{plain(study.title)} ({study.id}): {study.state}")
    for name, value in {"purpose": study.purpose, **asdict(study.template)}.items():
        lines = str(value).splitlines() or [""]
        print(f"  {name.replace('_', ' '):<15} {plain(lines[0], 1000)}")
        for line in lines[1:]:
            print(f"  {'':<15} {plain(line, 1000)}")
    print(f"  {'segments':<15} {plain(', '.join(study.segments)) or 'none yet'}")
    print(f"  {'excluded':<15} {plain(', '.join(study.excluded)) or 'none'}")
    for rule in study.rules.words:
        print(f"  {rule}")
    for missing in study.missing:
        print(f"  needs {missing}")
    for run in of_study(store, study.id):
        print(f"  {when(run.at)} {run.kind} by {run.channel.key}, {run.state}: {run.words}")
    return 0


def _move(options: argparse.Namespace) -> int:
    store, study = _opened(options)
    if study is None:
        return NOT_CONNECTED
    state = MOVES[options.action]
    ends = of.would_end(store, study.id, state)
    if state == "closed" and ends and not options.yes:
        say(f"Closing it ends {ends:,} invites that are outstanding. Say --yes to do it.")
        return FAILED
    ended = of.move(store, study.id, state, by())
    said = f"{ended:,} invites ended with it." if ended else ""
    return _told(store, of.get(store, study.id), options, f"Now {state}:", said)


studies_activate = studies_pause = studies_close = studies_archive = _move


def studies_delete(options: argparse.Namespace) -> int:
    """Delete a draft."""
    store, study = _opened(options)
    if study is None:
        return NOT_CONNECTED
    of.delete(store, study.id, by())
    say(f"Deleted the draft {plain(study.title)}.")
    return 0


def _opened(options: argparse.Namespace) -> tuple[Store, Study | None]:
    store = open_store(load())
    connection = here(store, options.account)
    study = None if connection is None else find_study(store, connection, options.study)
    return store, study


def _values(options: argparse.Namespace) -> dict[str, object]:
    """What was said of the study. A rule that is given as none does not bind."""
    found: dict[str, object] = {}
    for option, _ in TEXTS:
        name = option[2:].replace("-", "_")
        if getattr(options, name, None) is not None:
            found[name] = getattr(options, name)
    for name in ("text", "reminder_text"):
        file = getattr(options, f"{name}_file")
        if file is not None:
            found[name] = read_text(file)
    for option, _ in RULES:
        name = option[2:].replace("-", "_")
        value = getattr(options, name)
        if value is not None:
            found[name] = None if value < 0 else value
    return found


def _told(
    store: Store, study: Study, options: argparse.Namespace, what: str, more: str = ""
) -> int:
    if options.json:
        print(json.dumps(_json(store, study)))
        return 0
    say(f"{what} {plain(study.title)} ({study.id}). {more}".rstrip())
    if study.missing and study.state == "draft":
        say(f"Before it can be active it needs {', '.join(study.missing)}.")
    return 0


def _json(store: Store, study: Study) -> dict[str, Any]:
    found = asdict(study)
    found.pop("connection_id")
    return {**found, "missing": study.missing, "funnel": of.funnel(store, study.id)}
