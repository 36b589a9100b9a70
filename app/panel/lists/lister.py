"""The thread that orders lists for a screen. The newest request counts, and older ones are
dropped."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists.order import Ids, Order, ordered
from app.panel.lists.search import search
from app.panel.lists.selection import Selection

AGAIN = 2  # tries for a request, because interrupting an old one may hit a newer one


@dataclass(frozen=True)
class ListResult:
    """The result of a request: the first rows, then all of them (``complete``), or a problem, which
    ends the request. ``wish`` is the number that :meth:`Lister.ask` returned. ``note`` says why a
    search is slow."""

    wish: int
    ids: Ids
    complete: bool
    problem: DatabaseProblem | None = None
    note: str | None = None


@dataclass(frozen=True)
class _ListRequest:
    number: int
    chosen: Selection
    order: Order
    text: str


class _Superseded(Exception):
    """The request is no longer wanted."""


class Lister:
    """Orders lists in a separate thread, one request at a time.

    ``tell`` is called in that thread, and only for the newest request. It must pass the result on
    at once, as ``App.call_from_thread`` and ``post_message`` do.
    """

    def __init__(self, store: Store, tell: Callable[[ListResult], None]) -> None:
        self._store, self._tell = store, tell
        self._changed = threading.Condition()
        self._wish: _ListRequest | None = None  # the newest request, until the thread takes it
        self._newest = 0
        self._end: Callable[[], None] | None = None  # ends the running statement
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)
        self._thread.start()

    def ask(self, chosen: Selection, order: Order, text: str = "") -> int:
        """Request this list, narrowed by a search for ``text``, instead of any other. Returns the
        request's number at once."""
        with self._changed:
            self._newest += 1
            self._wish = _ListRequest(self._newest, chosen, order, text)
            self._interrupt()
            self._changed.notify()
            return self._newest

    def close(self) -> None:
        """Stop, and wait for the thread to end."""
        with self._changed:
            self._closed = True
            self._interrupt()
            self._changed.notify()
        self._thread.join()

    def _interrupt(self) -> None:
        if self._end:
            self._end()

    def _run(self) -> None:
        try:
            while wish := self._next():
                self._answer(wish)
        finally:
            self._store.close()

    def _next(self) -> _ListRequest | None:
        with self._changed:
            self._end = None
            self._changed.wait_for(lambda: self._wish or self._closed)
            wish, self._wish = self._wish, None
            return None if self._closed else wish

    def _answer(self, wish: _ListRequest) -> None:
        for attempt in range(1, AGAIN + 1):
            try:
                self._order(wish)
                return
            except _Superseded:
                return
            except DatabaseProblem as problem:
                if not self._wanted(wish):
                    return
                if attempt == AGAIN:
                    self._tell(ListResult(wish.number, array("q"), False, problem))

    def _order(self, wish: _ListRequest) -> None:
        self._store.read_through()
        end = self._store.interrupter()
        with self._changed:
            self._end = end

        def step() -> None:
            if not self._wanted(wish):
                raise _Superseded

        found = search(self._store, wish.text)
        chosen = wish.chosen
        if found.condition is not None:
            chosen = replace(chosen, conditions=(*chosen.conditions, found.condition))
        for part in ordered(self._store, chosen, wish.order, step=step):
            step()
            self._tell(ListResult(wish.number, part.ids, part.complete, note=found.note))

    def _wanted(self, wish: _ListRequest) -> bool:
        with self._changed:
            return wish.number == self._newest and not self._closed
