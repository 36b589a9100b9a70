"""One Stripe account: its contents, and every change that can happen to it."""
# ruff: noqa: A002  (Stripe calls it id)

from typing import Any

from app.sandbox.world import catalogue
from app.sandbox.world.contents import Contents
from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.seeded import Obj
from app.sandbox.world.seeded_subscriptions import SLOTS
from app.sandbox.world.subscription import ENDED, STATUSES, item, set_status, subscription


class World(Contents):
    """An account with customers, subscriptions, products, prices and events.

    Two worlds with the same arguments, clock and changes are equal, byte for byte. A world is not
    thread safe; the `lock` of a server guards it. Returned objects are read only. Only the methods
    below change anything: a trial does not end by itself.

    `clock` returns seconds since 1970. `event_lag` is the longest time in seconds until an event
    becomes visible. `poison` adds customers that no schema allows. With `accounts_v2`, new
    customers are Accounts with a customer configuration, and their changes make no `customer.*`
    events (docs.stripe.com/accounts-v2/use-accounts-as-customers).
    """

    # -- changing customers ----------------------------------------------------------------

    def _emit(self, kind: str, shown: Obj, previous: Obj | None = None) -> None:
        if shown.get("object") == "customer" and shown.get("customer_account"):
            return
        self.events_table.emit(kind, shown, self.clock(), previous)

    def create_customer(self, **fields: Any) -> str:
        """Create a customer with these fields; the seed gives the rest. Returns the id."""
        _no_fixed(fields)
        made = self._new_customer(fields)
        self._emit("customer.created", made)
        return str(made["id"])

    def update_customer(self, id: str, **fields: Any) -> str:
        """Set fields as given (`metadata` as a whole). Raises KeyError for an unknown customer."""
        _no_fixed(fields)
        self._update(self.customers_table, "customer", id, fields)
        return id

    def delete_customer(self, id: str) -> str:
        """Delete a customer for good, and cancel its subscriptions
        (docs.stripe.com/api/customers/delete)."""
        table = self.customers_table
        n = table.existing_number(id)
        for number in self.subscriptions_table.of_customer(n):
            if STATUSES[self.subscriptions_table.status[number]] not in ENDED:
                self.cancel_subscription(self.subscriptions_table.ids.of(number))
        last = table.object(n)
        table.gone.add(n)
        table.changed.pop(n, None)
        self._emit("customer.deleted", last)
        return id

    # -- changing subscriptions ------------------------------------------------------------

    def create_subscription(
        self,
        customer: str,
        price_ids: list[str] | None = None,
        status: str = "active",
        items: int = 1,
        **fields: Any,
    ) -> str:
        """Subscribe a customer to these prices, or to as many of the dollar prices as `items`.

        Returns the id.
        """
        _no_fixed(fields)
        owner, table = self.customers_table.existing_number(customer), self.subscriptions_table
        n, identifier, created = table.next(int(self.clock()))
        slots = self._items(n, created, price_ids or self._some_prices(n, items), 0)
        made = subscription(identifier, customer, created, status, slots, self.livemode)
        set_status(made, status, created)
        table.add_for(owner, made | fields, created)
        self._emit("customer.subscription.created", table.shown(n))
        return identifier

    def _some_prices(self, n: int, count: int) -> list[str]:
        usable = self.usable_prices()
        return [usable[(n + index) % len(usable)] for index in range(count)]

    def _items(self, n: int, created: int, price_ids: list[str], slot: int) -> list[Obj]:
        table, made = self.subscriptions_table, []
        for index, price_id in enumerate(price_ids):
            price = self.price(price_id)
            if price is None:
                raise KeyError(f"No such price: '{price_id}'")
            identifier = table.item_ids.of(n * SLOTS + slot + index)
            priced = (price, catalogue.plan(price))
            made.append(item(identifier, table.ids.of(n), created, *priced, 1, created))
        return made

    def update_subscription(
        self, id: str, price_ids: list[str] | None = None, **fields: Any
    ) -> str:
        """Set fields, a new `status` with the fields that go with it, or other prices as new items.

        Raises KeyError for an unknown subscription and ValueError for a canceled one.
        """
        _no_fixed(fields)
        table = self.subscriptions_table
        n = table.existing_number(id)
        old, now = table.object(n), int(self.clock())
        if old["status"] in ENDED:
            raise ValueError(f"{id} has ended; an ended subscription cannot change")
        if fields.get("status") == "canceled":
            return self.cancel_subscription(id)
        made = dict(old)
        if price_ids is not None:
            used = [table.item_ids.number(i["id"]) or 0 for i in old["items"]["data"]]
            data = self._items(n, now, price_ids, max(used, default=0) % SLOTS + 1)
            made["items"] = old["items"] | {"data": data}
        if "status" in fields:
            set_status(made, fields["status"], now)
        self._replace_subscription(n, old, made | fields)
        return id

    def _replace_subscription(self, n: int, old: Obj, made: Obj) -> None:
        previous = {key: old.get(key) for key in made if made[key] != old.get(key)}
        if not previous:
            return
        table = self.subscriptions_table
        table.replace(n, made)
        shown = table.shown(n)
        self._emit("customer.subscription.updated", shown, previous)
        if "status" in previous and made["status"] == "paused":
            self._emit("customer.subscription.paused", shown)
        elif previous.get("status") == "paused" and made["status"] == "active":
            self._emit("customer.subscription.resumed", shown)

    def cancel_subscription(self, id: str) -> str:
        """End a subscription now. Raises KeyError or ValueError like `update_subscription`."""
        table = self.subscriptions_table
        n = table.existing_number(id)
        made = dict(table.object(n))
        if made["status"] in ENDED:
            raise ValueError(f"{id} has ended already")
        set_status(made, "canceled", int(self.clock()))
        table.replace(n, made)
        self._emit("customer.subscription.deleted", table.shown(n))
        return id

    def remind(self, id: str, change: str = "trial_will_end") -> str:
        """Make an event about an unchanged subscription, such as trial_will_end."""
        shown = self.subscriptions_table.shown(self.subscriptions_table.existing_number(id))
        self._emit(f"customer.subscription.{change}", shown)
        return id

    # -- changing products and prices ------------------------------------------------------

    def create_product(self, name: str = "New Product", **fields: Any) -> str:
        """Create a product. Returns its id."""
        _no_fixed(fields)
        table = self.products_table
        _, identifier, created = table.next(int(self.clock()))
        made = catalogue.product(identifier, created, self.livemode, name=name, **fields)
        table.add(made, created)
        self._emit("product.created", made)
        return identifier

    def update_product(self, id: str, **fields: Any) -> str:
        """Set fields of a product; `active=False` archives it."""
        _no_fixed(fields)
        self._update(self.products_table, "product", id, fields, updated=int(self.clock()))
        return id

    def delete_product(self, id: str) -> str:
        """Delete a product and its prices. Subscriptions keep those prices."""
        n = self.products_table.existing_number(id)
        for price in [price for price in self.prices() if price["product"] == id]:
            self.delete_price(price["id"])
        self._delete(self.products_table, "product", n)
        return id

    def create_price(self, product: str, **fields: Any) -> str:
        """Create a price for a product. `interval` and `usage_type` go into `recurring`."""
        _no_fixed(fields)
        self.products_table.existing_number(product)
        table = self.prices_table
        _, identifier, created = table.next(int(self.clock()))
        made = catalogue.price(identifier, created, self.livemode, product=product, **fields)
        table.add(made, created)
        self._emit("price.created", made)
        return identifier

    def update_price(self, id: str, **fields: Any) -> str:
        """Set fields of a price."""
        _no_fixed(fields)
        self._update(self.prices_table, "price", id, fields)
        return id

    def delete_price(self, id: str) -> str:
        """Delete a price. Subscriptions that have it still show it."""
        self._delete(self.prices_table, "price", self.prices_table.existing_number(id))
        return id

    def _delete(self, table: ObjectTable, kind: str, n: int) -> None:
        last = table.object(n)
        table.gone.add(n)
        self._emit(f"{kind}.deleted", last)

    def _update(self, table: ObjectTable, kind: str, id: str, fields: Obj, **beside: Any) -> None:
        """Set fields. As at Stripe, an update that changes nothing makes no event."""
        n = table.existing_number(id)
        old = table.object(n)
        previous = {key: old.get(key) for key in fields if fields[key] != old.get(key)}
        if previous:
            table.changed[n] = old | fields | beside
            self._emit(f"{kind}.updated", table.changed[n], previous)


def _no_fixed(fields: Obj) -> None:
    fixed = {"id", "object", "created"} & set(fields)
    if fixed:
        raise ValueError(f"{', '.join(sorted(fixed))} cannot be set: Stripe sets it")
