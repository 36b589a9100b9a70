"""What an argument such as ``ADDRESS|FILE`` names."""

from __future__ import annotations

from pathlib import Path

from app.commands.context import Context, find_study
from app.commands.exit_codes import WrongUse
from app.db.store import Store
from app.invites import contact_lists
from app.invites.errors import UnknownInvite
from app.invites.invite_log import invite_rows
from app.invites.list_addresses import is_name
from app.invites.list_columns import read_list
from app.invites.operator import read_text
from app.text import plain


def named(argument: str) -> tuple[str, bool]:
    """The text that an argument means: itself, or what the file of this name has. The second value
    says whether the names were typed. Raises StudyProblem and WrongUse."""
    if not argument.strip():
        raise WrongUse("Give an address or a file.")
    typed = "@" in argument or is_name(argument) or argument.isdecimal()
    if typed and not Path(argument).exists():
        return argument, True
    return read_text(argument, guess=True), False


def find_invites(context: Context, argument: str, study: str | None) -> tuple[list[int], list[str]]:
    """The invites that an argument means, and what means none or several. A typed number is that of
    an invite. Raises StudyProblem and DatabaseProblem."""
    store, connection = context.store, context.connection
    text, typed = named(argument)
    if typed and text.isdecimal():
        return _numbered(store, connection, int(text))
    only = find_study(context, study).id if study else None
    listed = read_list(text)
    listed.check()
    found = contact_lists.match(store, connection, listed.values, only)
    return list(found.invites), [*found.ambiguous, *found.unknown]


def _numbered(store: Store, connection: int, invite: int) -> tuple[list[int], list[str]]:
    rows = store.rows(
        "SELECT id FROM invite WHERE id = ? AND connection_id = ?", (invite, connection)
    )
    if not rows:
        raise UnknownInvite(f"Invite {invite} is not found. Nothing was changed.")
    return [invite], []


def names_of(store: Store, invites: list[int]) -> str:
    """Whom invites are to, for a question: one by name, more by number."""
    if len(invites) != 1:
        return f"{len(invites):,} invites"
    (one,) = invite_rows(store, invites)
    who = one.name or one.stripe_id
    return f"the invite to {plain(who, 60)} ({plain(one.address or 'erased', 80)})"
