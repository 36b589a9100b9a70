"""The examples in docs/filters.md find who the page says, on both databases and in plain Python."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.db.rows import PARTICIPANT_FIELDS, Fetched, ItemRow, PriceRow
from app.db.segment_rules import BUILTIN
from app.panel.filters.fields import FIELDS
from app.panel.filters.parse import parse
from tests.helpers.filters.comparison import Both, assert_same
from tests.helpers.filters.population import Person, Population, Subscribed
from tests.helpers.rows import (
    connection,
    make_segments,
    members,
    person,
    price,
    product,
    send,
    subscribed,
)

PAGE = Path(__file__).parents[3] / "docs" / "filters.md"
_SUBSCRIPTION = re.compile(r"(\w+) since (\S+): (.+)")
_ITEM = re.compile(r"(\w+) (\d+) a (\w+)")


def table(*heading: str) -> list[list[str]]:
    """The rows of the table with this heading."""
    lines = PAGE.read_text("utf-8").split("\n")
    start = lines.index(f"| {' | '.join(heading)} |") + 2
    end = next(at for at in range(start, len(lines)) if not lines[at].startswith("|"))
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[start:end]]


def test_every_stored_field_of_a_participant_can_be_filtered() -> None:
    filtered = {one.column for one in FIELDS.values() if one.owner == "person"}
    assert {one.name for one in PARTICIPANT_FIELDS} - filtered == {"customer_account"}


EXAMPLES = [(row[0].strip("`"), row[2]) for row in table("filter", "asks for", "finds")]


def seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def documented() -> tuple[list[Person], list[PriceRow]]:
    """The participants of the page."""
    people: list[Person] = []
    prices: dict[str, PriceRow] = {}
    for name, email, currency, since, held in table(
        *("name", "email", "currency", "customer since", "subscriptions")
    ):
        key = f"cus_{name.split()[0]}"
        row = person(key, name=name, email=email or None, currency=currency or None)
        one = Person(row._replace(created=seconds(since)))
        for status, start, bought in _SUBSCRIPTION.findall(held.replace("<br>", "\n")):
            sub = f"sub_{key}_{len(one.subscriptions)}"
            items = []
            for what, amount, interval in _ITEM.findall(bought):
                cost = price(
                    f"price_{what}_{amount}_{interval}",
                    product=f"prod_{what}",
                    unit_amount=int(amount) * 100,
                    interval=interval,
                )
                prices[cost.stripe_id] = cost
                items.append(ItemRow(sub, f"si_{sub}_{what}", cost.stripe_id, cost.product, None))
            subscription = subscribed(sub, key, status)._replace(start=seconds(start))
            one.subscriptions.append(Subscribed(subscription, items))
        people.append(one)
    return people, list(prices.values())


@pytest.fixture(scope="module")
def world(both: Both) -> Both:
    """The page's account, beside the hostile one."""
    people, prices = documented()
    names = {cost.product: cost.product.removeprefix("prod_") for cost in prices}
    made = []
    for other in both:
        here = connection(other.store)
        make_segments(other.store, here)
        held = [each for one in people for each in one.subscriptions]
        answer = Fetched(
            1,
            participants=[one.row for one in people],
            subscriptions=[each.row for each in held],
            items=[each for one in held for each in one.items],
            products=[product(key, name) for key, name in names.items()],
            prices=prices,
        )
        send(other.store, here, answer)
        found = Population(other.store, here, people, products=names)
        found.prices = {cost.stripe_id: cost for cost in prices}
        found.segments = {key: one.name for key, one in BUILTIN.items()}
        made.append(found)
    belong = members(made[0].store, made[0].connection_id)
    for one in people:
        one.segments = {key for key, who in belong.items() if one.row.stripe_id in who}
    return made[0], made[1]


@pytest.mark.parametrize(("text", "finds"), EXAMPLES)
def test_an_example_finds_who_the_page_says(world: Both, text: str, finds: str) -> None:
    names = {one.row.stripe_id: one.row.name for one in world[0].people}
    found = {names[key] for key in assert_same(parse(text), world)}
    assert found == (set() if finds == "no one" else set(finds.split(", ")))


def test_there_are_thirty_examples_and_they_differ() -> None:
    assert len({text for text, _ in EXAMPLES}) >= 30
    assert len({finds for _, finds in EXAMPLES}) >= 18
