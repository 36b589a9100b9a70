"""``panelist invites trust``: shows why a database does not send, and takes the answer."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from app.commands.shared.console import print_json, say
from app.commands.shared.context import Context, open_context
from app.commands.shared.exit_codes import DONE, FAILED
from app.invites.operator import by
from app.invites.restore_guard import Answer, RestoreGuard
from app.invites.witness.lost_records import LostRecords
from app.invites.witness.lost_words import last_known, lost_rows, lost_words, taken_words
from app.text import plain, when

MOST = 50  # lines


def trust_database(options: argparse.Namespace) -> int:
    """Show what is known, or continue with an answer. Returns 1 while the question is open."""
    context = open_context(options.account)
    guard = RestoreGuard(context.store, context.connection, context.settings.folders)
    if options.answer is not None:
        return _accept(guard, Answer(options.answer))
    why, lost = guard.suspicion(), guard.lost()
    if options.json:
        rows = [row._asdict() for row in lost_rows(context.store, lost)]
        others = {"strangers": len(lost.strangers), "opt_outs": len(lost.opt_outs)}
        print_json({"why": why, "sends": rows, **others})
    elif why is None:
        print("This database can send. No answer is needed.")
    else:
        print(why)
        for line in _known(context, lost):
            print(line)
    if guard.trouble is not None:
        say(guard.trouble)
    return DONE if why is None else FAILED


def _accept(guard: RestoreGuard, answer: Answer) -> int:
    lost = guard.accept(by(), answer)
    say(f"This database can send again. {taken_words(lost)}".rstrip())
    if guard.trouble is not None:
        say(guard.trouble)
    return DONE


def _known(context: Context, lost: LostRecords) -> Iterator[str]:
    """What was sent and said since, and what to answer."""
    yield from lost_words(lost)
    rows = lost_rows(context.store, lost)
    for row in rows[:MOST]:
        address, study = plain(row.address or "erased", 40), plain(row.study or "", 30)
        who = f"{row.stripe_id:<20} {address:<40}"
        doubt = " (uncertain)" * row.uncertain
        yield f"  {when(row.at):<12} {row.what:<9} {who} {study}{doubt}".rstrip()
    if len(rows) > MOST:
        yield f"  … and {len(rows) - MOST:,} more. Use --json to list all."
    yield last_known(context.store, context.connection)
    if not lost:
        yield (
            "panelist invites trust moved: this is the same database, and no other copy of"
            " it sends."
        )
    yield "panelist invites trust copy: this is a restored copy, or one of two copies." + (
        " Panelist then marks everyone listed as invited, and records opt-outs." if lost else ""
    )
