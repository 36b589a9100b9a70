"""Lists whose pages are larger than any of Stripe's: smaller pages, down to a single object.

An object that is too large alone is set aside. Its id stands at the beginning of what was read, so
the list goes on behind it.
"""

from __future__ import annotations

import re
from typing import Any

from app.sync.stripe.client import Parameters, ProblemKind, Reader, Reply, StripeApi, StripeProblem
from app.sync.stripe.pages import ListPage, Unfit

SMALLER = (10, 1)  # objects a page
REASON = "it is too large"

_ID = re.compile(rb'"data"\s*:\s*\[\s*\{[^{}\[\]]*?"id"\s*:\s*"([^"\\]{1,255})"')
_CREATED = re.compile(rb'"created"\s*:\s*(\d{1,12})')
_CUSTOMER = re.compile(rb'"customer"\s*:\s*"([^"\\]{1,255})"')


async def fitting_page(
    api: StripeApi, path: str, query: Parameters, read: Reader[ListPage[Any]]
) -> Reply[ListPage[Any]]:
    """The page of a list, or as much of it as fits. Raises StripeProblem."""
    try:
        return await api.page(path, query, read)
    except StripeProblem as problem:
        if problem.kind is not ProblemKind.TOO_LARGE:
            raise
        last = problem
    for limit in SMALLER:
        try:
            return await api.page(path, {**query, "limit": limit}, read)
        except StripeProblem as problem:
            if problem.kind is not ProblemKind.TOO_LARGE:
                raise
            last = problem
    found = _ID.search(last.beginning)
    if found is None:
        raise last
    key = found[1].decode("utf-8", "replace")
    created, customer = (one.search(last.beginning, found.end()) for one in (_CREATED, _CUSTOMER))
    owner = customer[1].decode("utf-8", "replace") if customer else None
    page: ListPage[Any] = ListPage([], True, [Unfit(key, REASON, owner)])
    page.last = (key, int(created[1]) if created else None)
    return Reply(last.seq, page, last.date)
