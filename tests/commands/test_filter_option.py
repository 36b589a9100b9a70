"""``panelist participants --filter``, as someone runs it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=60, seed=11) as running:
        yield running


@pytest.fixture(scope="module")
def home(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = at(sandbox, tmp_path_factory.mktemp("filter") / "home")
    assert made.run("sync").code == 0
    made.variables.clear()
    return made


def test_only_those_it_finds(home: Home, sandbox: Sandbox) -> None:
    active = {one["customer"] for one in sandbox.world.subscriptions() if one["status"] == "active"}
    eur = {one["id"] for one in sandbox.world.customers() if one.get("currency") == "eur"}
    for text, expected in (
        ('status:"active" AND currency:"eur"', active & eur),
        ("-currency:eur", {one["id"] for one in sandbox.world.customers()} - eur),
        ("-status:active -currency:eur", None),
    ):
        people = home.run("participants", "--jsonl", "--filter", text).lines
        found = {one["stripe_id"] for one in people}
        everybody = {one["id"] for one in sandbox.world.customers()}
        assert found == (everybody - active - eur if expected is None else expected)
        assert found


def test_conditions_side_by_side_are_about_one_subscription(home: Home, sandbox: Sandbox) -> None:
    """In the list, its count, an export and a segment."""
    active: dict[str, set[str]] = {}
    owned: dict[str, set[str]] = {}
    for one in sandbox.world.subscriptions():
        for item in one["items"]["data"]:
            product = item["price"]["product"]
            owned.setdefault(product, set()).add(one["customer"])
            if one["status"] == "active":
                active.setdefault(product, set()).add(one["customer"])
    some_active = set().union(*active.values())
    product = max(owned, key=lambda key: len((owned[key] & some_active) - active.get(key, set())))
    text = f'status:"active" AND product:"{product}"'
    assert (owned[product] & some_active) - active[product]
    found = home.run("participants", "--jsonl", "--filter", text).lines
    assert {one["stripe_id"] for one in found} == active[product]
    assert home.run("segments", "create", "Both", "--filter", text).code == 0
    (made,) = (one for one in home.run("segments", "--json").json if one["name"] == "Both")
    assert made["count"] == len(active[product])
    assert made["rule"] == f"one subscription (is active and product is “{product}”)"
    assert home.run("segments", "delete", made["key"]).code == 0


def test_beside_the_other_conditions(home: Home, sandbox: Sandbox) -> None:
    how = ("participants", "--jsonl", "--segment", "active", "--filter", "has:email")
    people = home.run(*how).lines
    assert people
    assert all(one["email"] for one in people)
    assert home.run("participants", "--csv", "--filter", "has:email").out.startswith("stripe_id,")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "status:active AND emial:x",
            "Unknown field “emial” at 19. Did you mean email?\n"
            "status:active AND emial:x\n                  ^^^^^\n",
        ),
        (
            'in:"Activ"',
            'Unknown segment “Activ” at 4. Did you mean “active”?\nin:"Activ"\n   ^^^^^^^\n',
        ),
        ("", 'A condition is missing at 1, such as status:"active".\n\n^\n'),
        (
            "name:\x1b[2J",
            "The filter has a control character (U+001B) at 6, which is not allowed."
            "\nname:�[2J\n     ^\n",
        ),
    ],
)
def test_a_mistake_is_shown_in_its_place(home: Home, text: str, said: str) -> None:
    ended = home.run("participants", "--filter", text)
    assert (ended.code, ended.out, ended.err) == (2, "", said)


def test_bytes_that_are_no_text(home: Home) -> None:
    ended = home.run("participants", "--filter", os.fsdecode(b"name:\xff"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("The byte at 6 is not UTF-8 text.\n")


def test_the_deleted_are_never_found(home: Home) -> None:
    ended = home.run("participants", "--deleted", "--filter", "has:email")
    assert (ended.code, ended.said[:43]) == (2, "A filter never matches deleted participants")


def test_a_forgotten_expression_is_wrong_use(home: Home) -> None:
    ended = home.run("participants", "--filter", "--json")
    assert ended.code == 2
    assert "expected one argument" in ended.err


@pytest.fixture
def unknown(home: Home) -> Iterator[Home]:
    """As long as not all subscriptions are here."""
    (file,) = home.folder.rglob("panelist.db")
    with closing(sqlite3.connect(file)) as database:
        for known in (0, 1):
            database.execute("UPDATE connection SET subscriptions_known = ?", (known,))
            database.commit()
            if not known:
                yield home


@pytest.mark.parametrize(
    "text", ["subscriptions:0", "-has:subscription", 'status:"active"', "has:email or in:none"]
)
def test_a_filter_on_subscriptions_waits_until_they_are_known(unknown: Home, text: str) -> None:
    ended = unknown.run("participants", "--filter", text)
    assert (ended.code, ended.said[:32]) == (1, "Subscriptions are still syncing.")


@pytest.fixture
def one_set_aside(home: Home) -> Iterator[str]:
    """While a subscription of a participant could not be stored; what is said then."""
    (file,) = home.folder.rglob("panelist.db")
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "INSERT INTO quarantine (connection_id, listing, stripe_id, reason, at, customer)"
            " SELECT id, 'subscriptions', 'sub_odd', 'too deep', 1, 'cus_odd' FROM connection"
        )
        database.commit()
        yield "without 1 participant with a subscription that could not be stored"
        database.execute("DELETE FROM quarantine WHERE stripe_id = 'sub_odd'")
        database.commit()


@pytest.mark.parametrize("other", [("all",), ("--since", "2999-01-01")])
def test_a_comparison_says_who_is_left_out(
    home: Home, one_set_aside: str, other: tuple[str, ...]
) -> None:
    ended = home.run("segments", "diff", "none", *other, "--json")
    assert json.loads(ended.out)["doubts"] == {"none": one_set_aside}
    ended = home.run("segments", "diff", "none", *other)
    assert (ended.code, ended.err.count(one_set_aside)) == (0, 1)
    assert home.run("segments", "diff", "active", "all", "--json").json["doubts"] == {}


def test_of_a_past_that_is_not_known_it_is_said(unknown: Home) -> None:
    ended = unknown.run("segments", "show", "none", "--on", "2999-01-01")
    assert (ended.code, "not known yet: Subscriptions are still syncing." in ended.err) == (0, True)


def test_a_filter_on_people_does_not(unknown: Home) -> None:
    lines = unknown.run("participants", "--filter", "has:email", "--jsonl").lines
    assert lines
    assert not any(one["subscriptions_known"] for one in lines)
    doubts = {one["key"]: one["doubt"] for one in unknown.run("segments", "--json").json}
    assert doubts["all"] == ""
    assert doubts["none"].startswith("not known yet: Subscriptions are still syncing.")
