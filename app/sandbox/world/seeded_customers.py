"""The customers of a seed. They were created over about four years, and are rendered on demand."""

from array import array
from math import sqrt

from app.sandbox.world import names
from app.sandbox.world.hostile import HOSTILE
from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.seeded import Ids, Obj, mix, seed_for

GROWTH_SECONDS = 4 * 365 * 86400
IMPORT_SIZE = 250
IMPORT_FROM = 5000

# In every payment, address and invoice field. A client must store none of those fields.
PLANTED = "Planted"
PLANTED_BALANCE = -91907700


def _address(locale: names.Locale, city: str, number: int) -> Obj:
    return {
        "city": city,
        "country": locale.country,
        "line1": f"{number} {PLANTED} Street",
        "line2": f"{PLANTED} floor {number}",
        "postal_code": f"{PLANTED}-{number}",
        "state": None,
    }


class Customers(ObjectTable):
    """The customers by number, oldest first. `now` is the second at which the world starts."""

    kind = "customer"

    def __init__(self, ids: Ids, count: int, seed: int, now: int, livemode: bool) -> None:
        super().__init__(ids)
        self._seed, self._livemode = seed_for(seed, "customers"), livemode
        self._hostile = {count - 4 - 4 * kind: kind for kind in range(len(HOSTILE))}
        self.seeded_count = count
        self.created = _growth(count, self._seed, now)
        self._addresses = [
            [_address(locale, city, 11 + n) for n, city in enumerate(locale.cities)]
            for locale in names.LOCALES
        ]

    def email(self, n: int) -> object:
        """The n-th customer's email, without rendering the rest."""
        found = self.changed.get(n)
        if found is None:
            kind = self._hostile_kind(n, mix(self._seed, n))
            if kind is None or "email" not in HOSTILE[kind]:
                return self._identity(n, mix(self._seed, n))[1]
            return HOSTILE[kind]["email"]
        return found["email"]

    def currency(self, n: int) -> str:
        """The currency a seeded customer is charged in."""
        return names.LOCALES[mix(self._seed, n) % len(names.LOCALES)].currency

    def seeded(self, n: int) -> Obj:
        h = mix(self._seed, n)
        customer = self.blank(n, self.ids.of(n), self.created[n], h)
        kind = self._hostile_kind(n, h)
        if kind is not None:
            customer |= HOSTILE[kind]
        return customer

    def _hostile_kind(self, n: int, h: int) -> int | None:
        kind = self._hostile.get(n)
        if kind is None and (h >> 52) % 200 == 0:
            kind = (h >> 12) % len(HOSTILE)
        return kind

    def blank(self, n: int, identifier: str, created: int, h: int) -> Obj:
        """An ordinary customer with every field Stripe sends, made from 64 random bits."""
        region = h % len(names.LOCALES)
        locale = names.LOCALES[region]
        name, email, company = self._identity(n, h)
        card = identifier[-12:]
        address = self._addresses[region][(h >> 9) % len(locale.cities)]
        phone = f"{locale.dial}{(h >> 17) % 900000 + 100000}" if (h >> 13) % 3 else None
        return {
            "id": identifier,
            "object": "customer",
            "address": address if (h >> 15) % 5 else None,
            "balance": PLANTED_BALANCE - (h >> 20) % 100 if (h >> 22) % 4 == 0 else 0,
            "business_name": name if company else None,
            "created": created,
            "currency": locale.currency if (h >> 24) % 10 else None,
            "customer_account": None,
            "default_source": f"card_1{PLANTED}{card}" if (h >> 26) % 2 else None,
            "delinquent": (h >> 28) % 40 == 0,
            "description": f"{PLANTED} description" if (h >> 30) % 4 == 0 else None,
            "discount": None,
            "email": email,
            "individual_name": None if company else name,
            "invoice_prefix": f"{PLANTED.upper()}{n % 10000:04}",
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": f"pm_1{PLANTED}{card}" if (h >> 27) % 2 else None,
                "footer": f"{PLANTED} footer" if (h >> 31) % 8 == 0 else None,
                "rendering_options": None,
            },
            "livemode": self._livemode,
            "metadata": _metadata(n, h),
            "name": name,
            "next_invoice_sequence": 1 + (h >> 33) % 60,
            "phone": phone,
            "preferred_locales": [locale.language] if (h >> 35) % 2 else [],
            "shipping": {"address": address, "name": f"{PLANTED} recipient", "phone": phone}
            if (h >> 37) % 6 == 0
            else None,
            "tax_exempt": "reverse" if (h >> 39) % 30 == 0 else "none",
            "test_clock": None,
        }

    def _identity(self, n: int, h: int) -> tuple[str | None, str | None, bool]:
        """Name, email and whether it is a company. Some are missing, unusual or shared."""
        odd = (h >> 42) % 1000
        if odd < 20:
            company = f"{names.COMPANY_FIRST[(h >> 5) % 24]} {names.COMPANY_SECOND[(h >> 11) % 20]}"
            host = company.lower().replace(" ", "-")
            return company, f"{names.MAILBOXES[odd % 6]}@{host}.example", True
        locale = names.LOCALES[h % len(names.LOCALES)]
        first, first_ascii = locale.first[(h >> 4) % len(locale.first)]
        last, last_ascii = locale.last[(h >> 16) % len(locale.last)]
        name: str | None = f"{last} {first}" if locale.family_first else f"{first} {last}"
        host = names.DOMAINS[(h >> 32) % len(names.DOMAINS)]
        email: str | None = f"{first_ascii}.{last_ascii}{n}@{host}"
        company_too = 200 <= odd < 420
        if company_too:
            form = names.COMPANY_FORM[(h >> 36) % len(names.COMPANY_FORM)]
            name = f"{names.COMPANY_FIRST[(h >> 5) % 24]} {names.COMPANY_SECOND[(h >> 11) % 20]}"
            email = f"{first_ascii}{n}@{name.lower().replace(' ', '-')}.example"
            name = f"{name} {form}"
        elif odd < 160:
            name, email = _odd(odd, name, email, first_ascii, n)
        return name, email, company_too


