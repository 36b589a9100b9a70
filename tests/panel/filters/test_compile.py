"""The SQL: bound, indexed, the same in every surrounding; and which segments ``in:`` means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.db.rows import Fetched
from app.db.store import Store
from app.panel.filters.compile import JOINS, all_people, compiled
from app.panel.filters.compile import compile as condition_of
from app.panel.filters.errors import FilterError
from app.panel.filters.parse import parse
from app.panel.participants import participants
from tests.helpers.filters.comparison import Both, asked
from tests.helpers.filters.population import NOW
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed

INJECTIONS = [
    "' OR 1=1 --",
    "x') OR (1=1",
    '"; DROP TABLE participant; --',
    "%' OR '%'='",
    "?",
    "%s",
    "%(x)s",
    "{}",
    "{sql}",
    "\\' OR 1=1 --",
    "$1",
    ":name",
    "x' UNION SELECT 1 --",
]


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize(
    "form",
    [
        *('name:"{}"', 'name~"{}x"', 'id:"{}"', 'metadata["{}"]:"x"', 'metadata["k"]:"{}"'),
        *('has:metadata["{}"]', 'product:"{}"', 'product~"{}x"', 'price:"{}"', 'currency:"{}"'),
    ],
)
def test_what_is_written_stays_a_value(both: Both, form: str, text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    rule = parse(form.replace("{}", escaped))
    for world in both:
        for everybody in (False, True):
            sql = condition_of(rule, world.store, world.connection_id, NOW, everybody=everybody).sql
            assert text not in sql.replace("?", "") or text in ("?", "{}")
            found = asked(rule, world, everybody=everybody)
            assert len(found) < 20
            assert world.store.row("SELECT count(*) FROM participant")[0] > 300


def test_every_value_is_bound(both: Both) -> None:
    text = 'name:"v" AND created>1767225600 AND amount>7 AND metadata["v"]~"v" AND subscriptions>7'
    for everybody in (False, True):
        for world in both:
            found = compiled(text, world.store, world.connection_id, NOW, everybody=everybody)
            assert "'v'" not in found.sql
            assert "1767225600" not in found.sql
            assert "7" not in found.sql
            assert found.sql.count("?") == len(found.parameters)


def small(store: Store) -> int:
    here = connection(store)
    make_segments(store, here)
    send(
        store,
        here,
        Fetched(
            1,
            products=[
                *(product("prod_a", "Pro"), product("prod_b", "PRO"), product("prod_c", "all")),
                product("prod_A", "Other"),
            ],
            participants=[person("cus_a"), person("cus_b"), person("cus_c"), person("cus_d")],
            subscriptions=[subscribed("sub_a", "cus_a"), subscribed("sub_b", "cus_b")],
            items=[item("sub_a", "prod_a"), item("sub_b", "prod_b")],
        ),
    )
    return here


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("in:product:prod_a", ["cus_a"]),
        ("in:product:prod_A", []),
        ("in:Pro", ["cus_a", "cus_b"]),
        ('in:"pro"', ["cus_a", "cus_b"]),
        ("in:PRODUCT:PROD_B", ["cus_b"]),
        ("in:all", ["cus_a", "cus_b", "cus_c", "cus_d"]),  # the key, and not the product
        ('in:"never subscribed" id~"_d"', ["cus_d"]),
    ],
)
def test_a_segment_by_its_key_or_name(store: Store, text: str, who: list[str]) -> None:
    here = small(store)
    where = compiled(text, store, here, NOW)
    assert [one["stripe_id"] for one in participants(store, here, where=where)] == who


def test_an_unknown_segment_is_named_with_its_place(store: Store) -> None:
    here, other = small(store), connection(store)
    text = '  has:email   in:"Activ Subscribers" '
    with pytest.raises(FilterError) as caught:
        compiled(text, store, here, NOW)
    error = caught.value
    assert error.text[error.start : error.end] == '"Activ Subscribers"'
    assert error.text == text
    assert error.sentence == (
        "Unknown segment “Activ Subscribers” at 18. Did you mean “Active Subscribers”?"
    )
    with pytest.raises(FilterError) as caught:
        condition_of(parse(text), store, here, NOW)
    error = caught.value
    assert error.text == 'has:email AND in:"Activ Subscribers"'
    assert error.text[error.start : error.end] == '"Activ Subscribers"'
    assert "at 18." in error.sentence
    for name in ('""', "xyzzyx", '"\\u0007"'):
        with pytest.raises(FilterError, match=r"at 4\. To list segments, run panelist segments\."):
            compiled(f"in:{name}", store, here, NOW)
    with pytest.raises(FilterError, match="Unknown segment “Pro”"):
        compiled("in:Pro", store, other, NOW)


def test_a_relative_date_is_reckoned_from_now(store: Store) -> None:
    here = connection(store)
    at = int(datetime(2026, 3, 31, tzinfo=UTC).timestamp())
    send(store, here, Fetched(1, participants=[person("cus_a", created=at)]))
    for length, seconds in {"36h": 129_600, "2d": 172_800, "1w": 604_800, "1m": 2_592_000}.items():
        for shift, known in ((0, True), (1, False)):
            where = compiled(f"created>=-{length}", store, here, at + seconds + shift + 0.9)
            assert bool(list(participants(store, here, where=where))) is known


def test_nobody_of_another_connection_and_nobody_deleted(store: Store) -> None:
    here = small(store)
    small(store)
    everybody = compiled("has:id", store, here, NOW)
    with store.transaction():
        store.execute("UPDATE participant SET deleted = true WHERE stripe_id = 'cus_b'")
    found = participants(store, here, where=everybody, deleted=True)
    assert [one["stripe_id"] for one in found] == ["cus_a", "cus_c", "cus_d"]


def test_beside_a_segment_and_a_search(store: Store) -> None:
    here = small(store)
    where = compiled("product:Pro OR name:cus_c", store, here, NOW)
    found = participants(store, here, segment="active", search="_b", where=where)
    assert [one["stripe_id"] for one in found] == ["cus_b"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "status:active",
            "-status:active",
            "product:Pro",
            "price~a",
            "amount>1",
            "interval:month",
        ),
        *("subscriptions>1", "in:active", "trial_end>now", "period_end<now", "has:subscription"),
        "subscription(status:active AND product:Pro AND -has:trial_end)",
    ],
)
def test_one_person_is_found_by_indexes_only(both: Both, text: str) -> None:
    world = both[0]
    where = compiled(text, world.store, world.connection_id, NOW)
    plan = world.store.rows(
        "EXPLAIN QUERY PLAN SELECT p.id FROM participant p WHERE p.id = ? AND NOT p.deleted"
        f" AND ({where.sql})",
        (1, *where.parameters),
    )
    steps = [row[3] for row in plan]
    assert [step for step in steps if step.startswith("SCAN")] == []
    if "subscription s" in where.sql:
        assert any("subscription_held (connection_id=? AND customer=?" in step for step in steps)


def test_everybody_is_read_from_end_to_end(both: Both) -> None:
    """A row looked up for each entry of an index is what takes seconds."""
    world = both[0]
    for text in ("product:Pro", "status:active", "trial_end>now", "amount>20", "in:active"):
        where = compiled(text, world.store, world.connection_id, NOW, everybody=True)
        plan = world.store.rows(
            f"EXPLAIN QUERY PLAN SELECT p.id FROM participant p WHERE {all_people(world.store)}"
            f" AND NOT p.deleted AND ({where.sql})",
            (1, *where.parameters),
        )
        steps = " ".join(row[3] for row in plan)
        assert "CORRELATED" not in steps
        assert "INDEX subscription_held (connection_id=?)" not in steps.replace(
            "COVERING INDEX", ""
        )


def joined_tables(node: dict[str, Any]) -> list[str]:
    """The tables that PostgreSQL's plan joins, without those of its subplans."""
    below = [
        one
        for one in node.get("Plans", ())
        if one["Parent Relationship"] not in ("SubPlan", "InitPlan")
    ]
    here = [node["Relation Name"]] if "Relation Name" in node else []
    return here + [table for one in below for table in joined_tables(one)]


@pytest.mark.parametrize("everybody", [False, True])
def test_a_filter_for_many_products_is_planned_without_joins(both: Both, everybody: bool) -> None:
    """PostgreSQL would need gigabytes to plan a join for each of 199 groups. A few more than it may
    join show whether it would."""
    for world in both:
        for number in (JOINS + 1, 199):
            rule = parse(" AND ".join(f'product:"prod_{one}"' for one in range(number)))
            if world.store.postgres:
                found = condition_of(
                    rule, world.store, world.connection_id, NOW, everybody=everybody
                )
                ((plans,),) = world.store.rows(
                    f"EXPLAIN (FORMAT JSON) SELECT p.id FROM participant p WHERE {found.sql}",
                    found.parameters,
                )
                assert "subscription" not in joined_tables(plans[0]["Plan"])
            assert asked(rule, world, everybody=everybody) == set()
