"""The people of one connection: who is found, in which order, with what beside them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.panel import participants as module
from app.panel.participants import participants
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed


def found(store: Store, here: int, **how: object) -> list[str]:
    return [one["stripe_id"] for one in participants(store, here, **how)]  # type: ignore[arg-type]


def test_ordered_by_stripe_id_as_bytes(store: Store) -> None:
    """The same on both databases, whatever the server's locale."""
    here = connection(store)
    keys = ["cus_b", "cus_A", "cus_a", "cus_B", "cus_1", "cus__", "cus_aa", "cus_a1"]
    send(store, here, Fetched(1, participants=[person(key) for key in keys]))
    assert found(store, here) == sorted(keys)


@pytest.mark.parametrize("more", [-1, 0, 1, 500])
def test_any_number_comes_whole_and_once(store: Store, more: int) -> None:
    here = connection(store)
    keys = [f"cus_{n:05}" for n in range(module.CHUNK + more)]
    send(store, here, Fetched(1, participants=[person(key) for key in reversed(keys)]))
    assert found(store, here) == keys


def test_everything_that_is_known_of_a_person(store: Store) -> None:
    here = connection(store)
    send(
        store,
        here,
        Fetched(
            1,
            participants=[person("cus_a", phone="+1", metadata='{"a": "b"}', name=None)],
            subscriptions=[subscribed("sub_b", "cus_a", "canceled"), subscribed("sub_a", "cus_a")],
            items=[
                item("sub_a", "prod_a"),
                item("sub_a", "prod_b"),
                item("sub_a", "prod_a", stripe_id="si_again"),
            ],
        ),
    )
    assert list(participants(store, here)) == [
        {
            "stripe_id": "cus_a",
            "email": "cus_a@example.com",
            "name": None,
            "phone": "+1",
            "currency": "usd",
            "metadata": {"a": "b"},
            "created": 1_700_000_000,
            "customer_account": None,
            "deleted": False,
            "subscriptions": [
                {
                    "id": "sub_a",
                    "status": "active",
                    "products": ["prod_a", "prod_b"],
                    "prices": ["price_prod_a", "price_prod_b"],
                },
                {"id": "sub_b", "status": "canceled", "products": [], "prices": []},
            ],
            "subscriptions_known": False,
        }
    ]


def test_the_deleted_come_only_when_asked_for(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a"), person("cus_b")]))
    send(store, here, Fetched(2, gone=[DeletedObject("participant", "cus_a")]))
    assert found(store, here) == ["cus_b"]
    assert found(store, here, deleted=True) == ["cus_a", "cus_b"]


def test_a_segment_has_its_members_only(store: Store) -> None:
    here, other = connection(store), connection(store)
    for place in (here, other):
        make_segments(store, place)
        send(store, place, Fetched(1, participants=[person("cus_a"), person("cus_b")]))
    send(
        store,
        here,
        Fetched(
            2,
            products=[product("prod_a")],
            subscriptions=[subscribed("sub_a", "cus_b")],
            items=[item("sub_a", "prod_a")],
        ),
    )
    assert found(store, here, segment="product:prod_a") == ["cus_b"]
    assert found(store, here, segment="none") == ["cus_a"]
    assert found(store, other, segment="none") == ["cus_a", "cus_b"]
    assert found(store, here, segment="nobody") == []


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("100%", ["cus_1"]),
        ("%", ["cus_1", "cus_3"]),
        ("_x", ["cus_2"]),
        ("'", ["cus_3"]),
        ("!", ["cus_4"]),
        ("\\", ["cus_5"]),
        ("ADA", ["cus_1"]),
        ("Ärzte", ["cus_6"]),
        ("CUS_6@EXAMPLE", ["cus_6"]),
        ("cus_", ["cus_1", "cus_2", "cus_3", "cus_4", "cus_5", "cus_6"]),
        ("nobody", []),
        ("\udcff", []),
    ],
)
def test_a_search_finds_the_text_itself(store: Store, text: str, who: list[str]) -> None:
    here = connection(store)
    names = ["100% Ada", "_x_", "O'Brien %", "Hey!", "back\\slash", "Die Ärzte"]
    rows = [person(f"cus_{n}", name=name) for n, name in enumerate(names, 1)]
    send(store, here, Fetched(1, participants=rows))
    assert found(store, here, search=text) == who


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
    st.data(),
)
def test_any_part_of_a_name_finds_it(store: Store, name: str, data: st.DataObject) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a", name=name, email=None)]))
    start = data.draw(st.integers(0, len(name) - 1))
    part = name[start : data.draw(st.integers(start + 1, len(name)))]
    assert found(store, here, search=part) == ["cus_a"]


def test_a_search_in_a_segment_meets_both(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    rows = [person("cus_a", name="Ada"), person("cus_b", name="Ada"), person("cus_c", name="Bob")]
    bought = [subscribed("sub_a", "cus_a"), subscribed("sub_c", "cus_c")]
    send(store, here, Fetched(1, participants=rows, subscriptions=bought))
    assert found(store, here, segment="active", search="ada") == ["cus_a"]
