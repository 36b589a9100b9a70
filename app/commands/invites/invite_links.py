"""``panelist invites link``: hands out personal links for sending by hand."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from app.commands.invites.invite_targets import find_invites
from app.commands.shared.console import print_json, say
from app.commands.shared.context import open_context
from app.commands.shared.exit_codes import DONE, FAILED
from app.db.store import Store
from app.invites.errors import StudyProblem
from app.invites.invite_log import InviteRow, invite_rows
from app.invites.manual_links import hand_out
from app.invites.operator import by
from app.invites.restore_guard import RestoreGuard
from app.invites.states import NO_ADDRESS
from app.text import plain


def print_links(options: argparse.Namespace) -> int:
    """Print the link of each invite. A queued invite counts as sent from then on."""
    context = open_context(options.account)
    settings, store, connection = context
    guard = RestoreGuard(store, connection, settings.folders)
    guard.check()
    invites, rest = find_invites(context, options.who, options.study)
    links = _handed_out(store, invite_rows(store, invites), rest)
    if options.json:
        print_json(links, options.json)
    else:
        for one in links:
            print(f"{plain(one['address'] or NO_ADDRESS, 80)}\t{plain(one['link'], 2_000)}")
    guard.note(last=True)
    if guard.trouble is not None:
        say(guard.trouble)
    for value in rest:
        say(f"No link: {plain(value, 200)}")
    return FAILED if rest else DONE


def _handed_out(store: Store, rows: Iterable[InviteRow], rest: list[str]) -> list[dict[str, Any]]:
    """The links, which count as sent from now on. ``rest``: gets those that have none."""
    links = []
    for row in rows:
        try:
            link = hand_out(store, row.id, by())
        except StudyProblem as problem:
            rest.append(f"{row.address or row.stripe_id}: {problem}")
            continue
        links.append({"invite": row.id, "address": row.address, "token": row.token, "link": link})
    return links
