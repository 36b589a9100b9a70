"""How a database of an earlier version becomes one of this version: numbered steps, forward.

A step has the number of the version that it starts from. It runs inside one transaction with
the others, after a copy of a SQLite file was kept; it must not use the models, which show the
tables as they are today.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from peewee import Database, SqliteDatabase


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


STEPS: dict[int, Callable[[Database], None]] = {
    1: _rules_leave_the_schema,
    2: _members_have_a_history,
    3: _segments_of_ones_own,
}


def migrate(database: Database, version: int) -> None:
    """Bring a database of this earlier ``version`` up to date, in the caller's transaction."""
    while step := STEPS.get(version):
        step(database)
        version += 1
        mark = "?" if isinstance(database, SqliteDatabase) else "%s"
        database.execute_sql(f"UPDATE schema_version SET version = {mark}", (version,))


def keep_copy(database: Database, file: str, version: int) -> Path:
    """Copy a SQLite ``file`` as it is, beside it and readable by its owner only. A copy that is
    there already is the older one, and stays."""
    copy = Path(f"{file}.version-{version}")
    part = copy.with_name(copy.name + ".part")
    if not copy.exists():
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        database.execute_sql("VACUUM INTO ?", (str(part),))
        os.replace(part, copy)
    return copy
