"""Products and prices: the seeded catalogue, and the objects as Stripe sends them."""

from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.seeded import Ids, Obj

Offer = tuple[str, int, bool]  # name, monthly amount in cents, archived

OFFERS: tuple[Offer, ...] = (
    ("Starter", 900, False),
    ("Team", 2900, False),
    ("Business", 9900, False),
    ("Enterprise", 49900, False),
    ("Analytics Add-on", 1900, False),
    ("Priority Support", 4900, False),
    ("API Access", 1500, False),
    ("Extra Seats", 700, False),
    ("Research [beta]", 3900, False),
    ("Éducation · 教育", 400, False),
    ("White Label", 19900, False),
    ("Legacy Pro (2021)", 2500, True),
)
_CURRENCIES = ("eur", "gbp", "jpy")
_JPY_PER_CENT = 1.5

# The number of a subscription's inline price is this plus the subscription's number.
INLINE = 1 << 40


class Products(ObjectTable):
    """The products, by number."""

    kind = "product"


class Prices(ObjectTable):
    """The prices of the catalogue, by number, without inline prices."""

    kind = "price"

    def __init__(self, ids: Ids) -> None:
        super().__init__(ids)
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int | None:
        """As in ObjectTable, but cached, because subscriptions look up the same few ids."""
        known = self._numbers.get(text)
        if known is None:
            known = super().number(text)
            if known is not None:
                self._numbers[text] = known
        return known


def product(identifier: str, created: int, livemode: bool, **fields: object) -> Obj:
    """A product with every field Stripe sends."""
    made: Obj = {
        "id": identifier,
        "object": "product",
        "active": True,
        "created": created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": livemode,
        "marketing_features": [],
        "metadata": {},
        "name": "Product",
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": created,
        "url": None,
    }
    return made | fields


def price(identifier: str, created: int, livemode: bool, **fields: object) -> Obj:
    """A price with every field Stripe sends.

    `interval` (None for a one-time price) and `usage_type` go into `recurring`.
    """
    interval = fields.pop("interval", "month")
    usage = fields.pop("usage_type", "licensed")
    recurring = {
        "interval": interval,
        "interval_count": 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": usage,
    }
    amount = fields.get("unit_amount", 1000)
    made: Obj = {
        "id": identifier,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": "usd",
        "custom_unit_amount": None,
        "livemode": livemode,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": "",
        "recurring": recurring if interval else None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if interval else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount),
    }
    return made | fields


def plan(of: Obj) -> Obj:
    """The legacy plan object that Stripe still sends beside an item's price."""
    recurring = of["recurring"] or {"interval": "month", "interval_count": 1, "meter": None}
    return {
        "id": of["id"],
        "object": "plan",
        "active": of["active"],
        "amount": of["unit_amount"],
        "amount_decimal": of["unit_amount_decimal"],
        "billing_scheme": of["billing_scheme"],
        "created": of["created"],
        "currency": of["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": of["livemode"],
        "metadata": of["metadata"],
        "meter": recurring["meter"],
        "nickname": of["nickname"],
        "product": of["product"],
        "tiers_mode": of["tiers_mode"],
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": recurring.get("usage_type", "licensed"),
    }


def seed_catalogue(
    product_ids: Ids,
    price_ids: Ids,
    start: int,
    livemode: bool,
    offers: tuple[Offer, ...] = OFFERS,
) -> tuple[Products, Prices]:
    """The products and their prices, created in the hours before the first customer."""
    products, prices = Products(product_ids), Prices(price_ids)
    for n, (name, cents, archived) in enumerate(offers):
        born = start - 86400 + n * 3600
        made = product(product_ids.of(n), born, livemode, name=name, active=not archived)
        made["description"] = f"{name}, billed by the month or the year"
        products.add(made, born)
        for position, fields in enumerate(_variants(n, cents, archived)):
            number, identifier, created = prices.next(born + 60 * position)
            prices.add(price(identifier, created, livemode, product=made["id"], **fields), created)
            if position == 0:
                made["default_price"] = price_ids.of(number)
    return products, prices


def _variants(n: int, cents: int, archived: bool) -> list[Obj]:
    """The prices of one product: monthly and yearly in dollars, one in another currency, and the
    unusual ones."""
    other = _CURRENCIES[n % 3]
    amount = round(cents * _JPY_PER_CENT) if other == "jpy" else cents
    own: list[Obj] = [
        {"unit_amount": cents, "nickname": "Monthly"},
        {"unit_amount": cents * 10, "interval": "year", "nickname": "Yearly"},
        {"unit_amount": amount, "currency": other},
    ]
    if n % 4 == 1:
        own.append({"unit_amount": cents // 2, "active": False, "nickname": "2022 launch"})
    if n == 6:
        own[0] |= {"usage_type": "metered", "unit_amount": None, "unit_amount_decimal": "0.05"}
    if n == 7:
        own[1] |= {"unit_amount": None, "billing_scheme": "tiered", "tiers_mode": "volume"}
    if n == 10:
        own.append({"unit_amount": 150000, "interval": None, "nickname": "Set-up"})
    if archived:
        own[0]["active"] = own[1]["active"] = False
    return own
