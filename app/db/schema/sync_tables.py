"""The tables of how far a sync is, and of what it met."""

from __future__ import annotations

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from app.db.schema.panel_tables import Connection, StoredModel


class Step(StoredModel):
    """Progress of one step of a sync. ``total`` is None until it is known within a factor of two,
    and an estimate until the step is done."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    name = TextField()
    position = IntegerField()
    state = TextField()
    done = BigIntegerField(default=0)
    total = BigIntegerField(null=True)
    message = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("connection", "name")


class SyncWindow(StoredModel):
    """A part of a list that is still to be fetched: objects created in ``[low, high)``, below the
    object ``cursor``. A window that was read to its end has no row."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    id = IntegerField()
    listing = TextField()
    low = BigIntegerField(null=True)  # None: no lower limit
    high = BigIntegerField()
    cursor = TextField(null=True)
    position = BigIntegerField(null=True)  # creation time of the cursor's object
    density = FloatField(default=0.0)  # objects per second as last seen, for estimates only

    class Meta:
        table_name = "window"
        primary_key = CompositeKey("connection", "id")


class Message(StoredModel):
    """A message that a sync recorded for a person to read. The newest replaces older ones with its
    step or text."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE")
    at = BigIntegerField()
    level = TextField()  # "info", "warning" or "error"
    step = TextField(null=True)
    text = TextField()


class SeenEvent(StoredModel):
    """An event whose effects are stored. It is kept as long as Stripe may show it again."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    created = BigIntegerField()
    type = TextField()
    object_id = TextField()

    class Meta:
        primary_key = CompositeKey("connection", "stripe_id")
        indexes = ((("connection", "created"), False),)


class Hint(StoredModel):
    """An announced event whose effects are not stored yet."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    created = BigIntegerField()
    type = TextField()
    object_id = TextField()

    class Meta:
        primary_key = CompositeKey("connection", "stripe_id")


class Syncer(StoredModel):
    """One row: the process that syncs this database. ``turn`` counts the changes of that process,
    which tells a process that lost its turn without noticing from the one that syncs now."""

    turn = BigIntegerField()
    who = TextField()  # shown to users: "process 4711 on desk"


class Quarantine(StoredModel):
    """An object that could not be stored, and why. Its content is not kept, except for the
    ``customer`` of a subscription. ``generation`` is the last full listing that saw it."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    listing = TextField()
    stripe_id = TextField()
    reason = TextField()
    at = BigIntegerField()
    customer = TextField(null=True)
    generation = IntegerField(default=0, constraints=[SQL("DEFAULT 0")])

    class Meta:
        primary_key = CompositeKey("connection", "listing", "stripe_id")


class ReadCount(StoredModel):
    """Requests sent to Stripe per day (days since 1970, UTC)."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    day = IntegerField()
    requests = BigIntegerField(default=0)

    class Meta:
        primary_key = CompositeKey("connection", "day")


TABLES: list[type[StoredModel]] = [
    Step,
    SyncWindow,
    Message,
    SeenEvent,
    Hint,
    Syncer,
    Quarantine,
    ReadCount,
]
