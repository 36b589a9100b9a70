"""Narrowing people as one types: by any part of a name, an email, a Stripe id or a metadata value.

The letters A to Z are found in either case. Others are found as they are typed, all small, all
capital, or with a capital at the beginning of each word: "ärzte" finds "Ärzte" and "ÄRZTE".
Accents count: "zoe" does not find "Zoë".

What is found never depends on the index: it names those who may be meant, and each row is looked
at. Where it names very many, or none can be asked (one or two letters that are in many texts),
people are looked at one by one, and the first are found soon.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.db.errors import DatabaseProblem
from app.db.indexes import search_index
from app.db.store import Store
from app.panel.lists.selection import Condition
from app.text import storable

LONGEST = 500  # signs that Stripe takes for a value; a longer text is nowhere
MANY = 20_000  # people for whom it is quicker to look at everybody
GRAMS = 24  # trigrams that are asked for; the rows tell the rest
TERMS = 200  # trigrams that begin with one or two letters
NOTHING = '"\x01\x02\x03"'  # what no text has


@dataclass(frozen=True)
class Search:
    """``condition`` narrows a list, None: nothing was asked. Make it anew for each reading.
    ``indexed``: whether an index tells who may be meant; else a rare text takes as long as it
    takes to look at everybody, and ``note`` says so."""

    condition: Condition | None
    indexed: bool
    note: str | None = None


def search(store: Store, text: str) -> Search:
    """How to find this text. Spaces around it do not count. Raises DatabaseProblem."""
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
    """The text as it is looked for, A to Z small."""
    every = (text, text.lower(), text.upper(), text.title())
    return list(dict.fromkeys(_small(one) for one in every))


def _small(text: str) -> str:
    return text.encode(errors="replace").lower().decode()


def _looks_like(store: Store, text: str) -> Condition:
    """Whether the row has the text: what both databases say alike."""
    conditions, parameters = [], []
    for spelling in spellings(text):
        pattern = _pattern(spelling)
        for field in ("name", "email", "stripe_id"):
            conditions.append(_like(store, f"p.{field}"))
            parameters.append(pattern)
        each, value = "json_each(p.metadata)", "v.value"
        if store.postgres:
            each, value = "jsonb_each_text(p.metadata::jsonb)", 'v.value COLLATE "C"'
        # First as it lies there, which costs little; then its values, without their names.
        conditions.append(
            f"({_like(store, 'p.metadata')} AND EXISTS"
            f" (SELECT 1 FROM {each} v WHERE {_like(store, value)}))"
        )
        parameters += [_pattern(_small(json.dumps(spelling, ensure_ascii=False)[1:-1])), pattern]
    return Condition(" OR ".join(conditions), tuple(parameters))


def _like(store: Store, what: str) -> str:
    """SQLite's LIKE takes A to Z in either case by itself."""
    return f"lower({what}) LIKE ?" if store.postgres else f"{what} LIKE ? ESCAPE '\\'"


def _pattern(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"


def _query(store: Store, text: str) -> str | None:
    """What FTS5 is asked; None where it cannot help."""
    if len(text) < 3:
        return _beginning(store, text)
    asked = []
    for spelling in spellings(text):
        if len(spelling) < 3:  # some signs become one when they are capital
            return None
        grams = dict.fromkeys(spelling[start : start + 3] for start in range(len(spelling) - 2))
        asked.append(f"({' AND '.join(_quoted(gram) for gram in list(grams)[:GRAMS])})")
    return " OR ".join(asked)


def _beginning(store: Store, text: str) -> str | None:
    """One or two signs: all trigrams that begin so, if they are not many."""
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
