"""The tables that a sync fills; those of studies are in :mod:`app.db.schema_studies`.

peewee models describe the tables once for SQLite and PostgreSQL. What must always be true
stands here and not in code: a Stripe customer exists once per connection, a member once per
segment, and nothing refers to a row that is gone. Stripe's own references (a subscription's
customer, an item's product) are plain texts, because Stripe may name objects that it never
lists.
"""

from __future__ import annotations

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


class StoredModel(Model):
    class Meta:
        legacy_table_names = False


class SchemaVersion(StoredModel):
    """One row: the number of the last migration this database has seen."""

    version = IntegerField()


class Connection(StoredModel):
    """One authorised account of a source, live or test. It stays when disconnected."""

    id = BigAutoField()
    source = TextField(default="stripe")
    account = TextField()
    livemode = BooleanField()
    account_name = TextField(null=True)
    method = TextField()
    status = TextField(default="pending")
    connected_at = BigIntegerField()
    disconnected_at = BigIntegerField(null=True)
    disconnect_reason = TextField(null=True)
    generation = IntegerField(default=0)  # the number of the last full listing begun
    settled = IntegerField(default=0)  # the last generation whose missing rows were checked
    request_seq = BigIntegerField(default=0)  # the newest request whose answer is stored
    events_through = BigIntegerField(null=True)  # everything up to here has been asked for
    last_event_at = BigIntegerField(null=True)
    last_polled_at = BigIntegerField(null=True)

    class Meta:
        indexes = ((("source", "account", "livemode"), True),)


class Participant(StoredModel):
    """One Stripe customer. ``seq`` is the request that brought it; only a newer one may
    replace it, and a deletion is final."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    email = TextField(null=True)
    name = TextField(null=True)
    phone = TextField(null=True)
    currency = TextField(null=True)
    metadata = TextField(default="{}")
    created = BigIntegerField(null=True)
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class Subscription(StoredModel):
    """A Stripe subscription. ``customer`` may name someone who is no participant."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    customer = TextField()
    status = TextField()
    created = BigIntegerField()
    start = BigIntegerField(null=True)
    trial_end = BigIntegerField(null=True)
    cancel_at = BigIntegerField(null=True)
    canceled_at = BigIntegerField(null=True)
    ended_at = BigIntegerField(null=True)
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class SubscriptionItem(StoredModel):
    """A price (and by it a product) of a subscription."""

    subscription = ForeignKeyField(Subscription, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    price = TextField()
    product = TextField()
    current_period_end = BigIntegerField(null=True)

    class Meta:
        primary_key = CompositeKey("subscription", "stripe_id")


class Product(StoredModel):
    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    name = TextField()
    active = BooleanField()
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class Price(StoredModel):
    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    product = TextField()
    nickname = TextField(null=True)
    active = BooleanField()
    currency = TextField()
    unit_amount = BigIntegerField(null=True)  # in the currency's smallest unit
    interval = TextField(null=True)  # None: paid once
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class Segment(StoredModel):
    """A rule over one connection's participants. ``count`` and ``with_email`` are kept in
    the transaction that changes them. ``name`` and ``rule`` (a filter) are of own segments only;
    what the others are called and who is in them follows from the key."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    key = TextField()
    kind = TextField()  # "builtin", "product" or "own"
    product = TextField(null=True)
    count = BigIntegerField(default=0)
    with_email = BigIntegerField(default=0)
    name = TextField(null=True)
    rule = TextField(null=True)
    filling = BooleanField(default=False, constraints=[SQL("DEFAULT false")])  # not all are in yet

    class Meta:
        indexes = ((("connection", "key"), True), (("connection", "product"), False))


class Cause(StoredModel):
    """Why people came into segments or left them: one of Stripe's events, or what a full listing
    found. ``at`` is Stripe's clock."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    at = BigIntegerField()
    event = TextField(null=True)  # Stripe's id; None: a listing
    type = TextField(null=True)
    generation = IntegerField(null=True)  # of the listing; None: an event

    class Meta:
        indexes = ((("connection", "event"), True), (("connection", "generation"), True))


class Member(StoredModel):
    """A participant's place in a segment; what the rules say, remembered. ``cause`` names a
    :class:`Cause`, unchecked, because a first copy brings millions of members; 0: from before
    causes were kept."""

    participant = ForeignKeyField(Participant, on_delete="CASCADE", index=False)
    segment = ForeignKeyField(Segment, on_delete="CASCADE", index=False)
    cause = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])

    class Meta:
        primary_key = CompositeKey("participant", "segment")
        indexes = ((("segment", "participant"), True),)


class PastMember(StoredModel):
    """A place that a participant had in a segment, from ``since`` until just before ``until``.
    The segment is named by its key, because that of a product may be gone."""

    id = BigAutoField()
    participant = ForeignKeyField(Participant, on_delete="CASCADE", index=True)
    segment_key = TextField()
    since = BigIntegerField()
    until = BigIntegerField()
    joined_by = BigIntegerField()  # a Cause, as is the other
    left_by = BigIntegerField()


class Step(StoredModel):
    """How far one part of a sync is. ``total`` is an estimate until the step is done."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    name = TextField()
    position = IntegerField()
    state = TextField()
    done = BigIntegerField(default=0)
    total = BigIntegerField(null=True)
    message = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("connection", "name")


class Window(StoredModel):
    """A stretch of one list that is still to be fetched: created in ``[low, high)``, below
    the object ``cursor``. A window that has been read to its end has no row."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    id = IntegerField()
    listing = TextField()
    low = BigIntegerField(null=True)  # None: open at the old end
    high = BigIntegerField()
    cursor = TextField(null=True)
    position = BigIntegerField(null=True)  # created of the cursor's object
    density = FloatField(default=0.0)  # objects a second, as last seen; for estimates only

    class Meta:
        primary_key = CompositeKey("connection", "id")


class Message(StoredModel):
    """What the sync has to say to a person. The newest stands for its step and text."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE")
    at = BigIntegerField()
    level = TextField()  # "info", "warning" or "error"
    step = TextField(null=True)
    text = TextField()


class SeenEvent(StoredModel):
    """An event whose effects are stored; kept as long as Stripe may show it again."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    created = BigIntegerField()
    type = TextField()
    object_id = TextField()

    class Meta:
        primary_key = CompositeKey("connection", "stripe_id")
        indexes = ((("connection", "created"), False),)


class Hint(StoredModel):
    """An event that somebody told us of, whose effect is not stored yet."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    created = BigIntegerField()
    type = TextField()
    object_id = TextField()

    class Meta:
        primary_key = CompositeKey("connection", "stripe_id")


class Syncer(StoredModel):
    """One row: who syncs this database. ``turn`` counts how often that changed, so that one who
    was relieved without noticing can be told from the one who syncs now."""

    turn = BigIntegerField()
    who = TextField()  # for a person: "process 4711 on desk"


class Quarantine(StoredModel):
    """An object that could not be stored, and why. Its content is not kept."""

    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    listing = TextField()
    stripe_id = TextField()
    reason = TextField()
    at = BigIntegerField()

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
    SchemaVersion,
    Connection,
    Participant,
    Subscription,
    SubscriptionItem,
    Product,
    Price,
    Segment,
    Cause,
    Member,
    PastMember,
    Step,
    Window,
    Message,
    SeenEvent,
    Hint,
    Syncer,
    Quarantine,
    ReadCount,
]

WITHOUT_ROWID = {SubscriptionItem, Member}  # read and written by their keys, never searched


# With all that the rules ask of a subscription, so that its row need not be read. It stands
# apart because a first copy builds it when it has all subscriptions, which is far quicker.
