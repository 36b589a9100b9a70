"""The participant that an argument such as ``PERSON`` names."""

from __future__ import annotations

import argparse

from app.commands.shared.context import Context
from app.commands.shared.exit_codes import WrongUse

PERSON = "A Stripe ID, an email or a name"
MOST = 5  # participants that a sentence names


def add_person(command: argparse.ArgumentParser) -> None:
    """Add the argument that :func:`find_person` reads."""
    command.add_argument("person", metavar="PERSON", help=PERSON)


def find_person(context: Context, text: str) -> int:
    """The row id of the participant with this Stripe ID, email or name. Raises WrongUse if there is
    none, with those who are probably meant, or if there are several."""
    from app.panel.lists.search import search
    from app.text import fold, plain

    store, wanted = context.store, text.strip()
    rows = store.rows(
        "SELECT id FROM participant WHERE connection_id = ? AND stripe_id = ?",
        (context.connection, wanted),
    )
    if rows:
        return int(rows[0][0])
    found: list[tuple[int, str, str | None, str | None]] = []
    if (searched := search(store, wanted).condition) is not None:
        found = store.rows(
            "SELECT p.id, p.stripe_id, p.name, p.email FROM participant p"
            f" WHERE p.connection_id = ? AND ({searched.sql}) ORDER BY p.deleted, p.id",
            (context.connection, *searched.parameters),
        )
    same = [one for one in found if fold(wanted) in (fold(one[2] or ""), fold(one[3] or ""))]
    if len(same) == 1:
        return same[0][0]
    listed = ", ".join(
        f"{plain(name or email, 40)} ({plain(key, 60)})" if name or email else plain(key, 60)
        for _, key, name, email in (same or found)[:MOST]
    )
    more = f" and {len(same or found) - MOST:,} more" if len(same or found) > MOST else ""
    if same:
        raise WrongUse(f"Several participants have this name. Use a Stripe ID: {listed}{more}.")
    meant = f" Did you mean {listed}{more}?" if found else ""
    raise WrongUse(
        f"The participant {plain(wanted, 80)!r} was not found.{meant} To list participants, run"
        " panelist participants."
    )
