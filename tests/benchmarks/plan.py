"""How long a plan takes: made, frozen, and compared with the data again.

A SQLite file is filled with made-up people, of whom some have no email or share a mailbox, and a
third were invited before; told are seconds and what the process had at most.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.db.engines.store_factory import open_sqlite
from app.db.rows import Fetched, ItemRow, ParticipantRow, PriceRow, ProductRow, SubscriptionRow
from app.db.store import Store
from app.invites import studies
from app.invites.plan import frozen, plan
from app.invites.plan.drift import difference
from app.invites.plan.options import Options
from app.invites.sending import outbox
from tests.benchmarks.running import RSS_UNIT
from tests.helpers.rows import connection, make_segments, send

PAGE = 10_000
CREATED = 1_600_000_000

Made = TypeVar("Made")


def fill(store: Store, people: int) -> int:
    here = connection(store)
    products = [ProductRow(f"prod_{n}", f"Product {n}", True) for n in range(5)]
    prices = [
        PriceRow(f"price_{n}", f"prod_{n % 5}", None, True, "usd", 900, ("month", "year")[n // 5])
        for n in range(10)
    ]
    send(store, here, Fetched(1, products=products, prices=prices))
    for start in range(0, people, PAGE):
        some = range(start, min(start + PAGE, people))
        send(
            store,
            here,
            Fetched(
                2 + start,
                participants=[_person(n) for n in some],
                subscriptions=[_subscription(n) for n in some if n % 3],
                items=[
                    ItemRow(f"sub_{n:07}", f"si_{n:07}", f"price_{n % 10}", f"prod_{n % 5}", None)
                    for n in some
                    if n % 3
                ],
            ),
        )
    make_segments(store, here)
    return here


def _person(number: int) -> ParticipantRow:
    key = f"cus_{number * 7919 % 10_000_019:08}"
    emails = {0: None, 1: f"Person{number - 1}@example.com", 2: "a@b.example,c@d.example"}
    email = emails.get(number % 50, f"Person{number}@Example.com")
    return ParticipantRow(key, email, "Ruth Miller", None, "usd", "{}", CREATED + number % 10_000)


def _subscription(number: int) -> SubscriptionRow:
    customer = _person(number).stripe_id
    status = ("active", "trialing", "canceled", "past_due")[number % 4]
    return SubscriptionRow(
        f"sub_{number:07}", customer, status, CREATED, None, None, None, None, None, False
    )


def timed(what: str, work: Callable[[], Made]) -> Made:
    started, cpu = time.perf_counter(), time.process_time()
    made = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 2**20
    print(
        f"{what:<44}{time.perf_counter() - started:7.2f} s  CPU {time.process_time() - cpu:7.2f} s"
        f"  peak {peak:5.0f} MiB",
        flush=True,
    )
    return made


def run(store: Store, here: int, people: int) -> None:
    key = studies.create(
        store,
        here,
        "Benchmark",
        "me",
        link="https://interviews.example/{{token}}",
        sender_name="Ruth",
        sender_address="ruth@example.com",
        cap=2,
    )
    studies.attach(store, key, ["all"], [], "me")
    studies.move(store, key, "active", "me")
    study = studies.get(store, key)
    every = Options(("all",))
    timed("all of them", lambda: plan.make(store, study, every))
    number = people // 3
    for strata in (None, "tenure", "product", "plan"):
        chosen = Options(("all",), take="random", number=number, seed="7f3a", strata=strata)
        sampled = timed(f"sample by {strata}", lambda o=chosen: plan.make(store, study, o))  # type: ignore[misc]
    stored = timed("frozen", lambda: frozen.freeze(store, sampled, "me"))
    timed("compared with the data", lambda: difference(store, stored))
    timed("queued", lambda: outbox.queue(store, stored, "eml", "me"))
    timed("all of them, a third with an invite", lambda: plan.make(store, study, every))
    several = Options(("active", "trialing", "none", "product:prod_0"), excluded=("past_due",))
    made = timed("union of four, without another", lambda: plan.make(store, study, several))
    for outcome, size in made.counts().items():
        print(f"{size:>10,}  {outcome.words}")
    print(f"{len(made):>10,}  in all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory(prefix="panelist-benchmark-") as home:
        store = open_sqlite(Path(home) / "panelist.db")
        here = timed(f"filled with {people:,}", lambda: fill(store, people))
        run(store, here, people)
        store.close()


if __name__ == "__main__":
    main()
