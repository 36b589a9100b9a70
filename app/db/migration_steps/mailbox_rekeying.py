"""The migration after which all accounts of a database hash mailboxes with one key.

Before, each account had a key of its own, so that an opt-out in one account was unknown in the
others. The key that hashed the most invites stays. What the other keys hashed is hashed again
wherever an address is known. The rest stays under its old key, which stays too, and a plan looks
for it under that key. So no opt-out is lost.

The ledger cannot be changed. It gets an entry for each mailbox that has a new hash, and each
account's ledger gets the opt-outs of the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b, sha256
from typing import Any

from peewee import Database, SqliteDatabase

from app.db.migration_steps.migration_work import MigrationWork

PAGE = 10_000

_TABLES = """
CREATE TABLE mailbox_key (id INTEGER NOT NULL PRIMARY KEY, key {text} NOT NULL){strict};
CREATE TABLE opt_out (mailbox {text} NOT NULL, kind {text} NOT NULL, at {number} NOT NULL,
 "by" {text} NOT NULL, reason {text}, key_id INTEGER NOT NULL DEFAULT 1,
 PRIMARY KEY (mailbox, kind)){packed};
DROP INDEX invite_connection_id_mailbox;
CREATE INDEX invite_mailbox ON invite (mailbox)"""


def share_mailbox_key(database: Database) -> None:
    """Bring all accounts to one key, in the caller's transaction."""
    work = _Rekeying(database)
    keys = work.rows(
        "SELECT k.connection_id, k.key FROM mailbox_key k ORDER BY (SELECT count(*) FROM invite i"
        " WHERE i.connection_id = k.connection_id) DESC, k.connection_id"
    )
    stopped = work.rows('SELECT connection_id, mailbox, kind, at, "by", reason FROM opt_out')
    work.run("DROP TABLE mailbox_key", "DROP TABLE opt_out")
    lite = isinstance(database, SqliteDatabase)
    words = {
        "number": "INTEGER" if lite else "BIGINT",
        "text": "TEXT" if lite else 'TEXT COLLATE "C"',
        "strict": " STRICT" if lite else "",
        "packed": " STRICT, WITHOUT ROWID" if lite else "",
    }
    work.run(*_TABLES.format(**words).split(";"))
    work.insert("mailbox_key (id, key)", [(at, key) for at, (_, key) in enumerate(keys, 1)])
    places = {connection: at for at, (connection, _) in enumerate(keys, 1)}
    renamed: dict[int, dict[str, str]] = {}
    for connection, key in keys[1:]:
        wanted = {row[1] for row in stopped if row[0] == connection}
        renamed[connection] = work.rekey(connection, key, keys[0][1], wanted)
    work.keep_opt_outs(stopped, renamed, places)
    if keys:
        work.tell_ledgers(stopped, renamed, keys[0][1])


def _digest(mailbox: str, key: str) -> str:
    return blake2b(mailbox.encode(), digest_size=16, key=bytes.fromhex(key)).hexdigest()


def _mailbox(email: str) -> str:
    """The mailbox of an email from Stripe, if it can have one."""
    local, _, host = email.strip(" ").rpartition("@")
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return ""
    return f"{local}@{host}".lower()


class _Rekeying(MigrationWork):
    """The work of this step."""

    def _pages(self, columns: str, table: str) -> Iterator[list[Any]]:
        """Rows of ``columns``, of which the first is the row id."""
        last = 0
        while found := self.rows(
            f"SELECT {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT {PAGE}", (last,)
        ):
            yield found
            last = found[-1][0]

    def rekey(self, connection: int, old: str, new: str, wanted: set[str]) -> dict[str, str]:
        """Hash the mailboxes of one account with the new key, wherever an address is known.
        ``wanted``: its opt-outs. Returns the new hash of each."""
        erased = self.rows(
            "SELECT mailbox, stripe_id FROM erasure"
            " WHERE connection_id = ? AND mailbox IS NOT NULL", (connection,)
        )  # fmt: skip
        planned = self.rows(
            "SELECT w.mailbox, w.plan_id, w.participant_id FROM planned w"
            " JOIN plan n ON n.id = w.plan_id JOIN study s ON s.id = n.study_id"
            " WHERE s.connection_id = ? AND w.mailbox IS NOT NULL", (connection,)
        )  # fmt: skip
        invited = self.rows("SELECT mailbox, id FROM invite WHERE connection_id = ?", (connection,))
        left = wanted.union(*({row[0] for row in rows} for rows in (erased, planned, invited)))
        found: dict[str, str] = {}
        for table, column in (("invite", "address"), ("participant", "email")):
            for page in self._pages(f"id, {column}", table):
                for _, email in page:
                    box = _mailbox(email) if email and left else ""
                    if box and (before := _digest(box, old)) in left:
                        left.discard(before)
                        found[before] = _digest(box, new)
        for rows, change in (
            (
                erased,
                f"erasure SET mailbox = ? WHERE connection_id = {connection} AND stripe_id = ?",
            ),
            (planned, "planned SET mailbox = ? WHERE plan_id = ? AND participant_id = ?"),
            (invited, "invite SET mailbox = ? WHERE id = ?"),
        ):
            changes = [(found[box], *key) for box, *key in rows if box in found]
            self.many(f"UPDATE {change}", changes)
        return found

    def keep_opt_outs(
        self, stopped: list[Any], renamed: dict[int, dict[str, str]], places: dict[int, int]
    ) -> None:
        """Store every opt-out: under the key in use, or else under the one that hashed it. If
        several accounts have one, the first stays."""
        kept: dict[tuple[str, str], tuple[object, ...]] = {}
        for connection, box, kind, at, by, reason in sorted(stopped, key=lambda row: row[3]):
            names = renamed.get(connection, {})
            key_id = 1 if box in names else places.get(connection, 1)
            now = names.get(box, box)
            kept.setdefault((now, kind), (now, kind, at, by, reason, key_id))
        self.insert('opt_out (mailbox, kind, at, "by", reason, key_id)', list(kept.values()))

    def tell_ledgers(
        self, stopped: list[Any], renamed: dict[int, dict[str, str]], key: str
    ) -> None:
        """Append to each ledger what changed for its account."""
        own: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
        for connection, box, kind, *_ in stopped:
            own[connection].add((renamed.get(connection, {}).get(box, box), kind))
        every = sorted({one for some in own.values() for one in some})
        print_ = sha256(b"panelist mailbox key " + bytes.fromhex(key)).hexdigest()
        for connection, number, last in self.rows(
            "SELECT connection_id, number, hash FROM ledger_head ORDER BY connection_id"
        ):
            entries: list[tuple[object, ...]] = [
                ("rekeyed", None, None, after, before, None, None)
                for before, after in sorted(renamed.get(connection, {}).items())
            ]
            entries.append(("mailbox-key", None, None, None, None, None, print_))
            entries += [
                (kind.replace("_", "-"), None, None, box, None, None, "in another account")
                for box, kind in every
                if (box, kind) not in own[connection]
            ]
            self.append(connection, number, last, entries)
