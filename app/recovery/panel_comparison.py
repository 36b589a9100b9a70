"""Tells whether a database has everything that another one has and that cannot be fetched again."""

from __future__ import annotations

from app.db.store import Store


def holds(whole: Store, part: Store) -> bool:
    """Whether ``whole`` has all of ``part``: the key of mailboxes, the accounts, the custom
    segments and the ledger, which has every change of a study, an invite or an opt-out. Raises
    DatabaseProblem."""
    if _key(whole) != _key(part):
        return False
    if not _accounts(part) <= _accounts(whole) or not _segments(part) <= _segments(whole):
        return False
    heads = part.rows("SELECT connection_id, number, hash FROM ledger_head WHERE number > 0")
    entry = "SELECT 1 FROM ledger WHERE connection_id = ? AND number = ? AND hash = ?"
    return all(whole.rows(entry, head) for head in heads)


def _key(store: Store) -> object:
    return store.rows("SELECT key FROM mailbox_key WHERE id = 1")


def _accounts(store: Store) -> set[tuple[object, ...]]:
    found = store.rows("SELECT id, source, account, livemode FROM connection")
    return {(*row[:-1], bool(row[-1])) for row in found}


def _segments(store: Store) -> set[tuple[object, ...]]:
    return set(store.rows("SELECT connection_id, key, name, rule FROM segment WHERE kind = 'own'"))
