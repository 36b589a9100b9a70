"""The thread that orders people for a screen: the newest wish counts, older ones are dropped."""

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

AGAIN = 2  # times that a wish is tried: what ends an older one may hit a newer one


@dataclass(frozen=True)
class ListResult:
    """What a wish brought: the first rows, then all of them (``complete``), or a problem, after
    which nothing follows. ``wish`` is the number that :meth:`Lister.ask` gave; ``note`` says why
    a search takes longer than it should."""

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
    """The wish is no longer wanted."""


class Lister:
    """Orders people in a thread of its own, one wish at a time.

    ``tell`` is called in that thread, for the newest wish only: hand the answer on at once, as
    ``App.call_from_thread`` or ``post_message`` do.
    """

    def __init__(self, store: Store, tell: Callable[[ListResult], None]) -> None:
        self._store, self._tell = store, tell
        self._changed = threading.Condition()
        self._wish: _ListRequest | None = None  # the newest, until it is taken
        self._newest = 0
        self._end: Callable[[], None] | None = None  # of the statement that runs
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)
        self._thread.start()

    def ask(self, chosen: Selection, order: Order, text: str = "") -> int:
        """Want this list, narrowed by a search for ``text``, instead of any other; the number of
        the wish. Returns at once."""
        with self._changed:
            self._newest += 1
            self._wish = _ListRequest(self._newest, chosen, order, text)
            self._interrupt()
            self._changed.notify()
            return self._newest

    def close(self) -> None:
        """Stop, and wait until the thread has ended."""
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
