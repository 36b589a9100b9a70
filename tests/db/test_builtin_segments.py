"""A built-in segment is one record: a database that exists gets a new one when it is opened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.db import segment_rules
from app.db.engines.store_factory import open_store
from app.db.rows import Fetched
from app.db.segment_rules import BUILTIN, BuiltinSegment, SubscriptionMatch
from app.db.store import Store
from app.panel.audit.consistency import contradictions
from app.panel.segments.views import segments
from app.panel.segments.why import why
from app.settings import Settings
from tests.helpers.rows import (
    assert_exact,
    connection,
    item,
    make_segments,
    members,
    person,
    send,
    subscribed,
)
from tests.helpers.truth import KEYS

NEW = ("paused", "unpaid")


def test_they_are_these_in_this_order() -> None:
    assert tuple(BUILTIN) == KEYS


def held(store: Store, here: int) -> None:
    """People of all kinds; with two subscriptions, too."""
    kinds = {
        "cus_paused": [("paused", False)],
        "cus_collection": [("active", True)],
        "cus_both": [("active", True), ("paused", False)],
        "cus_pays": [("active", True), ("trialing", False)],
        "cus_unpaid": [("unpaid", False), ("canceled", False)],
        "cus_unpaid_paused": [("unpaid", True)],
        "cus_owes_and_pays": [("unpaid", False), ("past_due", False)],
        "cus_former": [("canceled", False)],
        "cus_active": [("active", False)],
        "cus_never": [],
    }
    rows = [
        subscribed(f"sub_{who}_{number}", who, status, collection_paused=paused)
        for who, some in kinds.items()
        for number, (status, paused) in enumerate(some)
    ]
    people = [person(who, email=None if "unpaid" in who else who) for who in kinds]
    items = [item(row.stripe_id, "prod_a") for row in rows]
    send(store, here, Fetched(1, participants=people, subscriptions=rows, items=items))


def test_who_is_paused_and_who_is_unpaid(store: Store) -> None:
    here = connection(store)
    make_segments(store, here)
    held(store, here)
    found = members(store, here)
    assert found["paused"] == {"cus_paused", "cus_collection", "cus_both", "cus_unpaid_paused"}
    assert found["unpaid"] == {"cus_unpaid", "cus_unpaid_paused"}
    assert found["active"] == {"cus_collection", "cus_both", "cus_pays", "cus_active"}
    assert_exact(store, here)
    resumed = subscribed("sub_cus_collection_0", "cus_collection", "active")
    send(store, here, Fetched(2, subscriptions=[resumed]))
    assert "cus_collection" not in members(store, here)["paused"]
    assert_exact(store, here)


def back(store: Store) -> None:
    """As the version before had it."""
    with store.transaction():
        store.execute(f"DELETE FROM segment WHERE key IN ({', '.join('?' * len(NEW))})", NEW)


def several(store: Store) -> tuple[int, int, int]:
    """Accounts: two with segments, one whose subscriptions were not read yet."""
    first, second, early = (connection(store) for _ in range(3))
    for here in (first, second):
        make_segments(store, here)
    for here in (first, second, early):
        held(store, here)
    return first, second, early


def test_an_older_database_has_them_when_it_is_opened(settings: Settings) -> None:
    """Also for who has it open in between."""
    reader = open_store(settings)
    first, second, early = several(reader)
    before = [members(reader, here) for here in (first, second)]
    back(reader)
    assert not set(NEW) & members(reader, first).keys()
    store = open_store(settings)
    for one in (reader, store):
        assert [members(one, here) for here in (first, second)] == before
        assert members(one, early).keys() == {"all"}
        for here in (first, second, early):
            assert_exact(one, here)
            assert [*contradictions(one, here, by_subscription=here != early)][-1] == []
        one.close()


def test_nothing_is_said_of_before(settings: Settings) -> None:
    """Nobody knows since when those were paused who were found when the segment was made."""
    store = open_store(settings)
    here, *_ = several(store)
    (row,) = store.row(
        "SELECT id FROM participant WHERE connection_id = ? AND stripe_id = 'cus_paused'", (here,)
    )
    back(store)
    store.execute("UPDATE connection SET connected_at = 7")
    store.execute("UPDATE cause SET at = 7")
    store.close()
    store = open_store(settings)
    sentence = why(store, row, "paused").sentence
    assert "or earlier, as a sync found" in sentence
    assert "first sync" not in sentence
    store.close()


def test_opened_by_several_at_once(settings: Settings) -> None:
    store = open_store(settings)
    first, second, _ = several(store)
    back(store)
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_store(settings), range(4)))
    for here in (first, second):
        assert_exact(store, here)
    assert store.row("SELECT count(*) FROM cause WHERE type = 'made'") == (2,)
    for one in (store, *opened):
        one.close()


def test_a_new_record_is_all_that_a_new_segment_takes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made, counted, listed, ordered and explained, for who is in it and who is not."""
    store = open_store(settings)
    here = connection(store)
    make_segments(store, here)
    held(store, here)
    store.close()
    some = SubscriptionMatch(("incomplete",))
    words = "at least one subscription is incomplete"
    record = BuiltinSegment("incomplete", "Incomplete", words, some, wanted="is incomplete")
    monkeypatch.setitem(segment_rules.BUILTIN, "incomplete", record)
    store = open_store(settings)
    began = subscribed("sub_new", "cus_never", "incomplete")
    send(store, here, Fetched(2, subscriptions=[began]))
    assert members(store, here)["incomplete"] == {"cus_never"}
    (view,) = (one for one in segments(store, here) if one.key == "incomplete")
    assert (view.name, view.kind, view.rule, view.count) == ("Incomplete", "builtin", words, 1)
    for row, who in store.rows("SELECT id, stripe_id FROM participant"):
        answer = why(store, row, "incomplete")
        assert answer.member == (who == "cus_never")
        assert answer.sentence.startswith(("In Incomplete: ", "Not in Incomplete: "))
    store.close()


def test_both_forms_of_a_match_agree(store: Store) -> None:
    """In Python, for one person's case, and in SQL, for everyone."""
    here = connection(store)
    statuses = ("active", "paused", "canceled", "unpaid", "brand_new")
    kinds = [(status, paused) for status in statuses for paused in (False, True)]
    rows = [
        subscribed(f"sub_{number}", "cus_a", status, collection_paused=paused)
        for number, (status, paused) in enumerate(kinds)
    ]
    send(store, here, Fetched(1, subscriptions=rows))
    for segment in BUILTIN.values():
        for match in filter(None, (segment.some, segment.none)):
            for one in (match, replace(match, paused="counts"), replace(match, paused="excluded")):
                found = store.rows(
                    "SELECT h.status, h.collection_paused FROM (SELECT id AS subscription_id,"
                    f" status, collection_paused FROM subscription) AS h WHERE {one.sql('h')}"
                )
                expected = {kind for kind in kinds if one.fits(*kind)}
                assert {(status, bool(paused)) for status, paused in found} == expected, one
