"""Takes a database back to an earlier version. Each migration has its opposite here."""

from __future__ import annotations

import json
from hashlib import sha256

from app.db.rows import (
    HELD,
)
from app.db.store import Store

STUDIES = (
    *("ledger_head", "ledger", "invite", "run", "planned", "plan", "study_segment", "study"),
    *("erasure", "opt_out", "mailbox_key"),
)


def back_to_14(store: Store) -> None:
    """Version 14 knew no start times and no quiet hours."""
    with store.transaction():
        for table, column in (
            ("run", "start_at"),
            ("run", "quiet_hours"),
            ("study", "quiet_hours"),
        ):
            store.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        store.execute("UPDATE schema_version SET version = 14")


def back_to_13(store: Store) -> None:
    """Version 13 had no second copies of opt-outs."""
    back_to_14(store)
    with store.transaction():
        for index in ("mailbox_key_copy", "opt_out_copy"):
            store.execute(f"DROP INDEX IF EXISTS {index}")
        store.execute("UPDATE schema_version SET version = 13")


def back_to_12(store: Store) -> None:
    """In version 12 a batch did not know which user of the database confirmed it."""
    back_to_13(store)
    with store.transaction():
        store.execute("ALTER TABLE run DROP COLUMN login")
        store.execute("UPDATE schema_version SET version = 12")


def back_to_11(store: Store) -> None:
    """Version 11 read all participants to count those that are Accounts."""
    back_to_12(store)
    with store.transaction():
        store.execute("DROP INDEX participant_account")
        store.execute("UPDATE schema_version SET version = 11")


def back_to_10(store: Store) -> None:
    """Version 10 did not know what it does not know, nor some fields."""
    back_to_11(store)
    with store.transaction():
        for table, column in (
            ("connection", "subscriptions_known"),
            ("participant", "customer_account"),
            ("price", "interval_count"),
            ("quarantine", "customer"),
            ("quarantine", "generation"),
        ):
            store.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        store.execute("UPDATE schema_version SET version = 10")


def back_to_9(store: Store) -> None:
    """In version 9 a batch knew no mail server, and a reminder no Message-ID of its own."""
    back_to_10(store)
    with store.transaction():
        store.execute("ALTER TABLE run DROP COLUMN server")
        store.execute("ALTER TABLE invite DROP COLUMN reminder_message_id")
        store.execute("UPDATE schema_version SET version = 9")


def back_to_8(store: Store) -> None:
    """The ledger of version 8 did not say from where."""
    back_to_9(store)
    with store.transaction():
        for column in ("login", "machine"):
            store.execute(f"ALTER TABLE ledger DROP COLUMN {column}")
        last: dict[int, str] = {}
        for here, number, *values in store.rows(
            'SELECT connection_id, number, at, "by", what, study, invite, mailbox, before, after,'
            " detail FROM ledger ORDER BY connection_id, number"
        ):
            text = json.dumps([last.get(here, ""), number, *values])
            last[here] = sha256(text.encode()).hexdigest()
            which = f"connection_id = {here} AND number = {number}"
            store.execute(f"UPDATE ledger SET hash = ? WHERE {which}", (last[here],))
        for here, found in last.items():
            store.execute("UPDATE ledger_head SET hash = ? WHERE connection_id = ?", (found, here))
        store.execute("UPDATE schema_version SET version = 8")


def back_to_7(store: Store) -> None:
    """Version 7 had a key and opt-outs for each account."""
    back_to_8(store)
    lite = not store.postgres
    number, text = ("INTEGER", "TEXT") if lite else ("BIGINT", 'TEXT COLLATE "C"')
    of = "FOREIGN KEY (connection_id) REFERENCES connection (id) ON DELETE CASCADE"
    strict = " STRICT" if lite else ""
    with store.transaction():
        store.execute("DROP TABLE mailbox_key")
        store.execute("DROP TABLE opt_out")
        store.execute(
            f"CREATE TABLE mailbox_key (connection_id {number} NOT NULL PRIMARY KEY,"
            f" key {text} NOT NULL, {of}){strict}"
        )
        store.execute(
            f"CREATE TABLE opt_out (connection_id {number} NOT NULL, mailbox {text} NOT NULL,"
            f' kind {text} NOT NULL, at {number} NOT NULL, "by" {text} NOT NULL, reason {text},'
            f" PRIMARY KEY (connection_id, mailbox, kind), {of})"
            + (" STRICT, WITHOUT ROWID" if lite else "")
        )
        store.execute("DROP INDEX invite_mailbox")
        store.execute(
            "CREATE INDEX invite_connection_id_mailbox ON invite (connection_id, mailbox)"
        )
        store.execute("UPDATE schema_version SET version = 7")


def back_to_6(store: Store) -> None:
    """In version 6 each condition was about a subscription of its own, and Ä was not ä."""
    back_to_7(store)
    with store.transaction():
        for table in ("participant", "product", "price"):
            store.execute(f"ALTER TABLE {table} DROP COLUMN folded")
        store.execute("UPDATE schema_version SET version = 6")


def back_to_5(store: Store) -> None:
    """Version 5 did not know that a collection can be paused, nor two segments."""
    back_to_6(store)
    with store.transaction():
        store.execute(f"DROP INDEX {HELD}")
        store.execute("ALTER TABLE subscription DROP COLUMN collection_paused")
        store.execute(
            f"CREATE INDEX {HELD} ON subscription (connection_id, customer, status, deleted)"
        )
        store.execute("DELETE FROM segment WHERE key IN ('paused', 'unpaid')")
        store.execute("UPDATE schema_version SET version = 5")


def back_to_4(store: Store) -> None:
    """Version 4 knew no studies."""
    back_to_5(store)
    with store.transaction():
        for table in STUDIES:
            store.execute(f"DROP TABLE {table}")
        store.execute("UPDATE schema_version SET version = 4")


def back_to_3(store: Store) -> None:
    """Version 3 had no segments of one's own."""
    back_to_4(store)
    with store.transaction():
        for column in ("name", "rule", "filling"):
            store.execute(f"ALTER TABLE segment DROP COLUMN {column}")
        store.execute("UPDATE schema_version SET version = 3")


def back_to_2(store: Store) -> None:
    """Version 2 knew no history of members."""
    back_to_3(store)
    with store.transaction():
        for table in ("cause", "past_member", "hint", "syncer"):
            store.execute(f"DROP TABLE {table}")
        store.execute("ALTER TABLE member DROP COLUMN cause")
        store.execute("UPDATE schema_version SET version = 2")


def back_to_1(store: Store) -> None:
    """Version 1 had the rules as a view, and a narrower index for them."""
    back_to_2(store)
    with store.transaction():
        store.execute(f"DROP INDEX {HELD}")
        store.execute(
            "CREATE INDEX subscription_connection_id_customer"
            " ON subscription (connection_id, customer)"
        )
        store.execute("CREATE VIEW belongs AS SELECT participant_id, segment_id FROM member")
        store.execute("UPDATE schema_version SET version = 1")


BACK = [
    back_to_1,
    back_to_2,
    back_to_3,
    back_to_4,
    back_to_5,
    back_to_6,
    back_to_7,
    back_to_8,
    back_to_9,
    back_to_10,
    back_to_11,
    back_to_12,
    back_to_13,
    back_to_14,
]
