"""What customers of the company do: sign up, try, pay, change their plan, fail to pay, leave.

Each step makes its change now, and returns what follows with the second at which it is due. Live
changes use the same steps, one at a time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from app.sandbox.world.subscription import ENDED, STATUSES, TRIAL

if TYPE_CHECKING:
    from app.sandbox.world.company import Company

DAY, HOUR = 86_400, 3_600
MONTH = 30 * DAY

Step = Callable[[], "Iterable[Next]"]
Next = tuple[float, Step]

LADDER = ("Starter", "Pro", "Team")
EXTRAS = ("Analytics Add-on", "Priority Support")
LEGACY = "Legacy Pro (2021)"

# What a month brings to a subscription that is paid, in thousandths.
_MONTHS = (
    ("cancel", 26),
    ("fail", 45),
    ("upgrade", 22),
    ("extra", 10),
    ("downgrade", 6),
    ("pause", 3),
    ("leave", 1),
)


def plans(company: Company) -> dict[str, list[str]]:
    """The ids of each product's dollar prices, the monthly one first."""
    names = {product["id"]: product["name"] for product in company.products()}
    found: dict[str, list[str]] = {name: [] for name in names.values()}
    for price in sorted(company.prices(), key=lambda one: one["unit_amount"] or 0):
        if price["recurring"] and price["currency"] == "usd" and price["nickname"] != "2022 launch":
            found[names[price["product"]]].append(price["id"])
    return found


def signup(company: Company, rng: random.Random) -> Step:
    """A new customer, of whom most try a plan within hours."""

    def step() -> Iterable[Next]:
        customer = company.create_customer(currency="usd")
        now = company.clock()
        if rng.random() < 0.88:
            return [(now + rng.uniform(0.1, 30) * HOUR, subscribe(company, rng, customer))]
        return []

    return step


def subscribe(company: Company, rng: random.Random, customer: str) -> Step:
    """A customer starts a plan, more often than not with a trial."""

    def step() -> Iterable[Next]:
        now = company.clock()
        name = rng.choices(LADDER, (50, 38, 12))[0]
        if now < company.since and rng.random() < 0.25:
            name = LEGACY
        monthly_or_yearly = company.plans[name][: rng.choices((1, 2), (4, 1))[0]]
        trial = name != LEGACY and rng.random() < 0.62
        status = "trialing" if trial else "active"
        found = company.create_subscription(customer, [monthly_or_yearly[-1]], status=status)
        if trial:
            return [(now + TRIAL, end_trial(company, rng, customer, found))]
        return [_month(company, rng, customer, found)]

    return step


def end_trial(company: Company, rng: random.Random, customer: str, subscription: str) -> Step:
    """A trial ends: it is paid, canceled, or paused for want of a payment method."""

    def step() -> Iterable[Next]:
        if not _living(company, subscription):
            return []
        choice = rng.random()
        if choice < 0.61:
            company.update_subscription(subscription, status="active")
            return [_month(company, rng, customer, subscription)]
        if choice < 0.95:
            company.cancel_subscription(subscription)
            return _return(company, rng, customer, 0.05)
        company.update_subscription(subscription, status="paused")
        later = company.clock() + rng.uniform(5, 40) * DAY
        return [(later, resume(company, rng, customer, subscription))]

    return step


def resume(company: Company, rng: random.Random, customer: str, subscription: str) -> Step:
    """A subscription that was paused or not paid goes on, or ends."""

    def step() -> Iterable[Next]:
        if not _living(company, subscription):
            return []
        if rng.random() < 0.6:
            company.update_subscription(subscription, status="active", pause_collection=None)
            return [_month(company, rng, customer, subscription)]
        company.cancel_subscription(subscription)
        return _return(company, rng, customer, 0.06)

    return step


def month(company: Company, rng: random.Random, customer: str, subscription: str) -> Step:
    """A paid month is over. In most of them nothing happens."""

    def step() -> Iterable[Next]:
        if not _living(company, subscription):
            return []
        choice = rng.randrange(1000)
        for name, share in _MONTHS:
            if choice < share:
                return _EVENTS[name](company, rng, customer, subscription)
            choice -= share
        return [_month(company, rng, customer, subscription)]

    return step


def _month(company: Company, rng: random.Random, customer: str, subscription: str) -> Next:
    due = company.clock() + MONTH + rng.uniform(-3, 3) * DAY
    return due, month(company, rng, customer, subscription)


