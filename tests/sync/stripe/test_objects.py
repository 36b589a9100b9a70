"""From Stripe's bytes to rows: only the allow-list, and no object stops its page."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.rows import DeletedObject, Fetched
from app.sandbox.world.seeded_customers import PLANTED
from app.sandbox.world.world import World
from app.sync.stripe.endpoints import LISTINGS
from app.sync.stripe.objects import Customer
from app.sync.stripe.pages import UnreadableAnswer, any_object

BAD = "\N{REPLACEMENT CHARACTER}"
GOOD = b'{"id":"cus_good","created":7}'


def page(listing: str, *objects: bytes, more: bool = False) -> Fetched:
    """What is stored of a page of this list."""
    flag = b"true" if more else b"false"
    content = b'{"object":"list","data":[' + b",".join(objects) + b'],"has_more":' + flag + b"}"
    one = LISTINGS[listing]
    return one.rows(one.read_page(content), 3)


def customers(*objects: bytes) -> Fetched:
    return page("customers", *objects)


def keys(answer: Fetched) -> list[str]:
    return [row.stripe_id for row in answer.participants]


def reasons(answer: Fetched) -> dict[str, str]:
    return {bad.stripe_id: bad.reason for bad in answer.bad}


@pytest.mark.parametrize(
    "fields",
    [
        b'"name":{"object":"not text"}',
        b'"name":12',
        b'"email":["a@example.com"]',
        b'"phone":15551234',
        b'"metadata":["a","list"]',
        b'"metadata":{"n":1}',
        b'"metadata":{"nested":{"a":[1]}}',
        b'"metadata":{"none":null}',
        b'"created":"yesterday"',
        b'"created":7.5',
        b'"created":true',
        b'"created":null',
        b'"created":1180591620717411303424',
        b'"created":-9223372036854775809',
        b'"created":NaN',
        b'"deleted":"yes"',
    ],
)
def test_a_poisoned_customer_is_set_aside_with_the_reason(fields: bytes) -> None:
    answer = customers(b'{"id":"cus_bad","created":7,%s}' % fields, GOOD)
    assert keys(answer) == ["cus_good"]
    assert list(reasons(answer)) == ["cus_bad"]
    assert reasons(answer)["cus_bad"]
    assert [bad.listing for bad in answer.bad] == ["customers"]


@pytest.mark.parametrize("created", [b"1e400", b"1" * 5_000])
def test_a_number_that_no_computer_holds_stops_nobody_else(created: bytes) -> None:
    answer = customers(b'{"id":"cus_bad","created":%s}' % created, GOOD)
    assert keys(answer) == ["cus_good"]
    assert len(answer.bad) == 1


@pytest.mark.parametrize("unread", [b"1" * 5_000, b"-1e999", b"[" * 3_000 + b"]" * 3_000])
@pytest.mark.parametrize("name", [b'"Ada"', b'"Ada \\ud800"'], ids=["plain", "surrogate"])
def test_whatever_a_field_holds_that_nobody_reads(unread: bytes, name: bytes) -> None:
    """The surrogate has the page go through the slow parser."""
    answer = customers(b'{"id":"cus_a","created":7,"x":%s,"name":%s}' % (unread, name), GOOD)
    assert keys(answer) == ["cus_a", "cus_good"]
    assert answer.bad == []


@pytest.mark.parametrize(
    "key", [b'""', b'"cus_\\u0000"', b'"cus_\\n"', b'"%s"' % (b"c" * 256), b"12", b"null"]
)
def test_an_id_that_no_id_is(key: bytes) -> None:
    answer = customers(b'{"id":%s,"created":7}' % key, GOOD)
    assert keys(answer) == ["cus_good"]
    assert len(answer.bad) == 1
    assert "\0" not in answer.bad[0].stripe_id
    assert len(answer.bad[0].stripe_id) <= 255


def test_what_no_database_holds_is_replaced_in_texts() -> None:
    answer = customers(
        b'{"id":"cus_a","created":7,"name":"nul \\u0000","email":"lone \\udfff",'
        b'"metadata":{"k\\u0000":"v\\ud83d"}}'
    )
    (row,) = answer.participants
    assert (row.name, row.email) == (f"nul {BAD}", f"lone {BAD}")
    assert json.loads(row.metadata) == {f"k{BAD}": f"v{BAD}"}


ESCAPES = ["\\ud83d", "\\ude00", "\\uD800", "\\udfff", "\\\\", "ud83d", "\\u0041", '\\"', "a", "é"]


@given(st.lists(st.sampled_from(ESCAPES), max_size=8).map("".join))
@settings(max_examples=300)
def test_only_surrogates_that_stand_alone_are_replaced(text: str) -> None:
    """A pair is a character, and a backslash that is escaped begins no escape."""
    answer = customers(b'{"id":"cus_a","created":7,"name":"%s"}' % text.encode(), GOOD)
    meant = re.sub("[\ud800-\udfff]", BAD, json.loads(f'"{text}"'))
    assert [row.name for row in answer.participants] == [meant, None]
    assert answer.bad == []


def test_list_members_that_are_not_objects() -> None:
    answer = customers(b"null", b"12", b'"cus_x"', b"[]", b"{}", GOOD)
    assert keys(answer) == ["cus_good"]
    assert len(answer.bad) == 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"data":{}}',
        b'{"data":null,"has_more":false}',
        b'{"object":"list","data":[{"id":"cus_a","created":7}',
        b'{"object":"list","data":[{"id":"cus_a","crea',
        b"<html><body>Sign in to the hotel's network</body></html>",
        b"\xff\xfe\x00",
    ],
)
def test_bytes_that_are_no_list_of_stripe(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        LISTINGS["customers"].read_page(content)


@settings(max_examples=150)
@given(st.integers(0, 10_000), st.booleans())
def test_a_cut_page_is_never_taken_for_a_whole(cut: int, surrogate: bool) -> None:
    world = World(customers=4, seed=3, clock=lambda: 1_800_000_000)
    name = "\ud800" if surrogate else "Ada"
    body = {"data": [{**one, "name": name} for one in world.customers()], "has_more": True}
    content = json.dumps(body).encode()
    with pytest.raises(UnreadableAnswer):
        LISTINGS["customers"].read_page(content[: cut % len(content)])


@pytest.mark.parametrize("content", [b"[]", b"12", b"null", b'{"a":', b"<html>"])
def test_any_object_is_an_object(content: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        any_object(content)
    assert any_object(b'{"a":1}') == {"a": 1}


def test_the_place_in_a_list_is_that_of_its_last_object() -> None:
    read = LISTINGS["customers"].read_page
    bad_end = b'{"data":[%s,{"id":"cus_bad","created":"?"}],"has_more":true}' % GOOD
    assert read(bad_end).last == ("cus_bad", 7)
    assert read(b'{"data":[%s,12],"has_more":true}' % GOOD).last == ("cus_good", 7)
    assert read(b'{"data":[%s],"has_more":true}' % GOOD).last == ("cus_good", 7)
    assert read(b'{"data":[]}').last == (None, None)
    assert read(bad_end).has_more


def test_deleted_objects_come_as_gone() -> None:
    for listing, table in [
        ("customers", "participant"),
        ("products", "product"),
        ("prices", "price"),
    ]:
        one = LISTINGS[listing]
        answer = one.rows(one.read_one(b'{"id":"x_1","object":"x","deleted":true}'), 3)
        assert answer.gone == [DeletedObject(table, "x_1")]
        assert (answer.participants, answer.products, answer.prices, answer.bad) == ([], [], [], [])


def subscription(**fields: Any) -> dict[str, Any]:
    price = {"id": "price_a", "product": "prod_a", "currency": "usd", "active": True}
    return {
        "id": "sub_a",
        "created": 7,
        "customer": "cus_a",
        "status": "active",
        "items": {"data": [{"id": "si_a", "price": price, "current_period_end": 9}]},
        **fields,
    }


def test_expanded_references_are_their_ids() -> None:
    one = subscription(customer={"id": "cus_a", "email": "a@example.com"})
    one["items"]["data"][0]["price"]["product"] = {"id": "prod_a", "name": "Widget"}
    answer = page("subscriptions", json.dumps(one).encode())
    plain = page("subscriptions", json.dumps(subscription()).encode())
    assert answer == plain
    assert answer.subscriptions[0].customer == "cus_a"
    assert answer.items[0].product == "prod_a"
    assert answer.bad == []


@pytest.mark.parametrize(
    "fields",
    [
        {"customer": None},
        {"customer": {"name": "no id"}},
        {"status": None},
        {"status": 1},
        {"items": []},
        {"items": {"data": [{"id": "si_a"}]}},
        {"items": {"data": [{"id": "si_a", "price": {"id": "price_a", "currency": "usd"}}]}},
        {"trial_end": 2**63},
    ],
)
def test_a_subscription_that_cannot_be_understood_is_set_aside_whole(
    fields: dict[str, Any],
) -> None:
    broken = json.dumps(subscription(**fields)).encode()
    answer = page("subscriptions", broken, json.dumps(subscription(id="sub_b")).encode())
    assert [row.stripe_id for row in answer.subscriptions] == ["sub_b"]
    assert {item.subscription for item in answer.items} == {"sub_b"}
    assert list(reasons(answer)) == ["sub_a"]


def test_nothing_is_kept_but_the_allow_list() -> None:
    """The sandbox plants a word in every field that must not be stored."""
    world = World(customers=120, seed=4)
    lists = {
        "customers": list(world.customers()),
        "subscriptions": list(world.subscriptions()),
        "products": list(world.products()),
        "prices": list(world.prices()),
    }
    sent = json.dumps(lists)
    kept = ""
    for name, objects in lists.items():
        answer = page(name, *(json.dumps(one).encode() for one in objects))
        assert answer.bad == []
        kept += repr(answer)
    for planted in (PLANTED, "pm_", "card_", '"balance"', "line1", "919077"):
        assert planted in sent
        assert planted not in kept


def test_every_stored_field_of_each_object() -> None:
    (row,) = customers(
        b'{"id":"cus_a","created":7,"email":"e","name":"n","phone":"p","currency":"usd",'
        b'"metadata":{"a":"b"},"balance":5,"address":{"line1":"x"},"customer_account":"acct_a"}'
    ).participants
    assert tuple(row) == ("cus_a", "e", "n", "p", "usd", '{"a":"b"}', 7, "acct_a")
    made = subscription(
        start_date=1, trial_end=2, cancel_at=3, canceled_at=4, ended_at=5, default_source="card_1"
    )
    answer = page("subscriptions", json.dumps(made).encode())
    (row_of_it,) = answer.subscriptions
    assert tuple(row_of_it) == ("sub_a", "cus_a", "active", 7, 1, 2, 3, 4, 5, False)
    pause = {"behavior": "void", "resumes_at": 1_900_000_000, "note": PLANTED}
    paused = page("subscriptions", json.dumps({**made, "pause_collection": pause}).encode())
    assert paused.subscriptions == [row_of_it._replace(collection_paused=True)]
    assert tuple(answer.items[0]) == ("sub_a", "si_a", "price_a", "prod_a", 9)
    assert [row.stripe_id for row in answer.prices] == ["price_a"], (
        "inline prices stand nowhere else"
    )
    (sold,) = page(
        "prices",
        b'{"id":"price_a","product":"prod_a","nickname":"n","active":false,"currency":"eur",'
        b'"unit_amount":1200,"recurring":{"interval":"month","interval_count":3,'
        b'"usage_type":"metered"}}',
    ).prices
    assert tuple(sold) == ("price_a", "prod_a", "n", False, "eur", 1200, "month", 3)


def test_every_field_that_is_read_of_a_customer_is_stored() -> None:
    """A field that the parser reads and the row has may still be lost between the two."""
    sent = {
        "str": "text",
        "int": 7,
        "bool": False,
        "dict[str, str]": {"a": "b"},
        "list[str]": ["a"],
    }
    kinds = {name: kind.removesuffix(" | None") for name, kind in Customer.__annotations__.items()}
    full = {**{name: sent[kind] for name, kind in kinds.items()}, "object": "customer"}
    (row,) = customers(json.dumps(full).encode()).participants
    assert [name for name, value in row._asdict().items() if value is None] == []


def test_what_is_of_another_kind_or_mode_is_set_aside() -> None:
    read = LISTINGS["customers"].read_page
    found = read(
        b'{"data":[%s,{"id":"sub_a","object":"subscription","created":7,"customer":"cus_a"},'
        b'{"id":"cus_live","object":"customer","created":7,"livemode":true},'
        b'{"id":"cus_test","object":"customer","created":7,"livemode":false}],"has_more":true}'
        % GOOD
    )
    found.check_mode(livemode=False)
    assert [one.id for one in found.objects] == ["cus_good", "cus_test"]
    assert {one.id: one.reason for one in found.bad} == {
        "sub_a": "it is not a customer but “subscription”",
        "cus_live": "it belongs to live mode",
    }
    assert found.last == ("cus_test", 7)


@pytest.mark.parametrize("one", [b"{}", b'{"id":""}', b'{"id":null}', b'{"id":5}', b"[]"])
def test_nine_without_an_id_are_nine(one: bytes) -> None:
    answer = customers(*([one] * 9), GOOD)
    assert len({bad.stripe_id for bad in answer.bad}) == 9
    assert keys(answer) == ["cus_good"]
    again = customers(*([one] * 9), GOOD)
    assert answer.bad == again.bad  # so that a page that is read again counts once


def test_long_ids_that_begin_alike_are_two() -> None:
    answer = customers(*(b'{"id":"%s%d","created":7}' % (b"c" * 300, n) for n in range(2)))
    assert len({bad.stripe_id for bad in answer.bad}) == 2
    assert max(len(bad.stripe_id) for bad in answer.bad) <= 255


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("field", [b"metadata", b"unknown"])
def test_one_that_no_parser_can_read_is_set_aside(opening: bytes, field: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    deep = b"%s1%s" % (opening * 100_000, closing * 100_000)
    one = b'{"id":"cus_deep","%s":%s,"name":"a \\"]]}} b","created":8}' % (field, deep)
    found = LISTINGS["customers"].read_page(
        b'{"object":"list","data":[%s,%s],"has_more":true}' % (GOOD, one)
    )
    assert [one.id for one in found.objects] == ["cus_good"]
    assert [(bad.id, bad.reason) for bad in found.bad] == [("cus_deep", "it is nested too deeply")]
    assert (found.has_more, found.last) == (True, ("cus_deep", 8))
    alone = LISTINGS["customers"].read_one(one)
    assert [bad.id for bad in alone.bad] == ["cus_deep"]


def test_the_customer_of_a_subscription_that_is_set_aside_is_known() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    answer = page(
        "subscriptions",
        json.dumps(subscription(status=1)).encode(),
        json.dumps(subscription(id="sub_b", trial_end=2**63)).encode(),
        b'{"id":"sub_c","created":7,"customer":{"id":"cus_c"},"items":%s}' % deep,
    )
    owners = {bad.stripe_id: bad.customer for bad in answer.bad}
    assert owners == {"sub_a": "cus_a", "sub_b": "cus_a", "sub_c": "cus_c"}
