"""The tables of studies: what a person made, which no sync can bring back.

A mailbox stands in them as a keyed hash (:mod:`app.invites.mail.addresses`), which tells whether
two are the same and outlives an erasure; an address stands in :class:`Invite` only. ``by`` names
who did something, for a person. Times are seconds since 1970 on this computer's clock.
"""

from __future__ import annotations

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    Database,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from app.db.schema import Connection, Participant, StoredModel

OUTSTANDING = ("queued", "sending", "uncertain", "sent", "handed_over", "started")


class MailboxKey(StoredModel):
    """With what a connection's mailboxes are hashed. It lies with the data: whoever has the
    database must recognise who opted out, on any machine."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", primary_key=True)
    key = TextField()


class OptOut(StoredModel):
    """A mailbox that is not written to, in any study: "opted_out", "erased" or "bounced"."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    mailbox = TextField()
    kind = TextField()
    at = BigIntegerField()
    by = TextField()
    reason = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("connection", "mailbox", "kind")


class Erasure(StoredModel):
    """A customer whose name, email, phone and metadata are to be erased at ``due_at``, and are not
    to be stored again once that was done. ``mailbox``: theirs when it was wanted, if any."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    mailbox = TextField(null=True)
    at = BigIntegerField()
    due_at = BigIntegerField()
    done_at = BigIntegerField(null=True)
    by = TextField()

    class Meta:
        primary_key = CompositeKey("connection", "stripe_id")


class Study(StoredModel):
    """A research project: its message, its rules and where it stands. A rule that is None does
    not bind."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE")
    title = TextField()
    purpose = TextField()
    state = TextField(default="draft")  # draft, active, paused, closed, archived
    link = TextField()
    sender_name = TextField()
    sender_address = TextField()
    reply_to = TextField()
    subject = TextField()
    text = TextField()
    reminder_subject = TextField()
    reminder_text = TextField()
    postal = TextField()
    opt_out = TextField()
    cool_down_days = IntegerField(null=True)  # since the last invite, of any study
    cap = IntegerField(null=True)  # invites of any study in the last cap_days
    cap_days = IntegerField(null=True)
    expire_days = IntegerField(null=True)  # after which an unanswered invite has ended
    created_at = BigIntegerField()
    changed_at = BigIntegerField()
    by = TextField()


class StudySegment(StoredModel):
    """A segment that a study takes people from, or whose members it leaves out. Named by its key,
    because that of a product may go and come back."""

    study = ForeignKeyField(Study, on_delete="CASCADE", index=False)
    segment_key = TextField()
    excluded = BooleanField()

    class Meta:
        primary_key = CompositeKey("study", "segment_key")


class Plan(StoredModel):
    """A frozen list of who will be invited and who not. It is never changed. ``options`` and
    ``letter`` are what it was made with, as JSON: segments, sample and rules; the message."""

    id = BigAutoField()
    study = ForeignKeyField(Study, on_delete="CASCADE")
    at = BigIntegerField()
    by = TextField()
    options = TextField()
    letter = TextField()
    hash = TextField()


class Planned(StoredModel):
    """One member of a plan's segments: an outcome (:mod:`app.invites.plan.outcomes`), its detail.
    ``mailbox`` only of those who will be invited."""

    plan = ForeignKeyField(Plan, on_delete="CASCADE", index=False)
    participant = ForeignKeyField(Participant, on_delete="CASCADE", index=False)
    outcome = IntegerField()
    detail = BigIntegerField()
    mailbox = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("plan", "participant")


