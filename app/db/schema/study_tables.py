"""The tables of studies: data that people entered, which no sync can restore.

They store a mailbox as a keyed hash (:mod:`app.invites.mail.addresses`), which shows whether two
are the same and survives an erasure. Only :class:`Invite` stores an address. ``by`` names the
person who did something, for display. Times are seconds since 1970 on this computer's clock.
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

from app.db.schema.panel_tables import Connection, Participant, StoredModel

OUTSTANDING = ("queued", "sending", "uncertain", "sent", "handed_over", "started")


class MailboxKey(StoredModel):
    """The key that hashes the mailboxes of all accounts. It is stored with the data, so that every
    machine that has the database recognises who opted out. The key in use has the id 1. Others
    were used by one account each (:mod:`app.db.migration_steps.mailbox_rekeying`)."""

    id = IntegerField(primary_key=True)
    key = TextField()


class OptOut(StoredModel):
    """A mailbox that no study of any account writes to: "opted_out", "erased" or "bounced".
    ``key_id``: the :class:`MailboxKey` that hashed it."""

    mailbox = TextField()
    kind = TextField()
    at = BigIntegerField()
    by = TextField()
    reason = TextField(null=True)
    key_id = IntegerField(default=1, constraints=[SQL("DEFAULT 1")])

    class Meta:
        primary_key = CompositeKey("mailbox", "kind")


class Erasure(StoredModel):
    """A customer whose name, email, phone and metadata will be erased at ``due_at`` and never
    stored again after that. ``mailbox``: their mailbox when the erasure was requested, if any."""

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
    """A research project: its message, rules and state. A rule that is None does not apply."""

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
    cool_down_days = IntegerField(null=True)  # since the last invite of any study
    cap = IntegerField(null=True)  # invites of any study in the last cap_days
    cap_days = IntegerField(null=True)
    expire_days = IntegerField(null=True)  # after which an invite without a reply ends
    created_at = BigIntegerField()
    changed_at = BigIntegerField()
    by = TextField()


class StudySegment(StoredModel):
    """A segment that a study includes or excludes. It is stored by its key, because a product's
    segment may be deleted and come back."""

    study = ForeignKeyField(Study, on_delete="CASCADE", index=False)
    segment_key = TextField()
    excluded = BooleanField()

    class Meta:
        primary_key = CompositeKey("study", "segment_key")


class Plan(StoredModel):
    """A locked list of who will be invited and who will not. It never changes. ``options`` and
    ``letter`` are its inputs as JSON: segments, sample and rules, and the message. Also the list of
    a reminder, whose hash begins with a word (:mod:`app.invites.sending.reminder_list`)."""

    id = BigAutoField()
    study = ForeignKeyField(Study, on_delete="CASCADE")
    at = BigIntegerField()
    by = TextField()
    options = TextField()
    letter = TextField()
    hash = TextField()


class Planned(StoredModel):
    """One member of a plan's segments, with a result (:mod:`app.invites.plan.outcomes`) and its
    detail. Only members who will be invited have a ``mailbox``. In the list of a reminder the
    detail is the row id of the invite."""

    plan = ForeignKeyField(Plan, on_delete="CASCADE", index=False)
    participant = ForeignKeyField(Participant, on_delete="CASCADE", index=False)
    outcome = IntegerField()
    detail = BigIntegerField()
    mailbox = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("plan", "participant")


class Run(StoredModel):
    """One confirmed batch: of a plan, which is sent once, or of reminders. ``letter`` is as in
    :class:`Plan`. It is None for a batch of invites, because their plan has it. A reminder that was
    confirmed by its hash has a ``plan`` as well: the list of who was shown."""

    id = BigAutoField()
    study = ForeignKeyField(Study, on_delete="RESTRICT")
    plan = ForeignKeyField(Plan, null=True, on_delete="RESTRICT", unique=True)
    kind = TextField()  # "invite" or "reminder"
    way = TextField()  # smtp, eml, csv, link
    login = TextField(null=True)  # the database's user who confirmed it, None for SQLite and before
    server = TextField(null=True)  # the only mail server that may send it, as user@host:port
    state = TextField()  # running, paused, stopped, done, failed
    trouble = TextField(null=True)  # why it is paused, for display
    letter = TextField(null=True)
    number = BigIntegerField()  # of messages at confirmation
    at = BigIntegerField()
    by = TextField()
    go_at = BigIntegerField()  # until then the whole batch can be undone
    machine = TextField()  # the machine that sends it, as mail server and folder differ


class Invite(StoredModel):
    """One invite of one mailbox to one study. ``state`` is the invite's state, ``reminder`` the
    state of its one reminder, which uses the same channel. A sender changes a row only while
    ``attempt`` is still its own."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    study = ForeignKeyField(Study, on_delete="RESTRICT", index=False)
    participant = ForeignKeyField(Participant, on_delete="RESTRICT")
    run = ForeignKeyField(Run, on_delete="RESTRICT", index=False)
    mailbox = TextField()
    address = TextField(null=True)  # as used in emails, None once erased
    token = TextField(unique=True)
    state = TextField()
    reason = TextField(null=True)
    queued_at = BigIntegerField()
    sent_at = BigIntegerField(null=True)  # the mailbox may have received it from then on
    ended_at = BigIntegerField(null=True)
    expires_at = BigIntegerField(null=True)
    message_id = TextField(null=True)  # of the invite's email
    answer = TextField(null=True)  # from the mail server
    attempt = IntegerField(default=0, constraints=[SQL("DEFAULT 0")])
    owner = TextField(null=True)
    not_before = BigIntegerField(null=True)
    reminder = TextField(null=True)
    reminder_run = ForeignKeyField(Run, null=True, on_delete="RESTRICT", index=False)
    reminded_at = BigIntegerField(null=True)
    reminder_message_id = TextField(null=True)

    class Meta:
        indexes = (
            (("mailbox",), False),
            (("connection", "sent_at"), False),
            (("study", "state"), False),
            (("run", "state"), False),
        )


