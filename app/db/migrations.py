"""Brings the database of an earlier version up to date, in numbered steps.

A step's number is the version that it starts from. All steps run inside one transaction, after a
SQLite file was copied. A step must not use the models, which describe the tables as they are today.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from peewee import Database, SqliteDatabase

from app.db.folded_text import folded_name, folded_texts
from app.db.migration_steps.explicit_filters import explicit
from app.db.migration_steps.first_studies import create_studies
from app.db.migration_steps.mailbox_rekeying import share_mailbox_key
from app.files import replace_atomically


def _rules_leave_the_schema(database: Database) -> None:
    database.execute_sql("DROP VIEW belongs")
    database.execute_sql("DROP INDEX subscription_connection_id_customer")
    database.execute_sql(
        "CREATE INDEX subscription_held ON subscription (connection_id, customer, status, deleted)"
    )


def _members_have_a_history(database: Database) -> None:
    lite = isinstance(database, SqliteDatabase)
    number, strict = ("INTEGER", " STRICT") if lite else ("BIGINT", "")
    text = "TEXT" if lite else 'TEXT COLLATE "C"'
    key = f"{number if lite else 'BIGSERIAL'} NOT NULL PRIMARY KEY"
    owner = 'FOREIGN KEY ("{0}_id") REFERENCES "{0}" ("id") ON DELETE CASCADE'
    of_connection = owner.format("connection")
    for statement in (
        f'ALTER TABLE "member" ADD COLUMN "cause" {number} NOT NULL DEFAULT 0',
        f'CREATE TABLE "cause" ("id" {key}, "connection_id" {number} NOT NULL,'
        f' "at" {number} NOT NULL, "event" {text}, "type" {text}, "generation" INTEGER,'
        f" {of_connection}){strict}",
        'CREATE UNIQUE INDEX "cause_connection_id_event" ON "cause" ("connection_id", "event")',
        'CREATE UNIQUE INDEX "cause_connection_id_generation"'
        ' ON "cause" ("connection_id", "generation")',
        f'CREATE TABLE "past_member" ("id" {key}, "participant_id" {number} NOT NULL,'
        f' "segment_key" {text} NOT NULL, "since" {number} NOT NULL, "until" {number} NOT NULL,'
        f' "joined_by" {number} NOT NULL, "left_by" {number} NOT NULL,'
        f" {owner.format('participant')}){strict}",
        'CREATE INDEX "past_member_participant_id" ON "past_member" ("participant_id")',
        f'CREATE TABLE "hint" ("connection_id" {number} NOT NULL, "stripe_id" {text} NOT NULL,'
        f' "created" {number} NOT NULL, "type" {text} NOT NULL, "object_id" {text} NOT NULL,'
        f' PRIMARY KEY ("connection_id", "stripe_id"), {of_connection}){strict}',
        f'CREATE TABLE "syncer" ("id" {"INTEGER" if lite else "SERIAL"} NOT NULL PRIMARY KEY,'
        f' "turn" {number} NOT NULL, "who" {text} NOT NULL){strict}',
        """INSERT INTO "syncer" ("turn", "who") VALUES (0, '')""",
    ):
        database.execute_sql(statement)


def _segments_of_ones_own(database: Database) -> None:
    text = "TEXT" if isinstance(database, SqliteDatabase) else 'TEXT COLLATE "C"'
    for column in ("name", "rule"):
        database.execute_sql(f'ALTER TABLE "segment" ADD COLUMN "{column}" {text}')
    kind = "INTEGER" if isinstance(database, SqliteDatabase) else "BOOLEAN"
    database.execute_sql(
        f'ALTER TABLE "segment" ADD COLUMN "filling" {kind} NOT NULL DEFAULT false'
    )


def _subscriptions_are_paused(database: Database) -> None:
    """Stored subscriptions do not say whether their payment collection is paused. The next sync of
    each account that was listed therefore lists it again."""
    kind = "INTEGER" if isinstance(database, SqliteDatabase) else "BOOLEAN"
    database.execute_sql(
        f'ALTER TABLE subscription ADD COLUMN "collection_paused" {kind} NOT NULL DEFAULT false'
    )
    held = "subscription_held"
    if any(index.name == held for index in database.get_indexes("subscription")):
        database.execute_sql(f"DROP INDEX {held}")
        database.execute_sql(
            f"CREATE INDEX {held} ON subscription"
            " (connection_id, customer, status, deleted, collection_paused)"
        )
    database.execute_sql("UPDATE connection SET settled = -1 WHERE generation > 0")


def _filters_are_about_one_subscription(database: Database) -> None:
    """Custom segments keep who is in them: their filters are written as they were meant before.
    Texts are compared without case and however accents are encoded, so their folded copies are
    added, the members are looked through again, and the search index is rebuilt."""
    text = "TEXT" if isinstance(database, SqliteDatabase) else 'TEXT COLLATE "C"'
    for table in ("participant", "product", "price"):
        database.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN "folded" {text}')
    _fold_texts(database)
    rules = database.execute_sql("SELECT id, rule FROM segment WHERE kind = 'own'").fetchall()
    mark = "?" if isinstance(database, SqliteDatabase) else "%s"
    for segment, rule in rules:
        database.execute_sql(
            f"UPDATE segment SET rule = {mark}, filling = true WHERE id = {mark}",
            (explicit(rule), segment),
        )
    if not isinstance(database, SqliteDatabase):  # SQLite's has a version of its own
        database.execute_sql("DROP INDEX IF EXISTS participant_search")


def _fold_texts(database: Database) -> None:
    """Fill the new columns, some thousand rows at a time."""
    lite = isinstance(database, SqliteDatabase)
    mark, size = ("?" if lite else "%s"), 5_000
    texts = ("email", "name", "phone", "currency")
    columns = {
        "participant": f"{', '.join(texts)}, metadata",
        "product": "name",
        "price": "nickname",
    }
    for table, names in columns.items():
        last = -1
        while rows := database.execute_sql(
            f"SELECT id, {names} FROM {table} WHERE id > {mark} ORDER BY id LIMIT {size}", (last,)
        ).fetchall():
            last = rows[-1][0]
            folded = [
                (
                    folded_texts(zip(texts, row[1:5], strict=True), row[5])
                    if table == "participant"
                    else folded_name(row[1]),
                    row[0],
                )
                for row in rows
            ]
            database.connection().cursor().executemany(
                f"UPDATE {table} SET folded = {mark} WHERE id = {mark}",
                [one for one in folded if one[0] is not None],
            )


def _the_ledger_says_from_where(database: Database) -> None:
    text = "TEXT" if isinstance(database, SqliteDatabase) else 'TEXT COLLATE "C"'
    for column in ("login", "machine"):
        database.execute_sql(f'ALTER TABLE ledger ADD COLUMN "{column}" {text}')


def _batches_know_their_mail_server(database: Database) -> None:
    """A batch of an earlier version may be sent by any mail server, as it was confirmed. A reminder
    by email had replaced the Message-ID of its invite, which is lost."""
    text = "TEXT" if isinstance(database, SqliteDatabase) else 'TEXT COLLATE "C"'
    database.execute_sql(f"ALTER TABLE run ADD COLUMN server {text}")
    database.execute_sql(f"ALTER TABLE invite ADD COLUMN reminder_message_id {text}")
    database.execute_sql(
        "UPDATE invite SET reminder_message_id = message_id, message_id = NULL"
        " WHERE reminded_at IS NOT NULL"
        " AND reminder_run_id IN (SELECT id FROM run WHERE way = 'smtp')"
    )


def _not_everything_is_known(database: Database) -> None:
    """Subscriptions are known where the segments that need them were made. The other new fields of
    stored objects come with the next listing."""
    lite = isinstance(database, SqliteDatabase)
    number, flag = ("INTEGER", "INTEGER") if lite else ("BIGINT", "BOOLEAN")
    text = "TEXT" if lite else 'TEXT COLLATE "C"'
    for table, column in (
        ("connection", f"subscriptions_known {flag} NOT NULL DEFAULT false"),
        ("participant", f"customer_account {text}"),
        ("price", f"interval_count {number}"),
        ("quarantine", f"customer {text}"),
        ("quarantine", "generation INTEGER NOT NULL DEFAULT 0"),
    ):
        database.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    database.execute_sql(
        "UPDATE connection SET subscriptions_known = true WHERE id IN"
        " (SELECT connection_id FROM segment WHERE key = 'none') AND id NOT IN"
        " (SELECT connection_id FROM step WHERE name = 'subscriptions' AND state = 'skipped')"
    )
    database.execute_sql("UPDATE connection SET settled = -1 WHERE generation > 0")


def _accounts_are_found_by_an_index(database: Database) -> None:
    """Every look at Stripe's events counts them, which read all participants before."""
    database.execute_sql(
        "CREATE INDEX participant_account ON participant (connection_id)"
        " WHERE customer_account IS NOT NULL"
    )


