"""What is typed into the search line of the people: words, or a filter."""

from __future__ import annotations

import time

from app.db.store import Store
from app.panel.filters.compile import compiled
from app.panel.filters.complete import Vocabulary, complete, still_typed
from app.panel.filters.errors import FilterError
from app.panel.filters.parse import parse
from app.panel.filters.subscription_use import asks_subscriptions
from app.panel.knowledge import knowledge
from app.panel.lists.selection import Condition
from app.widgets.filter_line import Suggestion, Trouble

SIGNS = ":=<>~!"  # a text with one of them is a filter, if what stands before is a field


def is_filter(text: str, known: Vocabulary) -> bool:
    """Whether a text is a filter, or begins like one, and not words to search for."""
    word = text.replace("(", " ").split(maxsplit=1)[:1]
    if not word or not any(sign in text for sign in SIGNS):
        return False
    first = word[0].lstrip("-").casefold()
    if first in ("not", "subscription"):
        return True
    name = "".join(" " if sign in SIGNS + "[." else sign for sign in first).split()[:1]
    offered = {one.text.rstrip(":(").casefold() for one in complete("", 0, known)}
    return bool(name) and (name[0] in offered or name[0] == "metadata")


def condition(store: Store, connection_id: int, text: str, now: float | None = None) -> Condition:
    """The condition of a filter. Raises FilterError with a sentence, and DatabaseProblem."""
    known = knowledge(store, connection_id)
    if known.sentence and asks_subscriptions(parse(text), store, connection_id):
        raise FilterError(text, 0, len(text), known.sentence)
    at = time.time() if now is None else now
    return compiled(text, store, connection_id, at, everybody=True)


def advice(
    text: str, cursor: int, known: Vocabulary
) -> tuple[Trouble | None, tuple[Suggestion, ...]]:
    """What is wrong with a text, and what may follow. Words have neither."""
    offered = complete(text, cursor, known)
    suggestions = tuple(Suggestion(one.text, (one.start, one.end), one.about) for one in offered)
    if not is_filter(text, known):
        return None, suggestions if len(text.split()) <= 1 else ()
    try:
        parse(text)
    except FilterError as error:
        if not still_typed(error, offered, text):
            span = (error.start, max(error.end, error.start + 1))
            return Trouble(error.sentence, span), ()
    return None, suggestions
