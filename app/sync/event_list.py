"""Reads Stripe's list of events, newest first, page by page.

A list may say that there is more and show nothing to go on from. Then the rest of the time is cut
into pieces until it can be read (:func:`app.sync.windows.cut_window`).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from app.sync import windows
from app.sync.stripe.client import ProblemKind, Reply, StripeApi, StripeProblem
from app.sync.stripe.endpoints import EVENTS
from app.sync.stripe.large_answers import fitting_page
from app.sync.stripe.objects import Event
from app.sync.stripe.pages import ListPage, page_reader
from app.sync.windows import TimeWindow

NO_END = 2**40  # no event is that new; it is never sent
DAY = 86_400

_read_events = page_reader(Event)


async def event_pages(
    api: StripeApi, types: Sequence[str], since: int
) -> AsyncIterator[Reply[ListPage[Event]]]:
    """Yield the pages of events of these types since a time. Raises StripeProblem."""
    wanted = {f"types[{n}]": kind for n, kind in enumerate(types)}
    ids = itertools.count(1)
    waiting = [TimeWindow(0, "events", since, NO_END)]
    while waiting:
        window = waiting.pop()
        query = {**window.parameters(), **wanted}
        if window.high == NO_END:
            del query["created[lt]"]
        try:
            reply = await fitting_page(api, EVENTS, query, _read_events)
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.CURSOR_GONE or not window.cursor:
                raise
            waiting.append(windows.below(window))  # the event is too old now
            continue
        yield reply
        cursor, created = reply.body.last
        if not reply.body.has_more:
            continue
        if cursor is not None and cursor != window.cursor:
            waiting.append(windows.advance(window, cursor, created, len(reply.body.objects)))
            continue
        if window.high == NO_END and not window.cursor:
            window = replace(window, high=max(since + 2, reply.date, int(time.time())) + DAY)
        pieces = windows.cut_window(window, next(ids))
        if not pieces:
            raise StripeProblem(
                ProblemKind.UNREACHABLE,
                "Stripe's list of events cannot be followed. Everything synced so far is"
                " kept. The sync tries again from there.",
            )
        waiting += reversed(pieces)
