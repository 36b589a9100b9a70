"""The invites that an argument such as ``WHO|FILE`` names."""

from __future__ import annotations

from app.commands.shared.context import Context, find_study
from app.commands.shared.list_argument import named
from app.db.store import Store
from app.invites import contact_lists
from app.invites.errors import UnknownInvite
from app.invites.invite_log import invite_rows
from app.invites.lists.list_columns import read_list
from app.text import plain


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
        raise UnknownInvite(f"Invite {invite} was not found. Nothing was changed.")
    return [invite], []


def names_of(store: Store, invites: list[int]) -> str:
    """Whom invites are to, for a question: one by name, more by number."""
    if len(invites) != 1:
        return f"{len(invites):,} invites"
    (one,) = invite_rows(store, invites)
    who = one.name or one.stripe_id
    return f"the invite to {plain(who, 60)} ({plain(one.address or 'erased', 80)})"
