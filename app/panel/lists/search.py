"""Narrows participants while a user types: by any part of a name, email, Stripe id or metadata
value.

The letters A to Z match in either case. Other letters match as typed, in lower case, in upper case,
or with a capital at the start of each word: "ärzte" finds "Ärzte" and "ÄRZTE". Accents matter:
"zoe" does not find "Zoë".

Results never depend on the index. It gives candidates, and each row is checked. If it has too many
candidates or cannot be used (one or two letters that many texts contain), all participants are
checked one by one, and the first results come soon.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.db.errors import DatabaseProblem
from app.db.indexes import search_index
from app.db.store import Store
from app.panel.lists.selection import Condition
from app.text import storable

LONGEST = 500  # characters in a Stripe value at most, so a longer text matches nothing
MANY = 20_000  # above this many candidates, checking everyone is faster
GRAMS = 24  # trigrams in a query. The rows decide the rest
TERMS = 200  # maximum trigrams that begin with one or two letters
NOTHING = '"\x01\x02\x03"'  # matches no text


@dataclass(frozen=True)
class Search:
    """``condition`` narrows a list, and None means that nothing was searched for. Create a new one
    for each reading. ``indexed``: whether an index gives candidates. Without one, a rare text takes
    as long as checking everyone, and ``note`` says so."""

    condition: Condition | None
    indexed: bool
    note: str | None = None


def search(store: Store, text: str) -> Search:
    """How to find this text. Surrounding spaces do not count. Raises DatabaseProblem."""
    text = storable(text).strip()
    if not text:
        return Search(None, True)
    if len(text) > LONGEST:
        return Search(Condition("1 = 0"), True)
    looks = _looks_like(store, text)
    if not search_index.ready(store):
        return Search(looks, False, "The search index is not built yet: a search takes longer.")
    if store.postgres:
        return Search(looks, True)
    try:
        query = _query(store, text)
        few = query is not None and _number(store, query) < MANY
    except DatabaseProblem as problem:
        if not search_index.is_damage(problem):
            raise
        search_index.mark_damaged(store)
        return Search(looks, False, "The search index is damaged and will be built anew.")
    if not few:
        return Search(looks, True)
    candidates = (
        "p.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?"
        " UNION ALL SELECT n.id FROM participant n, search_state s WHERE n.id > s.through"
        " UNION ALL SELECT participant_id FROM search_due)"
    )
    exact = f"{candidates} AND ({looks.sql})"
    return Search(Condition(exact, (query, *looks.parameters), few=True), True)


def spellings(text: str) -> list[str]:
    """The spellings of the text to search for, with A to Z in lower case."""
    every = (text, text.lower(), text.upper(), text.title())
    return list(dict.fromkeys(_small(one) for one in every))


def _small(text: str) -> str:
    return text.encode(errors="replace").lower().decode()


def _looks_like(store: Store, text: str) -> Condition:
    """Whether the row contains the text, in terms that mean the same to both databases."""
    conditions, parameters = [], []
    for spelling in spellings(text):
        pattern = _pattern(spelling)
        for field in ("name", "email", "stripe_id"):
            conditions.append(_like(store, f"p.{field}"))
            parameters.append(pattern)
        each, value = "json_each(p.metadata)", "v.value"
        if store.postgres:
            each, value = "jsonb_each_text(p.metadata::jsonb)", 'v.value COLLATE "C"'
        # First the stored JSON, which is cheap. Then its values, without their keys.
        conditions.append(
            f"({_like(store, 'p.metadata')} AND EXISTS"
            f" (SELECT 1 FROM {each} v WHERE {_like(store, value)}))"
        )
        parameters += [_pattern(_small(json.dumps(spelling, ensure_ascii=False)[1:-1])), pattern]
    return Condition(" OR ".join(conditions), tuple(parameters))


def _like(store: Store, what: str) -> str:
    """SQLite's LIKE ignores the case of A to Z already."""
    return f"lower({what}) LIKE ?" if store.postgres else f"{what} LIKE ? ESCAPE '\\'"


def _pattern(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"


def _query(store: Store, text: str) -> str | None:
    """The FTS5 query. None where FTS5 cannot help."""
    if len(text) < 3:
        return _beginning(store, text)
    asked = []
    for spelling in spellings(text):
        if len(spelling) < 3:  # some characters combine into one in another case
            return None
        grams = dict.fromkeys(spelling[start : start + 3] for start in range(len(spelling) - 2))
        asked.append(f"({' AND '.join(_quoted(gram) for gram in list(grams)[:GRAMS])})")
    return " OR ".join(asked)


def _beginning(store: Store, text: str) -> str | None:
    """One or two characters: all trigrams that start with them, if there are not many."""
    if not text.isascii():
        return None
    store.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_terms"
        " USING fts5vocab('main', 'search_text', 'row')"
    )
    low = _small(text)
    rows = store.rows(
        f"SELECT term, doc FROM temp.search_terms WHERE term >= ? AND term < ? LIMIT {TERMS + 1}",
        (low, low[:-1] + chr(ord(low[-1]) + 1)),
    )
    if len(rows) > TERMS or sum(number for _, number in rows) > 4 * MANY:
        return None
    return " OR ".join(_quoted(term) for term, _ in rows) or NOTHING


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'


def _number(store: Store, query: str) -> int:
    (number,) = store.row(
        "SELECT count(*) FROM (SELECT 1 FROM search_text WHERE search_text MATCH ?"
        f" LIMIT {MANY}) x",
        (query,),
    )
    return int(number)
