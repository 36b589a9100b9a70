"""Every later change: Stripe's events, polled, each taken as a hint and never as the truth.

An event says that an object changed; its snapshot may be old, cut or of another API version,
so the object itself is fetched, once however many events name it. Polls overlap, because an
event may become visible after ones that are newer; what was seen is remembered by id in the
transaction that stores its effect.
"""

from __future__ import annotations

from functools import partial

from app.db import connections
from app.db.rows import Delivery, EventRow, StepRow
from app.db.store import Store
from app.sync.committer import Committer
from app.sync.fetch import Fetcher
from app.sync.listings import EVENT_TYPES, EVENTS, LISTINGS, NEEDS
from app.sync.objects import Event, page_reader
from app.sync.stripe_api import Kind, StripeApi, StripeProblem
from app.text import storable

OVERLAP = 600  # seconds an event may be late; tap-stripe looks back as far
RETENTION = 29 * 86_400  # Stripe keeps events for 30 days
GROUP = 100

_read_events = page_reader(Event)
_TABLE = {kind: LISTINGS[step].table for step, kinds in EVENT_TYPES.items() for kind in kinds}


class Poller:
    """Asks for events and applies what they point at."""

    def __init__(
        self, api: StripeApi, store: Store, connection_id: int, committer: Committer
    ) -> None:
        self._api = api
        self._store = store
        self._connection_id = connection_id
        self._committer = committer
        self._fetcher = Fetcher(api)

    async def poll(self) -> int:
        """One look: every event not seen yet is applied. Returns how many there were.

        Raises StripeProblem, DatabaseProblem; what was applied before stays applied.
        """
        through = connections.sync_state(self._store, self._connection_id).events_through or 0
        steps = connections.steps(self._store, self._connection_id)
        types = [
            kind
            for step, kinds in EVENT_TYPES.items()
            if steps[step].state != "skipped"
            for kind in kinds
        ]
        try:
            date, events = await self._new_events(through - OVERLAP, types)
        except StripeProblem as problem:
            if problem.kind is not Kind.FORBIDDEN:
                raise
            await self._say_forbidden()
            return 0
        await self._apply(events)
        newest = max((event.created for event in events), default=None)
        await self._committer.put(Delivery(requests=self._api.take_count()))
        await self._committer.do(
            partial(
                connections.polled,
                self._store,
                self._connection_id,
                date,
                newest,
                through - 2 * OVERLAP,
            )
        )
        return len(events)

    async def _new_events(self, since: int, types: list[str]) -> tuple[int, list[EventRow]]:
        """(Stripe's clock before the first page, the events since then that are not stored)."""
        query: dict[str, str | int] = {"limit": 100, "created[gte]": since}
        query |= {f"types[{n}]": kind for n, kind in enumerate(types)}
        found: dict[str, EventRow] = {}
        date, cursor = None, None
        while True:
            here = {**query, "starting_after": cursor} if cursor else query
            reply = await self._api.page(EVENTS, here, _read_events)
            date = reply.date if date is None else date
            page = reply.body
            found.update((one.id, _row(one)) for one in page.objects if one.type in _TABLE)
            if not page.has_more or page.last[0] in (None, cursor):
                break
            cursor = page.last[0]
        new = connections.unseen(self._store, self._connection_id, list(found))
        return date, [event for key, event in found.items() if key in new]

    async def _apply(self, events: list[EventRow]) -> None:
        by_object: dict[tuple[str, str], list[EventRow]] = {}
        for event in events:
            by_object.setdefault((_TABLE[event.type], event.object_id), []).append(event)
        for table in dict.fromkeys(table for table, _ in by_object):
            keys = [key for key in by_object if key[0] == table]
            try:
                for start in range(0, len(keys), GROUP):
                    group = keys[start : start + GROUP]
                    answers = await self._fetcher.objects(group)
                    seen = [event for key in group for event in by_object[key]]
                    await self._committer.put(
                        Delivery(answers=answers, events=seen, requests=self._api.take_count())
                    )
            except StripeProblem as problem:
                if problem.kind is not Kind.FORBIDDEN:
                    raise
                await self._say_lost(table)

    async def _say_lost(self, table: str) -> None:
        """A permission that the key had is gone: what it brought stays and grows old."""
        (step,) = {one.step for one in LISTINGS.values() if one.table == table}
        text = (
            f"The key lost the permission “{NEEDS[step].label}”: what was fetched stays, and"
            " later changes to it are not seen. Add it at Stripe and connect again."
        )
        old = connections.steps(self._store, self._connection_id)[step]
        skipped = StepRow(step, "skipped", old.done, old.total, text)
        await self._committer.put(Delivery(steps=[skipped]))
        await self._committer.do(
            partial(connections.say, self._store, self._connection_id, "warning", step, text)
        )

    async def _say_forbidden(self) -> None:
        need = NEEDS["events"]
        text = (
            f"The key lacks the permission “{need.label}”: {need.cost}. Add it at Stripe, or run"
            " “panelist sync --full” now and then."
        )
        await self._committer.do(
            partial(connections.say, self._store, self._connection_id, "warning", None, text)
        )


def _row(event: Event) -> EventRow:
    return EventRow(storable(event.id), event.created, event.type, storable(event.data.object.id))
