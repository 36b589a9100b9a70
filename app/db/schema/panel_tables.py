"""The tables of what Stripe has, and of segments with their members.

The schema, not code, enforces what must always be true: a Stripe customer exists once per
connection, a member once per segment, and no row refers to a missing row. Stripe's own references
(a subscription's customer, an item's product) are plain text, because Stripe may name objects that
it never lists.
"""

from __future__ import annotations

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


class StoredModel(Model):
    class Meta:
        legacy_table_names = False


class SchemaVersion(StoredModel):
    """One row: the schema version of this database."""

    version = IntegerField()


class Connection(StoredModel):
    """One authorised account of a source, live or test. The row stays after a disconnection."""

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
    generation = IntegerField(default=0)  # number of the last full listing that was started
    settled = IntegerField(default=0)  # last one whose missing rows were checked, -1: list again
    request_seq = BigIntegerField(default=0)  # newest request whose answer is stored
    events_through = BigIntegerField(null=True)  # events up to here have been requested
    last_event_at = BigIntegerField(null=True)
    last_polled_at = BigIntegerField(null=True)
    # Whether every subscription is here. Until then no one is known to lack one.
    subscriptions_known = BooleanField(default=False, constraints=[SQL("DEFAULT false")])

    class Meta:
        indexes = ((("source", "account", "livemode"), True),)


class Participant(StoredModel):
    """One Stripe customer. ``seq`` is the request that brought it. Only a newer request may replace
    it, and a deletion is final."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    stripe_id = TextField()
    email = TextField(null=True)
    name = TextField(null=True)
    phone = TextField(null=True)
    currency = TextField(null=True)
    metadata = TextField(default="{}")
    created = BigIntegerField(null=True)
    customer_account = TextField(null=True)
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()
    folded = TextField(null=True)  # app.db.folded_text

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class Subscription(StoredModel):
    """A Stripe subscription. ``customer`` may name a customer who is not a participant."""

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
    collection_paused = BooleanField(default=False, constraints=[SQL("DEFAULT false")])
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class SubscriptionItem(StoredModel):
    """A price, and through it a product, of a subscription."""

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
    folded = TextField(null=True)  # app.db.folded_text

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
    interval_count = BigIntegerField(null=True)  # intervals between two payments, None: one
    deleted = BooleanField(default=False)
    seq = BigIntegerField()
    generation = IntegerField()
    folded = TextField(null=True)  # app.db.folded_text

    class Meta:
        indexes = ((("connection", "stripe_id"), True),)


class Segment(StoredModel):
    """A rule over one connection's participants. ``count`` and ``with_email`` are updated in the
    transaction that changes them. Only custom segments have a ``name`` and a ``rule`` (a filter).
    For the others, the key determines the name and the members."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    key = TextField()
    kind = TextField()  # "builtin", "product" or, for a custom segment, "own"
    product = TextField(null=True)
    count = BigIntegerField(default=0)
    with_email = BigIntegerField(default=0)
    name = TextField(null=True)
    rule = TextField(null=True)
    filling = BooleanField(default=False, constraints=[SQL("DEFAULT false")])  # still being filled

    class Meta:
        indexes = ((("connection", "key"), True), (("connection", "product"), False))


class Cause(StoredModel):
    """Why participants joined or left segments: a Stripe event, or the result of a full listing.
    ``at`` is Stripe's clock."""

    id = BigAutoField()
    connection = ForeignKeyField(Connection, on_delete="CASCADE", index=False)
    at = BigIntegerField()
    event = TextField(null=True)  # Stripe's id, None for a listing
    type = TextField(null=True)
    generation = IntegerField(null=True)  # of the listing, None for an event

    class Meta:
        indexes = ((("connection", "event"), True), (("connection", "generation"), True))


class Member(StoredModel):
    """A stored membership: a participant whom the rules put in a segment. ``cause`` is a
    :class:`Cause` id without a foreign key, because a first copy brings millions of members. 0
    means that the membership is older than causes."""

    participant = ForeignKeyField(Participant, on_delete="CASCADE", index=False)
    segment = ForeignKeyField(Segment, on_delete="CASCADE", index=False)
    cause = BigIntegerField(default=0, constraints=[SQL("DEFAULT 0")])

    class Meta:
        primary_key = CompositeKey("participant", "segment")
        indexes = ((("segment", "participant"), True),)


class PastMember(StoredModel):
    """A membership that ended, from ``since`` until just before ``until``. The segment is stored by
    its key, because a product's segment may be gone."""

    id = BigAutoField()
    participant = ForeignKeyField(Participant, on_delete="CASCADE", index=True)
    segment_key = TextField()
    since = BigIntegerField()
    until = BigIntegerField()
    joined_by = BigIntegerField()  # a Cause, like left_by
    left_by = BigIntegerField()


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
]

WITHOUT_ROWID = {SubscriptionItem, Member}  # read and written by key, never searched
