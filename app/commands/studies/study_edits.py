"""``panelist studies create``, ``change``, ``delete``, and the actions that change a study's
state."""

from __future__ import annotations

import argparse

from app.commands.shared.console import say
from app.commands.shared.context import Context, find_all_members, find_study, open_context
from app.commands.shared.exit_codes import DONE, FAILED
from app.commands.studies import RULES, TEXTS
from app.commands.studies.study_output import print_edited
from app.invites import studies
from app.invites.operator import by, read_text
from app.text import plain

# The state that each action leads to.
STATES = {"activate": "active", "pause": "paused", "close": "closed", "archive": "archived"}


def create_study(options: argparse.Namespace) -> int:
    """Create a draft."""
    context = open_context(options.account)
    _, store, connection = context
    _find_segments(context, options)
    with store.transaction():
        key = studies.create(store, connection, options.study, by(), **_values(options))
        if options.segment or options.exclude:
            studies.attach(store, key, options.segment or [], options.exclude or [], by())
    return print_edited(store, studies.get(store, key), options, "Created the draft")


def change_study(options: argparse.Namespace) -> int:
    """Change a study's texts, rules or segments."""
    context = open_context(options.account)
    store, study = context.store, find_study(context, options.study)
    values = _values(options)
    _find_segments(context, options)
    with store.transaction():
        if values:
            studies.change(store, study.id, by(), **values)
        if options.segment is not None or options.exclude is not None:
            taken = study.segments if options.segment is None else options.segment
            left_out = study.excluded if options.exclude is None else options.exclude
            studies.attach(store, study.id, list(taken), list(left_out), by())
    return print_edited(store, studies.get(store, study.id), options, "Changed")


def move_study(options: argparse.Namespace) -> int:
    """Move a study to the action's state. Closing asks for confirmation if it ends invites."""
    context = open_context(options.account)
    store, study = context.store, find_study(context, options.study)
    state = STATES[options.action]
    ends = studies.would_end(store, study.id, state)
    if state == "closed" and options.dry_run:
        say(f"Closing it would end {ends:,} open invites. Nothing was changed.")
        return DONE
    if state == "closed" and ends and not options.yes:
        say(f"Closing it ends {ends:,} open invites. Nothing was changed. Use --yes to confirm.")
        return FAILED
    ended = studies.move(store, study.id, state, by())
    said = f"{ended:,} invites ended with it." if ended else ""
    return print_edited(store, studies.get(store, study.id), options, f"Now {state}:", said)


def delete_study(options: argparse.Namespace) -> int:
    """Delete a draft."""
    context = open_context(options.account)
    store, study = context.store, find_study(context, options.study)
    studies.delete(store, study.id, by())
    say(f"Deleted the draft {plain(study.title)}.")
    return DONE


def _find_segments(context: Context, options: argparse.Namespace) -> None:
    options.segment = find_all_members(context, options.segment)
    options.exclude = find_all_members(context, options.exclude)


def _values(options: argparse.Namespace) -> dict[str, object]:
    """The values that the options give. For a rule, "none" switches it off."""
    found: dict[str, object] = {}
    for option, _ in TEXTS:
        name = option[2:].replace("-", "_")
        if getattr(options, name, None) is not None:
            found[name] = getattr(options, name)
    for name in ("text", "reminder_text"):
        file = getattr(options, f"{name}_file")
        if file is not None:
            found[name] = read_text(file)
    if options.quiet_hours is not None:
        said = options.quiet_hours
        found["quiet_hours"] = None if said.strip().casefold() == "default" else said
    for option, _ in RULES:
        name = option[2:].replace("-", "_")
        value = getattr(options, name)
        if value is not None:
            found[name] = None if value < 0 else value
    return found
