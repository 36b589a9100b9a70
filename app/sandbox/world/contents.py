"""The contents of one Stripe account, and access to them."""
# ruff: noqa: A002  (Stripe calls it id)

import time
from collections.abc import Callable, Iterable, Iterator

from app.sandbox.world import catalogue
from app.sandbox.world.event_log import Events
from app.sandbox.world.hostile import POISON
from app.sandbox.world.registered_app import OAuth
from app.sandbox.world.seeded import Ids, Obj, mix, seed_for, word
from app.sandbox.world.seeded_customers import GROWTH_SECONDS, Customers
from app.sandbox.world.seeded_subscriptions import SLOTS, Subscriptions


class Contents:
    """The seeded account. `World` adds the changes.

    `redirect_uris` are registered for the app at Stripe in addition to the usual ones.
    """

    def __init__(
        self,
        *,
        customers: int = 500,
        seed: int = 1,
        clock: Callable[[], float] = time.time,
        live: bool = False,
        event_lag: float = 0.0,
        poison: bool = False,
        accounts_v2: bool = False,
        redirect_uris: Iterable[str] = (),
    ) -> None:
        self.seed, self.clock, self.livemode = seed, clock, live
        infix, mode = word(seed, "infix", 10), "live" if live else "test"
        self.account_id = f"acct_1{word(seed, 'account', 5)}{infix}"
        self.account_name = "Northwind Harbor"
        self.accounts_v2 = accounts_v2
        self.restricted_key = f"rk_{mode}_51{word(seed, 'rk' + mode, 97)}"
        self.secret_key = f"sk_{mode}_51{word(seed, 'sk' + mode, 97)}"
        self.oauth = OAuth(seed, self.account_id, live, lambda: self.clock(), redirect_uris)
        self.client_id, self.client_secret = self.oauth.client_id, self.oauth.client_secret
        self.born = int(clock())
        self._mixed = seed_for(seed, "new")
        price_ids = Ids(seed, "price", infix)
        self.products_table, self.prices_table = catalogue.seed_catalogue(
            Ids(seed, "prod"), price_ids, self.born - GROWTH_SECONDS, live
        )
        self.customers_table = Customers(Ids(seed, "cus"), customers, seed, self.born, live)
        self.subscriptions_table = Subscriptions(
            Ids(seed, "sub", infix),
            Ids(seed, "si"),
            price_ids,
            self.customers_table,
            self._by_currency(),
            self.prices_table.get,
            seed,
            self.born,
            live,
        )
        self.events_table = Events(Ids(seed, "evt", infix), seed, event_lag, live)
        for fields in POISON if poison else ():
            self._new_customer(fields)

    def _new_customer(self, fields: Obj) -> Obj:
        table = self.customers_table
        n, identifier, created = table.next(int(self.clock()))
        made = table.blank(n, identifier, created, mix(self._mixed, n)) | fields
        if self.accounts_v2:
            made.setdefault("customer_account", None)
            made["customer_account"] = made["customer_account"] or f"acct_1{identifier[4:20]}"
        table.add(made, created)
        return made

    def usable_prices(self) -> list[str]:
        """The ids of the active recurring dollar prices. A subscription has one currency only."""
        return [p["id"] for p in self.prices() if _sells(p)]

    def _by_currency(self) -> dict[str, list[Obj]]:
        found: dict[str, list[Obj]] = {}
        for n in range(len(self.prices_table)):
            price = self.prices_table.object(n)
            if price["recurring"]:
                found.setdefault(price["currency"], []).append(price)
        return found

    def customer(self, id: str) -> Obj | None:
        """A customer as served now: `{id, object, deleted}` if deleted, None if unknown."""
        n = self.customers_table.number(id)
        if n is not None and n in self.customers_table.gone:
            return {"id": id, "object": "customer", "deleted": True}
        return None if n is None else self.customers_table.object(n)

    def subscription(self, id: str) -> Obj | None:
        """A subscription with all its items; None if unknown."""
        return self.subscriptions_table.get(id)

    def product(self, id: str) -> Obj | None:
        """A product; None if unknown or deleted."""
        return self.products_table.get(id)

    def price(self, id: str) -> Obj | None:
        """A price, inline ones too; None if unknown or deleted."""
        found = self.prices_table.get(id)
        n = self.prices_table.ids.number(id)
        if found is None and n is not None and n >= catalogue.INLINE:
            return self.subscriptions_table.inline_price(n - catalogue.INLINE)
        return found

    def item(self, id: str) -> Obj | None:
        """A subscription item; None if unknown."""
        n = self.subscriptions_table.item_ids.number(id)
        if n is None or n // SLOTS >= len(self.subscriptions_table):
            return None
        items = self.subscriptions_table.object(n // SLOTS)["items"]["data"]
        return next((found for found in items if found["id"] == id), None)

    def customers(self) -> Iterator[Obj]:
        """Every customer not deleted, newest first."""
        return map(self.customers_table.object, self.customers_table.numbers())

    def subscriptions(self) -> Iterator[Obj]:
        """Every subscription of any status, newest first, with all its items."""
        return map(self.subscriptions_table.object, self.subscriptions_table.numbers())

    def products(self) -> Iterator[Obj]:
        """Every product not deleted, newest first. Includes archived products."""
        return map(self.products_table.object, self.products_table.numbers())

    def prices(self) -> Iterator[Obj]:
        """Every price not deleted, newest first. Includes inactive prices, but no inline ones."""
        return map(self.prices_table.object, self.prices_table.numbers())

    def events(self) -> Iterator[Obj]:
        """Every event, newest first, visible or not."""
        return map(self.events_table.object, self.events_table.numbers())


def _sells(price: Obj) -> bool:
    return bool(price["recurring"] and price["active"] and price["currency"] == "usd")