class LedgerEntry(StoredModel):
    """Something that happened to an invite, a study or a mailbox. Entries are only added. ``hash``
    covers this entry and the previous ``hash``, so that no entry can be changed or removed
    unnoticed. ``by`` is the system's user. In older entries it is the process of a sender."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    number = BigIntegerField()  # 1, 2, 3 … per connection
    at = BigIntegerField()
    by = TextField()
    what = TextField()  # "invite", "reminder", "study", "opt-out", …
    study = BigIntegerField(null=True)  # row ids, unchecked because an entry outlives its rows
    invite = BigIntegerField(null=True)
    mailbox = TextField(null=True)
    before = TextField(null=True)
    after = TextField(null=True)
    detail = TextField(null=True)
    hash = TextField()
    login = TextField(null=True)  # the database's user, None for SQLite and older entries
    machine = TextField(null=True)  # the name of the computer, None for older entries

    class Meta:
        table_name = "ledger"
        primary_key = CompositeKey("connection", "number")
        indexes = ((("invite",), False),)


class LedgerHead(StoredModel):
    """The last entry of a connection's ledger. ``machine`` is what was last sent from, or first
    used on PostgreSQL: the machine, a space and the database's identity (:mod:`app.db.identity`).
    Older versions stored only the machine. Another one asks first, because it may be an old copy.
    It is "copy" and a time in a database that was put back (:mod:`app.invites.restore_guard`)."""

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
# No query uses these. Each keeps a second copy on other pages of the file, of what a damaged page
# must not take away (app.db.salvage).
SECOND_COPIES = (
    "CREATE INDEX mailbox_key_copy ON mailbox_key (key)",
    "CREATE INDEX opt_out_copy ON opt_out (kind, mailbox)",
)


def create_indexes(database: Database) -> None:
    """Create the indexes that peewee cannot describe, inside the caller's transaction."""
    for statement in SECOND_COPIES:
        database.execute_sql(statement)
    states = ", ".join(f"'{state}'" for state in OUTSTANDING)
    for column in ("mailbox", "participant_id"):  # no one has two open invites to a study
        database.execute_sql(
            f"CREATE UNIQUE INDEX invite_outstanding_{column} ON invite (study_id, {column})"
            f" WHERE state IN ({states})"
        )
    database.execute_sql(
        "CREATE INDEX invite_reminder ON invite (reminder_run_id, reminder)"
        " WHERE reminder_run_id IS NOT NULL"
    )
