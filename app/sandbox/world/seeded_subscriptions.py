"""The subscriptions of a seed: how many each customer has, since when, and with which items."""

from array import array
from bisect import bisect_left
from collections.abc import Callable

from app.sandbox.world.catalogue import INLINE, plan, price
from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.seeded import Ids, Obj, mix, seed_for
from app.sandbox.world.seeded_customers import Customers
from app.sandbox.world.subscription import ENDED, STATUSES, TRIAL, item, set_status, subscription

CODES = {status: code for code, status in enumerate(STATUSES)}
# In sixty-fourths: about 58% active, 20% canceled, 6% trialing, 5% past due.
_SHARES = bytes([0] * 37 + [1] * 13 + [2] * 4 + [3] * 3 + [4] * 2 + [5] + [6] * 2 + [7] * 2)
_SUBSCRIBED = 563  # of 1024: about 55%
ITEMS_SHOWN = 10
SLOTS = 1024  # numbers reserved for the items of one subscription


class Subscriptions(ObjectTable):
    """The subscriptions by number, oldest first, with their `owners` and `status`.

    `find_price` returns the catalogue's price as it is now, or None once it is deleted.
    """

    kind = "subscription"

    def __init__(
        self,
        ids: Ids,
        item_ids: Ids,
        price_ids: Ids,
        customers: Customers,
        prices: dict[str, list[Obj]],
        find_price: Callable[[str], Obj | None],
        seed: int,
        now: int,
        livemode: bool,
    ) -> None:
        super().__init__(ids)
        self._seed, self._now = seed_for(seed, "subscriptions"), now
        self._customers, self._prices, self._find_price = customers, prices, find_price
        self.item_ids, self._price_ids = item_ids, price_ids
        self.owners = array("I")
        self.status = bytearray()
        self._later: dict[int, list[int]] = {}
        self._livemode = livemode
        self._plans: dict[str, tuple[Obj, Obj]] = {}
        self._seed_all()

    # -- owners ----------------------------------------------------------------------------

    def _births(self, customer: int) -> list[tuple[int, int]]:
        """(created, status code) of each seeded subscription of a customer."""
        h = mix(self._seed, customer)
        if h % 1024 >= _SUBSCRIBED:
            return []
        count = 1 if (h >> 10) % 8 < 6 else 2 + (h >> 13) % 3
        since, now = self._customers.created[customer], self._now
        found = []
        for _ in range(count):
            h = h * 0xD1342543DE82EF95 + 1 & 0xFFFFFFFFFFFFFFFF
            code = _SHARES[(h >> 58) % 64]
            # A trial or a first payment is recent. Others may be as old as the customer.
            reach = TRIAL if code == 2 else 72000 if code == 5 else now - since
            oldest = max(since, now - reach)
            share = (h >> 20) % 4096
            found.append((oldest + (now - oldest) * share * share // (4096 * 4096), code))
        return found

    def _seed_all(self) -> None:
        packed: list[int] = []
        births = self._births
        for customer in range(self._customers.seeded_count):
            for index, (created, code) in enumerate(births(customer)):
                packed.append(created << 32 | customer << 6 | index << 3 | code)
        packed.sort()
        self._packed = array("Q", packed)
        self.created = array("I", (entry >> 32 for entry in packed))
        self.owners = array("I", (entry >> 6 & 0x3FFFFFF for entry in packed))
        self.status = bytearray(entry & 7 for entry in packed)

    def of_customer(self, customer: int) -> list[int]:
        """Numbers of a customer's subscriptions, newest first."""
        found = []
        if customer < self._customers.seeded_count:
            for index, (created, code) in enumerate(self._births(customer)):
                entry = created << 32 | customer << 6 | index << 3 | code
                found.append(bisect_left(self._packed, entry))
        return sorted(found + self._later.get(customer, []), reverse=True)

    def add_for(self, customer: int, subscription: Obj, created: int) -> None:
        """Append a new subscription."""
        self._later.setdefault(customer, []).append(len(self))
        self.owners.append(customer)
        self.status.append(CODES[subscription["status"]])
        self.add(subscription, created)

    def replace(self, n: int, subscription: Obj) -> None:
        """Replace a subscription with its new version."""
        self.changed[n] = subscription
        self.status[n] = CODES[subscription["status"]]

    # -- objects ---------------------------------------------------------------------------

    def object(self, n: int) -> Obj:
        """The n-th subscription with all items and the catalogue's current prices."""
        found = self.changed.get(n)
        if found is None:
            return self.seeded(n)
        items = []
        for held in found["items"]["data"]:
            now = self._priced(held["price"]["id"])
            items.append(held if now is None else held | {"price": now[0], "plan": now[1]})
        return found | {"items": found["items"] | {"data": items}}

    def shown(self, n: int) -> Obj:
        """The n-th subscription with its first ten items, as Stripe sends it."""
        whole = self.object(n)
        if len(whole["items"]["data"]) <= ITEMS_SHOWN:
            return whole
        cut = {"data": whole["items"]["data"][:ITEMS_SHOWN], "has_more": True}
        return whole | {"items": whole["items"] | cut}

    def prices_of(self, n: int) -> list[str]:
        """Ids of the prices of a subscription's items."""
        return [held["price"]["id"] for held in self.object(n)["items"]["data"]]

    def _priced(self, identifier: str) -> tuple[Obj, Obj] | None:
        """A price and its legacy plan, cached until the catalogue's price changes."""
        now = self._find_price(identifier)
        if now is None:
            return None
        known = self._plans.get(identifier)
        if known is None or known[0] is not now:
            known = self._plans[identifier] = (now, plan(now))
        return known

    def inline_price(self, n: int) -> Obj | None:
        """The inline price of a seeded subscription; most have none."""
        if n >= len(self._packed) or mix(self._seed + 1, n) % 64 != 5:
            return None
        catalogue = self._prices["usd"]
        return price(
            self._price_ids.of(INLINE + n),
            self.created[n],
            self._livemode,
            product=catalogue[n % len(catalogue)]["product"],
            unit_amount=1000 + n % 5000,
            active=False,
            nickname="Negotiated",
        )

    def _seeded_prices(self, n: int, h: int) -> list[tuple[Obj, Obj]]:
        inline = self.inline_price(n)
        first = (h >> 8) * (h >> 24) % 97
        kind = (h >> 40) % 256
        if inline is not None:
            return [(inline, plan(inline))]
        count = 1 if kind < 224 else 2 + kind % 3 if kind < 254 else 11 + (h >> 48) % 15
        currency = "usd" if count > 1 else self._customers.currency(self.owners[n])
        choice = self._prices[currency]
        found = []
        for index in range(count):
            seeded = choice[(first + index) % len(choice)]
            found.append(self._priced(seeded["id"]) or (seeded, plan(seeded)))
        return found

    def seeded(self, n: int) -> Obj:
        h = mix(self._seed + 1, n)
        status = STATUSES[self._packed[n] & 7]
        created = self.created[n]
        identifier, quantity = self.ids.of(n), 1 + (h >> 50) % 5
        items = [
            item(self.item_ids.of(n * SLOTS + k), identifier, created, *priced, quantity, self._now)
            for k, priced in enumerate(self._seeded_prices(n, h))
        ]
        owner = self._customers.ids.of(self.owners[n])
        made = subscription(identifier, owner, created, status, items, self._livemode)
        self._date(made, h, self._now)
        return made

    def _date(self, made: Obj, h: int, now: int) -> None:
        """Set the dates and details of the status. Some subscriptions get a date to end on."""
        status, created = made["status"], made["created"]
        if status == "active" and (h >> 30) % 16 == 0:
            end = min(item["current_period_end"] for item in made["items"]["data"])
            made |= {"cancel_at_period_end": True, "cancel_at": end, "canceled_at": created}
        elif status != "active":
            ended = created + (now - created) * ((h >> 33) % 64 + 64) // 128
            set_status(made, status, ended if status in ENDED else now)
        if status == "active" and (h >> 36) % 4 == 0 and created + TRIAL < now:
            made |= {"trial_start": created, "trial_end": created + TRIAL}