def _living(company: Company, subscription: str) -> bool:
    found = company.subscription(subscription)
    return found is not None and found["status"] not in ENDED


def _held(company: Company, subscription: str) -> list[str]:
    table = company.subscriptions_table
    return table.prices_of(table.existing_number(subscription))


def _return(company: Company, rng: random.Random, customer: str, share: float) -> list[Next]:
    """Some who left come back."""
    if rng.random() < share and company.customers_table.get(customer):
        back = company.clock() + rng.uniform(20, 160) * DAY
        return [(back, subscribe(company, rng, customer))]
    return []


def _cancel(company: Company, rng: random.Random, customer: str, subscription: str) -> list[Next]:
    company.cancel_subscription(subscription)
    return _return(company, rng, customer, 0.1)


def _fail(company: Company, rng: random.Random, customer: str, subscription: str) -> list[Next]:
    """A payment fails, and is tried again for some days."""
    company.update_subscription(subscription, status="past_due")
    retried = company.clock() + rng.uniform(3, 18) * DAY

    def step() -> Iterable[Next]:
        if not _living(company, subscription):
            return []
        choice = rng.random()
        if choice < 0.7:
            company.update_subscription(subscription, status="active")
            return [_month(company, rng, customer, subscription)]
        if choice < 0.9:
            company.cancel_subscription(subscription)
            return _return(company, rng, customer, 0.1)
        company.update_subscription(subscription, status="unpaid")
        later = company.clock() + rng.uniform(5, 25) * DAY
        return [(later, resume(company, rng, customer, subscription))]

    return [(retried, step)]


def _climb(by: int) -> Callable[[Company, random.Random, str, str], list[Next]]:
    def change(
        company: Company, rng: random.Random, customer: str, subscription: str
    ) -> list[Next]:
        held = _held(company, subscription)
        now = next((at for at, name in enumerate(LADDER) if held[0] in company.plans[name]), 0)
        then = min(max(now + by, 0), len(LADDER) - 1)
        if then != now:
            prices = [company.plans[LADDER[then]][0], *held[1:]]
            company.update_subscription(subscription, price_ids=prices)
        return [_month(company, rng, customer, subscription)]

    return change


def _extra(company: Company, rng: random.Random, customer: str, subscription: str) -> list[Next]:
    held = _held(company, subscription)
    extra = company.plans[rng.choice(EXTRAS)][0]
    if extra not in held:
        company.update_subscription(subscription, price_ids=[*held, extra])
    return [_month(company, rng, customer, subscription)]


def _pause(company: Company, rng: random.Random, customer: str, subscription: str) -> list[Next]:
    pause = {"behavior": "void", "resumes_at": None}
    company.update_subscription(subscription, pause_collection=pause)
    later = company.clock() + rng.uniform(20, 60) * DAY
    return [(later, resume(company, rng, customer, subscription))]


def _leave(company: Company, rng: random.Random, customer: str, subscription: str) -> list[Next]:
    """The company deletes a customer who asked for it."""
    company.delete_customer(customer)
    return []


_EVENTS = {
    "cancel": _cancel,
    "fail": _fail,
    "upgrade": _climb(1),
    "downgrade": _climb(-1),
    "extra": _extra,
    "pause": _pause,
    "leave": _leave,
}
_LIVE = {"active": ("upgrade", "cancel", "fail", "extra"), "past_due": (), "trialing": ()}


def live_change(company: Company, rng: random.Random) -> str:
    """One thing of an ordinary day, chosen as often as it happens. Returns a sentence."""
    if rng.random() < 0.35:
        for _, step in signup(company, rng)():
            step()
        return "a customer signed up"
    table = company.subscriptions_table
    for _ in range(200):
        n = rng.randrange(len(table))
        status = STATUSES[table.status[n]]
        if status not in _LIVE:
            continue
        identifier = table.ids.of(n)
        customer = company.customers_table.ids.of(table.owners[n])
        if status == "trialing":
            end_trial(company, rng, customer, identifier)()
            return f"the trial {identifier} ended"
        if status == "past_due":
            resume(company, rng, customer, identifier)()
            return f"{identifier} was paid or canceled"
        kind = rng.choice(_LIVE[status])
        _EVENTS[kind](company, rng, customer, identifier)
        return f"{kind} {identifier}"
    return "nothing changed"
