"""A panel to which all kinds of things happen, and what it must then be, in plain Python."""

from __future__ import annotations

import json
import random
from typing import Any

from app.db.apply import deliver
from app.db.indexes import order_indexes
from app.db.rows import DeletedObject, EventRow, Fetched, SyncDelivery
from app.db.store import Store
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed

FIRST = 1_000_000  # Stripe's clock when the first listing began
NAMES = (
    *("Ada", "ada", "ADA", "bea", "Zoë", "zoe", "Ärzte", "ärzte", "", None, "=cmd()"),
    *("\x1b]52;c;x\x07", "a\u202eb", "O'Brien %_", '"quoted" \\ back', "李明", "100%"),
)
STATUSES = (
    *("active", "active", "trialing", "past_due", "canceled", "canceled", "unpaid", "paused"),
    *("incomplete", "incomplete_expired"),
)
PRODUCTS = ("prod_a", "prod_b", "prod_c", "prod_d")


class Panel:
    """A connection with people, subscriptions and products, at any number of moments."""

    def __init__(self, store: Store, seed: int, people: int = 40) -> None:
        self.store, self.random = store, random.Random(seed)
        self.here = connection(store)
        self.at, self._seq, self._number = FIRST, 0, 0
        self.people: list[str] = []
        self.subscriptions: dict[str, str] = {}  # id -> customer
        store.execute(
            "UPDATE connection SET events_through = ?, generation = 1 WHERE id = ?",
            (FIRST, self.here),
        )
        named = [
            product(key, name)
            for key, name in zip(PRODUCTS, ("beta", "Alpha", "alpha", "Z"), strict=True)
        ]
        self._send(participants=[self.somebody() for _ in range(people)], products=named)
        for _ in range(people):
            self._send(**self._bought())
        make_segments(store, self.here)

    def somebody(self) -> Any:
        self._number += 1
        key = f"cus_{self.random.randrange(10**6)}_{self._number}"
        self.people.append(key)
        return self._described(key)

    def _described(self, key: str) -> Any:
        choose = self.random.choice
        email = choose((f"{key}@Example.com", f"x{self._number}@example.org", None, ""))
        seen = {"plan": choose(("gold", "Silber ß", "50%")), 'a"b': choose(("x\\y", "1"))}
        return person(
            key,
            name=choose(NAMES),
            email=email,
            phone=choose(("+1", None)),
            metadata=json.dumps(choose((seen, {})), ensure_ascii=False, separators=(",", ":")),
            created=choose((1_700_000_000, self.random.randrange(1_600_000_000, 1_700_000_000))),
        )

    def _bought(self, key: str | None = None) -> dict[str, Any]:
        if key is None:
            self._number += 1
            key = f"sub_{self._number}"
            self.subscriptions[key] = self.random.choice(self.people)
        status, paused = self.random.choice(STATUSES), self.random.random() < 0.2
        products = self.random.sample(PRODUCTS, self.random.randrange(1, 3))
        return {
            "subscriptions": [
                subscribed(key, self.subscriptions[key], status, collection_paused=paused)
            ],
            "items": [item(key, one) for one in products],
        }

    def _send(self, **rows: Any) -> None:
        self._seq += 1
        send(self.store, self.here, Fetched(self._seq, **rows))

    def happen(self) -> None:
        """Something that an event tells, or a later listing finds; sometimes out of order."""
        self.at += self.random.randrange(0, 50_000)
        late = self.at - self.random.choice((0, 0, 0, 40_000))
        what = self.random.randrange(12)
        if what == 0:
            self.tell("customer.created", late, participants=[self.somebody()])
        elif what == 1:
            gone = [DeletedObject("participant", self.random.choice(self.people))]
            self.tell("customer.deleted", late, gone=gone)
        elif what == 2:
            changed = self._described(self.random.choice(self.people))
            self.tell("customer.updated", late, participants=[changed])
        elif what == 3:
            gone = [DeletedObject("subscription", self.random.choice([*self.subscriptions]))]
            self.tell("customer.subscription.deleted", late, gone=gone)
        elif what == 4:
            key, active = self.random.choice(PRODUCTS), self.random.random() < 0.5
            self.tell("product.updated", late, products=[product(key, f"New {key}", active)])
        elif what == 5:
            self.store.execute(
                "UPDATE connection SET events_through = ?, generation = generation + 1"
                " WHERE id = ?",
                (self.at, self.here),
            )
            self._send(**self._bought(self.random.choice([*self.subscriptions])))
        elif what < 8:
            self.tell("customer.subscription.created", late, **self._bought())
        else:
            known = self.random.choice([*self.subscriptions])
            self.tell("customer.subscription.updated", late, **self._bought(known))

    def tell(self, kind: str, at: int, **rows: Any) -> None:
        self._seq += 1
        event = EventRow(f"evt_{self._seq}", at, kind, "object")
        answer = Fetched(self._seq, event=event, **rows)
        deliver(self.store, self.here, [SyncDelivery([answer], events=[event])])


def build_orders(store: Store) -> None:
    """Have every index that lists are read by."""
    for column in order_indexes.COLUMNS:
        order_indexes.build(store, column)