def _odd(
    odd: int, name: str | None, email: str | None, first: str, n: int
) -> tuple[str | None, str | None]:
    """Unusual names and emails, as people leave them. `odd` is 20 to 159 of a thousand."""
    if odd < 60:
        return name, None
    if odd < 65:
        return name, f"{first}{n}.example.com"
    if odd < 70:
        return name, f"{first} {n}@example"
    if odd < 90:
        return name, f"{first.upper()}.{n}@EXAMPLE.COM"
    if odd < 94:
        return name, f"{first}{n}@example.com, {first}{n}@home.example"
    if odd < 100:
        return "", email
    if odd < 130:
        return None, email
    if odd < 140:
        return name, "shared@family.example"
    if odd < 142:
        return None, None
    return name, f"{first}+research{n}@example.org"


def _metadata(n: int, h: int) -> Obj:
    choice = (h >> 46) % 10
    if choice < 4:
        return {}
    if choice < 7:
        return {"signup_source": names.SOURCES[(h >> 50) % 7]}
    role = names.ROLES[(h >> 53) % 7]
    if choice < 9:
        return {"role": role, "seats": str((h >> 56) % 90 + 1), "crm_id": f"C-{n:07}"}
    return {"role": role, "beta": "yes", "note": "called twice, likes the export"}


def _growth(count: int, seed: int, now: int) -> "array[int]":
    """The `created` seconds, ascending: ever faster growth, some ties, one import in one second."""
    start = now - GROWTH_SECONDS
    created = array("I", bytes(4 * count))
    scale = GROWTH_SECONDS / sqrt(count) if count else 0.0
    second = start
    for n in range(count):
        h = mix(seed, n)
        if h % 64:
            second = start + int(scale * sqrt(n + (h >> 11) / (1 << 53)))
        created[n] = second
    if count >= IMPORT_FROM:
        first = count // 2
        for n in range(first, first + IMPORT_SIZE):
            created[n] = created[first]
    return created