class Run(StoredModel):
    """One confirmed sending: of a plan, which is sent once, or of reminders. ``letter`` as in
    :class:`Plan`; of a plan's run None, because the plan has it."""

    id = BigAutoField()
    study = ForeignKeyField(Study, on_delete="RESTRICT")
    plan = ForeignKeyField(Plan, null=True, on_delete="RESTRICT", unique=True)
    kind = TextField()  # "invite" or "reminder"
    way = TextField()  # smtp, eml, csv, link
    state = TextField()  # running, paused, stopped, done
    trouble = TextField(null=True)  # why it is paused, for a person
    letter = TextField(null=True)
    number = BigIntegerField()  # of messages, when it was confirmed
    at = BigIntegerField()
    by = TextField()
    go_at = BigIntegerField()  # until then all of it can be undone
    machine = TextField()  # which sends it: another one has another mail server, or folder


class Invite(StoredModel):
    """One mailbox asked for one study. ``state`` is its life; ``reminder`` the state of its one
    reminder, which goes out as the invite did. Whoever sends one changes it only where ``attempt``
    is still theirs."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    study = ForeignKeyField(Study, on_delete="RESTRICT", index=False)
    participant = ForeignKeyField(Participant, on_delete="RESTRICT")
    run = ForeignKeyField(Run, on_delete="RESTRICT", index=False)
    mailbox = TextField()
    address = TextField(null=True)  # as it is written to; None once erased
    token = TextField(unique=True)
    state = TextField()
    reason = TextField(null=True)
    queued_at = BigIntegerField()
    sent_at = BigIntegerField(null=True)  # the mailbox may have got it since
    ended_at = BigIntegerField(null=True)
    expires_at = BigIntegerField(null=True)
    message_id = TextField(null=True)
    answer = TextField(null=True)  # of the mail server
    attempt = IntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    owner = TextField(null=True)
    not_before = BigIntegerField(null=True)
    reminder = TextField(null=True)
    reminder_run = ForeignKeyField(Run, null=True, on_delete="RESTRICT", index=False)
    reminded_at = BigIntegerField(null=True)

    class Meta:
        indexes = (
            (("connection", "mailbox"), False),
            (("connection", "sent_at"), False),
            (("study", "state"), False),
            (("run", "state"), False),
        )


class LedgerEntry(StoredModel):
    """What happened to an invite, a study or a mailbox; only ever added to. ``hash`` is that of
    this entry and the ``hash`` before it, so that none can be changed or taken away unseen."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    number = BigIntegerField()  # 1, 2, 3 … of the connection
    at = BigIntegerField()
    by = TextField()
    what = TextField()  # "invite", "reminder", "study", "opt-out", …
    study = BigIntegerField(null=True)  # row ids, unchecked: an entry outlives what it tells of
    invite = BigIntegerField(null=True)
    mailbox = TextField(null=True)
    before = TextField(null=True)
    after = TextField(null=True)
    detail = TextField(null=True)
    hash = TextField()

    class Meta:
        table_name = "ledger"
        primary_key = CompositeKey("connection", "number")
        indexes = ((("invite",), False),)


class LedgerHead(StoredModel):
    """The last entry of a connection's ledger, and the machine that last sent: another one asks
    first, because it may work on an old copy."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", primary_key=True)
    number = BigIntegerField()
    hash = TextField()
    machine = TextField(null=True)


TABLES: list[type[StoredModel]] = [
    MailboxKey,
    OptOut,
    Erasure,
    Study,
    StudySegment,
    Plan,
    Planned,
    Run,
    Invite,
    LedgerEntry,
    LedgerHead,
]
WITHOUT_ROWID = {OptOut, Planned}


def create_indexes(database: Database) -> None:
    """The indexes that peewee cannot describe; inside the caller's transaction."""
    states = ", ".join(f"'{state}'" for state in OUTSTANDING)
    for column in ("mailbox", "participant_id"):  # nobody is asked twice at a time
        database.execute_sql(
            f"CREATE UNIQUE INDEX invite_outstanding_{column} ON invite (study_id, {column})"
            f" WHERE state IN ({states})"
        )
    database.execute_sql(
        "CREATE INDEX invite_reminder ON invite (reminder_run_id, reminder)"
        " WHERE reminder_run_id IS NOT NULL"
    )