def _batches_know_their_person(database: Database) -> None:
    """People who share a name on their computers differ in the user of the database. A batch of an
    earlier version belongs to everyone who has the name."""
    text = "TEXT" if isinstance(database, SqliteDatabase) else 'TEXT COLLATE "C"'
    database.execute_sql(f"ALTER TABLE run ADD COLUMN login {text}")


def _opt_outs_have_a_second_copy(database: Database) -> None:
    database.execute_sql("CREATE INDEX mailbox_key_copy ON mailbox_key (key)")
    database.execute_sql("CREATE INDEX opt_out_copy ON opt_out (kind, mailbox)")


def _sending_has_a_time(database: Database) -> None:
    lite = isinstance(database, SqliteDatabase)
    text = "TEXT" if lite else 'TEXT COLLATE "C"'
    database.execute_sql(f"ALTER TABLE study ADD COLUMN quiet_hours {text}")
    database.execute_sql(f"ALTER TABLE run ADD COLUMN quiet_hours {text}")
    database.execute_sql(f"ALTER TABLE run ADD COLUMN start_at {'INTEGER' if lite else 'BIGINT'}")


STEPS: dict[int, Callable[[Database], None]] = {
    1: _rules_leave_the_schema,
    2: _members_have_a_history,
    3: _segments_of_ones_own,
    4: create_studies,
    5: _subscriptions_are_paused,
    6: _filters_are_about_one_subscription,
    7: share_mailbox_key,
    8: _the_ledger_says_from_where,
    9: _batches_know_their_mail_server,
    10: _not_everything_is_known,
    11: _accounts_are_found_by_an_index,
    12: _batches_know_their_person,
    13: _opt_outs_have_a_second_copy,
    14: _sending_has_a_time,
}


def migrate(database: Database, version: int) -> None:
    """Bring a database of an earlier ``version`` up to date, in the caller's transaction."""
    while step := STEPS.get(version):
        step(database)
        version += 1
        mark = "?" if isinstance(database, SqliteDatabase) else "%s"
        database.execute_sql(f"UPDATE schema_version SET version = {mark}", (version,))


def keep_copy(database: Database, file: str, version: int) -> Path:
    """Copy a SQLite ``file`` as it is, next to it and readable only by its owner. An existing copy
    is older and stays."""
    copy = Path(f"{file}.version-{version}")
    if not copy.exists():
        part = f"{copy.name}.part"
        with replace_atomically(copy, part=part):
            database.execute_sql("VACUUM INTO ?", (str(copy.with_name(part)),))
    return copy


def drop_copies(file: str) -> None:
    """Delete the copies that :func:`keep_copy` made of ``file``, including partial ones. Raises
    OSError."""
    whole = Path(file)
    for copy in whole.parent.iterdir():
        if copy.name.startswith(f"{whole.name}.version-"):
            copy.unlink(missing_ok=True)
