"""Recomputes the members of all segments, in chunks of participants."""

from __future__ import annotations

from functools import partial

from app.db import membership, people
from app.db.store import Store
from app.panel.segments.custom import rules
from app.sync.committer import Committer


async def recompute_memberships(store: Store, connection_id: int, committer: Committer) -> None:
    """Recompute members and counts, in case they are wrong."""
    for chunk in await committer.do(lambda: people.chunks(store, connection_id)):
        await committer.do(
            partial(
                membership.recompute_memberships,
                store,
                connection_id,
                chunk,
                partial(rules, store, connection_id),
            )
        )
    await committer.do(partial(membership.recount, store, connection_id))
