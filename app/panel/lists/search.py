"""Narrows participants while a user types: by any part of a name, email, Stripe id or metadata
value.

Letters match in either case, however their accents are encoded (:func:`app.text.fold`): "ärzte"
finds "Ärzte" and "ÄRZTE". Accents matter: "zoe" does not find "Zoë". Filters compare the same way.

Results never depend on the index. It gives candidates, and each row is checked. If it has too many
candidates or cannot be used (one or two letters that many texts contain), all participants are
checked one by one, and the first results come soon.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.db.errors import DatabaseProblem
from app.db.folded_text import folded_entry
from app.db.indexes import search_index
from app.db.store import Store
from app.panel.lists.selection import Condition
from app.text import fold, storable

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
    text = fold(text)
    looks = _looks_like(store, text)
    if not search_index.ready(store):
        return Search(looks, False, "The search index is not ready yet, so searches take longer.")
    if store.postgres:
        return Search(looks, True)
    try:
        query = _query(store, text)
        few = query is not None and _number(store, query) < MANY
    except DatabaseProblem as problem:
        if not search_index.is_damage(problem):
            raise
        search_index.mark_damaged(store)
        return Search(looks, False, "The search index is damaged. Panelist rebuilds it.")
    if not few:
        return Search(looks, True)
    candidates = (
        "p.id IN (SELECT rowid FROM search_text WHERE search_text MATCH ?"
        " UNION ALL SELECT n.id FROM participant n, search_state s WHERE n.id > s.through"
        " UNION ALL SELECT participant_id FROM search_due)"
    )
    exact = f"{candidates} AND ({looks.sql})"
    return Search(Condition(exact, (query, *looks.parameters), few=True), True)


def _looks_like(store: Store, text: str) -> Condition:
    """Whether the row contains the folded text. What is stored is asked first, which is cheap and
    which an index may answer, and a folded text or a value in JSON only then."""
    pattern = _pattern(text)
    in_json = _pattern(json.dumps(text, ensure_ascii=False)[1:-1])
    conditions, parameters = [_like(store, "p.stripe_id")], [pattern]
    folded = []
    for field in ("name", "email"):
        entry = folded_entry(field, postgres=store.postgres)
        conditions.append(f"({_like(store, f'p.{field}')} AND {entry} IS NULL)")
        parameters.append(pattern)
        folded.append(_like(store, entry))
    entry = (
        "p.folded::jsonb -> 'metadata'"
        if store.postgres
        else folded_entry("metadata", postgres=False)
    )
    stored = "p.metadata::jsonb" if store.postgres else "p.metadata"
    conditions.append(
        f"({_like(store, 'p.metadata')} AND {entry} IS NULL AND {_has_value(store, stored)})"
    )
    folded.append(_has_value(store, entry))
    # Folded is JSON in lower case, but for the keys of metadata.
    conditions.append(f"({_like(store, 'p.folded', low=True)} AND ({' OR '.join(folded)}))")
    parameters += [in_json, pattern, in_json, pattern, pattern, pattern]
    return Condition(" OR ".join(conditions), tuple(parameters))


def _has_value(store: Store, what: str) -> str:
    """SQL: whether a value in a JSON object is like a pattern. Its keys do not count."""
    each, value = f"json_each({what})", "v.value"
    if store.postgres:
        each, value = f"jsonb_each_text({what})", 'v.value COLLATE "C"'
    return f"EXISTS (SELECT 1 FROM {each} v WHERE {_like(store, value)})"


def _like(store: Store, what: str, *, low: bool = False) -> str:
    """SQLite's LIKE ignores the case of A to Z already. ``low``: there is no A to Z in ``what``."""
    if store.postgres and low:
        return f"{what} LIKE ?"
    return f"lower({what}) LIKE ?" if store.postgres else f"{what} LIKE ? ESCAPE '\\'"


def _pattern(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%"


def _query(store: Store, text: str) -> str | None:
    """The FTS5 query. None where FTS5 cannot help."""
    if len(text) < 3:
        return _beginning(store, text)
    grams = dict.fromkeys(text[start : start + 3] for start in range(len(text) - 2))
    return " AND ".join(_quoted(gram) for gram in list(grams)[:GRAMS])


def _beginning(store: Store, text: str) -> str | None:
    """One or two characters: all trigrams that start with them, if there are not many."""
    if not text.isascii():
        return None
    store.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_terms"
        " USING fts5vocab('main', 'search_text', 'row')"
    )
    rows = store.rows(
        f"SELECT term, doc FROM temp.search_terms WHERE term >= ? AND term < ? LIMIT {TERMS + 1}",
        (text, text[:-1] + chr(ord(text[-1]) + 1)),
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
