"""A hostile population: whatever a column can hold, and rows that no filter may find.

The objects are kept in plain Python beside the rows, for :mod:`tests.helpers.filters.meaning`.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

from app.db.rows import (
    DeletedObject,
    Fetched,
    ItemRow,
    ParticipantRow,
    PriceRow,
    ProductRow,
    SubscriptionRow,
)
from app.db.segment_rules import BUILTIN
from app.db.store import Store
from tests.helpers.rows import connection, make_segments, members, send

NOW = 1_790_000_000
DAY = 86_400

TEXTS = (
    *(None, "", " ", "Ada", "ADA", "ada", "İstanbul", "istanbul", "i̇stanbul", "Straße", "STRASSE"),
    *("straße", "Ärzte", "ärzte", "O'Brien", 'say "hi"', "100%", "_x_", "%", "_", "back\\slash"),
    *("a\\", "🦊 fox", "👩‍👩‍👧", "null", "NULL", "and", "x" * 600, "' OR 1=1 --", "?", "%s", "!"),
    *("tab\there", "two\nlines", "\u202ebidi", "K", "\u212a", "σς", "ΣΣ", "(a)", "a:b", "-90d"),
    *("Zoe\u0308", "zoë", "ÖSTERREICH", "österreich", "I\u0307I", "ısı"),
)
EMAILS = (
    *(None, "", "ada@acme.com", "ADA@ACME.COM", "bob@acme.com.example", "x@ACME.com", "ä@acme.com"),
    *("Ä@ACME.COM", "o'brien@x.example", "100%@x.example", "a_b@x.example", "axb@x.example"),
)
KEYS = ("tier", "Tier", "a.b", '"', "", "'", "$", "a b", "ключ", "\\", "$.tier", "#-1", "0", "a[0]")
VALUES = (
    "free",
    "FREE",
    "Free ",
    "pro",
    "",
    "ß",
    'q"',
    "\\",
    "%",
    "10",
    "9",
    "null",
    "true",
    "é",
    "É",
    "E\u0301",
)
CURRENCIES = (None, "", "eur", "EUR", "usd", "jpy", "kwd")
STATUSES = (
    *("active", "active", "trialing", "past_due", "canceled", "unpaid", "paused", "incomplete"),
    "incomplete_expired",
)
PRODUCTS = {
    "prod_pro": "Pro",
    "prod_pro2": "pro",
    "prod_team": 'Team "X" 100%',
    "prod_active": "active",
    "prod_strasse": "Straße",
    "prod_zoe": "Zoe\u0308 Ä",
    "prod_gone": "Gone",
    "prod_empty": "",
}
PRICES = {
    "price_m": PriceRow("price_m", "prod_pro", "Monthly", True, "usd", 2_000, "month"),
    "price_y": PriceRow("price_y", "prod_pro", "yearly", True, "eur", 19_990, "year"),
    "price_jpy": PriceRow("price_jpy", "prod_pro2", "Monthly", True, "JPY", 20, "month"),
    "price_kwd": PriceRow("price_kwd", "prod_team", None, True, "kwd", 20_005, "week"),
    "price_tiers": PriceRow("price_tiers", "prod_team", "", True, "usd", None, "day"),
    "price_once": PriceRow("price_once", "prod_strasse", "Set-up", True, "usd", 2_001, None),
    "price_gone": PriceRow("price_gone", "prod_gone", "Gone", True, "usd", 9_900, "year"),
    "price_big": PriceRow("price_big", "prod_pro", "Big", True, "usd", 2**62, "year"),
}
GONE = {"prod_gone", "price_gone"}
ITEMS = [*((one.product, key) for key, one in PRICES.items()), ("prod_Unlisted", "price_Unlisted")]
ITEMS.append(("prod_active", "price_m"))
ITEMS.append(("prod_zoe", "price_m"))
ITEMS.append(("prod_empty", "price_y"))
TIMES = (
    *(None, NOW, NOW - 1, NOW + 1, NOW - 90 * DAY, NOW - 90 * DAY - 1, NOW - 90 * DAY + 1),
    *(1_767_225_600, 1_767_225_599, 1_767_225_601, 1_767_311_999, 1_767_312_000),  # 2026-01-01
    *(0, -1, NOW + 7 * DAY, NOW + 7 * DAY - 1, NOW - 30 * DAY, NOW - 365 * DAY, 2**40),
    *(1_767_276_000, 1_767_276_059, 1_767_276_060),  # 2026-01-01T14:00
)


@dataclass
class Subscribed:
    row: SubscriptionRow
    items: list[ItemRow]
    deleted: bool = False


@dataclass
class Person:
    """A participant with everything a filter can ask about."""

    row: ParticipantRow
    subscriptions: list[Subscribed] = field(default_factory=list)
    segments: set[str] = field(default_factory=set)

    @property
    def metadata(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.row.metadata)
        return found


@dataclass
class Population:
    store: Store
    connection_id: int
    people: list[Person]
    now: int = NOW
    segments: dict[str, str] = field(default_factory=dict)  # key → name
    products: dict[str, str] = field(default_factory=dict)  # that are not deleted
    prices: dict[str, PriceRow] = field(default_factory=dict)


def populate(store: Store, seed: int = 7, size: int = 220) -> Population:
    """Fill a store with the same people for the same seed, on both databases."""
    chance = random.Random(seed)
    people = [_person(chance, n) for n in range(size)]
    here, other = connection(store), connection(store)
    for place in (here, other):
        make_segments(store, place)
        send(store, place, _answer(people, shifted=place == other))
    gone = [DeletedObject("product", "prod_gone"), DeletedObject("price", "price_gone")]
    deleted = [one for one in people if chance.random() < 0.1]
    gone += [DeletedObject("participant", one.row.stripe_id) for one in deleted]
    gone += [
        DeletedObject("subscription", held.row.stripe_id)
        for one in people
        for held in one.subscriptions
        if held.deleted
    ]
    send(store, here, Fetched(2, gone=gone))
    found = Population(store, here, [one for one in people if one not in deleted])
    found.products = {key: name for key, name in PRODUCTS.items() if key not in GONE}
    found.prices = {key: row for key, row in PRICES.items() if key not in GONE}
    found.segments = {key: one.name for key, one in BUILTIN.items()}
    found.segments |= {f"product:{key}": name for key, name in found.products.items()}
    places = members(store, here)
    assert set(places) <= set(found.segments) | {"product:prod_empty"}
    for one in found.people:
        one.segments = {key for key, who in places.items() if one.row.stripe_id in who}
    return found


def _person(chance: random.Random, number: int) -> Person:
    key = f"cus_{'aA'[number % 2]}{number // 2:04}"  # each id has a twin of another case
    metadata = {chance.choice(KEYS): chance.choice(VALUES) for _ in range(chance.randrange(5))}
    row = ParticipantRow(
        key,
        chance.choice(EMAILS),
        TEXTS[number % len(TEXTS)],
        chance.choice((None, "+49 30 1", "+1-555", "")),
        chance.choice(CURRENCIES),
        json.dumps(metadata, ensure_ascii=chance.random() < 0.5) if metadata else "{}",
        chance.choice([one for one in TIMES if one is not None]),
    )
    count = chance.choice((0, 0, 1, 1, 2, 3, 5))
    return Person(row, [_subscription(chance, f"{number}_{n}", key) for n in range(count)])


def _subscription(chance: random.Random, number: str, customer: str) -> Subscribed:
    status, times = chance.choice(STATUSES), [chance.choice(TIMES) for _ in range(5)]
    start, trial_end, cancel_at, canceled_at, ended_at = times
    row = SubscriptionRow(
        f"sub_{number}",
        customer,
        status,
        NOW,
        start,
        trial_end,
        cancel_at,
        canceled_at,
        ended_at,
        collection_paused=chance.random() < 0.2,
    )
    bought = chance.sample(ITEMS, chance.choice((0, 1, 1, 1, 2, 3)))
    items = [
        ItemRow(row.stripe_id, f"si_{number}_{n}", price, product, chance.choice(TIMES))
        for n, (product, price) in enumerate(bought)
    ]
    return Subscribed(row, items, deleted=chance.random() < 0.15)


def _answer(people: list[Person], *, shifted: bool) -> Fetched:
    """All rows; ``shifted``: with the values of others, so that what leaks between connections
    shows."""
    rows = [one.row for one in people]
    if shifted:
        rows = [
            row._replace(email="ada@acme.com", currency="eur", metadata='{"tier": "free"}')
            for row in rows
        ]
    subscriptions = [held for one in people for held in one.subscriptions]
    products = {key: ("Pro" if shifted else name) for key, name in PRODUCTS.items()}
    return Fetched(
        1,
        participants=rows,
        subscriptions=[
            held.row._replace(status="active", trial_end=NOW) if shifted else held.row
            for held in subscriptions
        ],
        items=[one for held in subscriptions for one in held.items],
        products=[ProductRow(key, name, True) for key, name in products.items()],
        prices=[
            row._replace(unit_amount=5, nickname="Monthly", interval="month") if shifted else row
            for row in PRICES.values()
        ],
    )
