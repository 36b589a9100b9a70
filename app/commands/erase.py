"""``panelist erase``: erases participants in four hours, or undoes that."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import (
    add_account,
    add_dry_run,
    add_json,
    add_quiet,
    add_yes,
)
from app.commands.shared.console import confirmed, print_json, say
from app.commands.shared.context import Context, open_context
from app.commands.shared.exit_codes import DONE, FAILED
from app.commands.shared.list_argument import LIST, named

EXAMPLES = {
    "erase": ("erase ada@example.com", "erase ada@example.com --undo"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.add_argument("who", metavar="WHO|FILE", help=f"A Stripe ID, an address, or {LIST}")
    parser.add_argument(
        "--undo", action="store_true", help="Keep the participants (within the four hours)"
    )
    add_yes(parser)
    add_dry_run(parser)
    add_quiet(parser)
    add_account(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Request erasures, or undo them. One typed participant is not asked about, because it can be
    undone. A list is shown with its counts first."""
    from app.invites.contact_lists import participants_named
    from app.invites.errors import UnknownParticipant
    from app.invites.housekeeping import follow, tidy
    from app.invites.lists.list_columns import read_list
    from app.text import plain, when

    context = open_context(options.account)
    settings, store, connection = context
    tidy(store, settings.folders)
    text, typed = named(options.who)
    listed = read_list(text)
    listed.check()
    people, unknown = participants_named(store, connection, listed.values)
    if typed and not people:
        raise UnknownParticipant(
            f"The participant {plain(text, 80)!r} was not found. Nothing was changed. To"
            " list participants, run panelist participants."
        )
    if not options.json:
        if not typed:
            say(listed.words)
        for value in unknown:
            print(f"unknown: {plain(value, 200)}")
    number = "1 participant" if len(people) == 1 else f"{len(people):,} participants"
    would = "would be kept" if options.undo else "would be erased in four hours"
    question = f"{number} {would}. {len(unknown):,} unknown."
    sure = options.yes or (typed and len(people) == 1)
    agreed = confirmed(question, yes=sure, dry_run=options.dry_run)
    done, due = _do(context, people, undo=options.undo) if agreed else ([], 0)
    follow(store, settings.folders)
    if options.json:
        counts = {"kept" if options.undo else "erased": len(done)}
        print_json({**counts, "stayed": len(people) - len(done), "unknown": unknown})
    elif done and options.undo:
        say(f"{len(done):,} kept. Invites that ended stay ended.")
    elif done:
        say(
            f"{len(done):,} will be erased at {when(due)}, or when Panelist next runs. Their"
            " open invites ended. Until then you can undo this with --undo. The customer in"
            " Stripe is not changed."
        )
    if options.dry_run:
        return DONE
    return DONE if agreed and len(done) == len(people) and not unknown else FAILED


def _do(context: Context, people: list[str], *, undo: bool) -> tuple[list[str], int]:
    """Erase these participants, or keep them after all. Returns those for whom it was possible, and
    when they are due."""
    from app.invites import erasure
    from app.invites.errors import StudyProblem
    from app.invites.operator import by
    from app.text import plain

    _, store, connection = context
    done, due = list[str](), 0
    for one in people:
        try:
            if undo:
                erasure.take_back(store, connection, one, by())
            else:
                due = erasure.request(store, connection, one, by()).due_at
            done.append(one)
        except StudyProblem as problem:
            say(f"{plain(one)}: {problem}")
    return done, due
