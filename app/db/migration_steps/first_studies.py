"""The tables of studies, invites and the ledger, as the first version with studies had them."""

from __future__ import annotations

from peewee import Database, SqliteDatabase

_TABLES = """
CREATE TABLE mailbox_key (connection_id {number} NOT NULL PRIMARY KEY, key {text} NOT NULL,
 {of_connection}){strict};
CREATE TABLE opt_out (connection_id {number} NOT NULL, mailbox {text} NOT NULL,
 kind {text} NOT NULL, at {number} NOT NULL, "by" {text} NOT NULL, reason {text},
 PRIMARY KEY (connection_id, mailbox, kind), {of_connection}){packed};
CREATE TABLE erasure (connection_id {number} NOT NULL, stripe_id {text} NOT NULL,
 mailbox {text}, at {number} NOT NULL, due_at {number} NOT NULL, done_at {number},
 "by" {text} NOT NULL, PRIMARY KEY (connection_id, stripe_id), {of_connection}){strict};
CREATE TABLE study (id {key}, connection_id {number} NOT NULL, title {text} NOT NULL,
 purpose {text} NOT NULL, state {text} NOT NULL, link {text} NOT NULL, sender_name {text} NOT NULL,
 sender_address {text} NOT NULL, reply_to {text} NOT NULL, subject {text} NOT NULL,
 text {text} NOT NULL, reminder_subject {text} NOT NULL, reminder_text {text} NOT NULL,
 postal {text} NOT NULL, opt_out {text} NOT NULL, cool_down_days INTEGER, cap INTEGER,
 cap_days INTEGER, expire_days INTEGER, created_at {number} NOT NULL, changed_at {number} NOT NULL,
 "by" {text} NOT NULL, {of_connection}){strict};
CREATE INDEX study_connection_id ON study (connection_id);
CREATE TABLE study_segment (study_id {number} NOT NULL, segment_key {text} NOT NULL,
 excluded {flag} NOT NULL, PRIMARY KEY (study_id, segment_key),
 FOREIGN KEY (study_id) REFERENCES study (id) ON DELETE CASCADE){strict};
CREATE TABLE plan (id {key}, study_id {number} NOT NULL, at {number} NOT NULL, "by" {text} NOT NULL,
 options {text} NOT NULL, letter {text} NOT NULL, hash {text} NOT NULL,
 FOREIGN KEY (study_id) REFERENCES study (id) ON DELETE CASCADE){strict};
CREATE INDEX plan_study_id ON plan (study_id);
CREATE TABLE planned (plan_id {number} NOT NULL, participant_id {number} NOT NULL,
 outcome INTEGER NOT NULL, detail {number} NOT NULL, mailbox {text},
 PRIMARY KEY (plan_id, participant_id),
 FOREIGN KEY (plan_id) REFERENCES plan (id) ON DELETE CASCADE,
 FOREIGN KEY (participant_id) REFERENCES participant (id) ON DELETE CASCADE){packed};
CREATE TABLE run (id {key}, study_id {number} NOT NULL, plan_id {number}, kind {text} NOT NULL,
 way {text} NOT NULL, state {text} NOT NULL, trouble {text}, letter {text},
 number {number} NOT NULL, at {number} NOT NULL, "by" {text} NOT NULL, go_at {number} NOT NULL,
 machine {text} NOT NULL,
 FOREIGN KEY (study_id) REFERENCES study (id) ON DELETE RESTRICT,
 FOREIGN KEY (plan_id) REFERENCES plan (id) ON DELETE RESTRICT){strict};
CREATE INDEX run_study_id ON run (study_id);
CREATE UNIQUE INDEX run_plan_id ON run (plan_id);
CREATE TABLE invite (id {key}, connection_id {number} NOT NULL, study_id {number} NOT NULL,
 participant_id {number} NOT NULL, run_id {number} NOT NULL, mailbox {text} NOT NULL,
 address {text}, token {text} NOT NULL, state {text} NOT NULL, reason {text},
 queued_at {number} NOT NULL, sent_at {number}, ended_at {number}, expires_at {number},
 message_id {text}, answer {text}, attempt INTEGER NOT NULL DEFAULT 0, owner {text},
 not_before {number}, reminder {text}, reminder_run_id {number},
 reminded_at {number}, {of_connection},
 FOREIGN KEY (study_id) REFERENCES study (id) ON DELETE RESTRICT,
 FOREIGN KEY (participant_id) REFERENCES participant (id) ON DELETE RESTRICT,
 FOREIGN KEY (run_id) REFERENCES run (id) ON DELETE RESTRICT,
 FOREIGN KEY (reminder_run_id) REFERENCES run (id) ON DELETE RESTRICT){strict};
CREATE INDEX invite_participant_id ON invite (participant_id);
CREATE UNIQUE INDEX invite_token ON invite (token);
CREATE INDEX invite_connection_id_mailbox ON invite (connection_id, mailbox);
CREATE INDEX invite_connection_id_sent_at ON invite (connection_id, sent_at);
CREATE INDEX invite_study_id_state ON invite (study_id, state);
CREATE INDEX invite_run_id_state ON invite (run_id, state);
CREATE UNIQUE INDEX invite_outstanding_mailbox ON invite (study_id, mailbox)
 WHERE state IN ('queued', 'sending', 'uncertain', 'sent', 'handed_over', 'started');
CREATE UNIQUE INDEX invite_outstanding_participant_id ON invite (study_id, participant_id)
 WHERE state IN ('queued', 'sending', 'uncertain', 'sent', 'handed_over', 'started');
CREATE INDEX invite_reminder ON invite (reminder_run_id, reminder)
 WHERE reminder_run_id IS NOT NULL;
CREATE TABLE ledger (connection_id {number} NOT NULL, number {number} NOT NULL,
 at {number} NOT NULL, "by" {text} NOT NULL, what {text} NOT NULL, study {number},
 invite {number}, mailbox {text}, before {text}, after {text}, detail {text}, hash {text} NOT NULL,
 PRIMARY KEY (connection_id, number), {of_connection}){strict};
CREATE INDEX ledger_invite ON ledger (invite);
CREATE TABLE ledger_head (connection_id {number} NOT NULL PRIMARY KEY, number {number} NOT NULL,
 hash {text} NOT NULL, machine {text}, {of_connection}){strict}"""


def create_studies(database: Database) -> None:
    """Create them, on either database."""
    lite = isinstance(database, SqliteDatabase)
    number, flag = ("INTEGER", "INTEGER") if lite else ("BIGINT", "BOOLEAN")
    words = {
        "number": number,
        "flag": flag,
        "text": "TEXT" if lite else 'TEXT COLLATE "C"',
        "key": f"{number if lite else 'BIGSERIAL'} NOT NULL PRIMARY KEY",
        "strict": " STRICT" if lite else "",
        "packed": " STRICT, WITHOUT ROWID" if lite else "",
        "of_connection": "FOREIGN KEY (connection_id) REFERENCES connection (id) ON DELETE CASCADE",
    }
    for statement in _TABLES.format(**words).split(";"):
        database.execute_sql(statement)
