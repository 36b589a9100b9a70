"""Why someone is in a segment or not: the verdict is the rules', the facts are the rows'."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.db.apply import deliver
from app.db.rows import DeletedObject, EventRow, Fetched, SyncDelivery
from app.db.segment_rules import BUILTIN, belonging
from app.db.store import Store
from app.panel.segments.why import why
from tests.helpers.panel_history import PRODUCTS, Panel
from tests.helpers.rows import (
    connection,
    item,
    make_segments,
    person,
    price,
    product,
    send,
    subscribed,
)


def on(day: int, month: int, year: int = 2026) -> int:
    return calendar.timegm((year, month, day, 12, 0, 0))


NOW = on(1, 12)
FIRST = on(11, 5)  # the first sync
BEGAN = on(2, 1)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Told:
    """One person, to whom things happen, and the answers about her."""

    def __init__(self, store: Store) -> None:
        self.store, self._seq = store, 1
        self.here = connection(store)
        store.execute(
            "UPDATE connection SET events_through = ?, generation = 1 WHERE id = ?",
            (FIRST, self.here),
        )
        send(
            store,
            self.here,
            Fetched(
                1,
                participants=[person("cus_a", created=on(3, 2, 2024))],
                products=[product("prod_a", "Pro"), product("prod_b", "Basic")],
                prices=[
                    price("price_prod_a"),
                    price("price_prod_b", interval="year", product="prod_b"),
                ],
            ),
        )

    def first(self, *held: Any, items: Any = ()) -> None:
        """What the first sync finds."""
        self._seq += 1
        send(self.store, self.here, Fetched(self._seq, subscriptions=[*held], items=[*items]))
        make_segments(self.store, self.here)

    def event(self, kind: str, at: int, **rows: Any) -> None:
        self._seq += 1
        event = EventRow(f"evt_{self._seq}", at, kind, "x")
        answer = Fetched(self._seq, event=event, **rows)
        deliver(self.store, self.here, [SyncDelivery([answer], events=[event])])

    def listed(self, at: int, **rows: Any) -> None:
        """What a later full listing finds."""
        self.store.execute(
            "UPDATE connection SET events_through = ?, generation = generation + 1 WHERE id = ?",
            (at, self.here),
        )
        self._seq += 1
        send(self.store, self.here, Fetched(self._seq, **rows))

    def why(self, key: str) -> str:
        (row,) = self.store.row(
            "SELECT id FROM participant WHERE connection_id = ? AND stripe_id = 'cus_a'",
            (self.here,),
        )
        return why(self.store, row, key, now=NOW).sentence


def pro(status: str = "active", key: str = "sub_1", **more: Any) -> dict[str, Any]:
    """A subscription to Pro, as rows."""
    return {
        "subscriptions": [subscribed(key, "cus_a", status, **{"start": BEGAN, **more})],
        "items": [item(key, "prod_a")],
    }


def basic(status: str = "active", key: str = "sub_2", **more: Any) -> dict[str, Any]:
    rows = pro(status, key, **more)
    return {**rows, "items": [item(key, "prod_b")]}


def both(*some: dict[str, Any]) -> dict[str, Any]:
    return {name: [row for one in some for row in one[name]] for name in ("subscriptions", "items")}


CREATED, UPDATED = "customer.subscription.created", "customer.subscription.updated"
DELETED = "customer.subscription.deleted"
GONE = {"gone": [DeletedObject("participant", "cus_a")]}
ENDED: dict[str, Any] = {"canceled_at": on(3, 2), "ended_at": on(3, 2)}

# What the first sync finds; what then happens as (type, when, rows); segment; the sentence.
CASES: list[tuple[dict[str, Any], list[tuple[str, int, dict[str, Any]]], str, str]] = [
    ({}, [], "all", "In All Customers: a customer since 3 Feb 2024 who was not deleted; a member"
     " at least since the first sync on 11 May."),
    ({}, [], "none", "In Never Subscribed: no subscription of any status; a member at least"
                     " since the first sync on 11 May."),
    ({}, [], "active", "Not in Active Subscribers: there is no subscription."),
    ({}, [], "canceled", "Not in Former Subscribers: there is no subscription."),
    ({}, [], "product:prod_a", "Not in Pro: there is no subscription."),
    ({}, [], "product:prod_zz", "Not in prod_zz: the product has no segment, because it is"
                                " unknown or subscriptions were not synced."),
    (pro(), [], "active", "In Active Subscribers: the subscription (Pro, monthly) is active and"
     " began on 2 Jan; a member at least since the first sync on 11 May."),
    (pro(), [], "product:prod_a", "In Pro: the subscription (Pro, monthly) is active and began on"
     " 2 Jan; a member at least since the first sync on 11 May."),
    (pro(), [], "product:prod_b", "Not in Basic: no subscription has this product."),
    (pro(), [], "none", "Not in Never Subscribed: the subscription (Pro, monthly) is active and"
     " began on 2 Jan."),
    (pro(), [], "trialing", "Not in Trialing: the only subscription (Pro, monthly) is active and"
     " began on 2 Jan."),
    (pro(), [], "canceled", "Not in Former Subscribers: the subscription (Pro, monthly) is active"
     " and began on 2 Jan."),
    (pro(cancel_at=on(5, 1, 2027)), [], "active", "In Active Subscribers: the subscription (Pro,"
     " monthly) is active and began on 2 Jan, to be canceled on 5 Jan 2027; a member at least"
     " since the first sync on 11 May."),
    ({}, [(CREATED, on(6, 6), pro())], "active", "In Active Subscribers: the subscription (Pro,"
     f" monthly) is active and began on 2 Jan; a member since 6 Jun ({CREATED})."),
    ({}, [(CREATED, on(6, 6), pro())], "none", "Not in Never Subscribed: the subscription (Pro,"
     " monthly) is active and began on 2 Jan; was a member at least from the first sync on 11 May"
     f" to 6 Jun ({CREATED})."),
    (pro(), [(DELETED, on(3, 8), pro("canceled", canceled_at=on(3, 8), ended_at=on(3, 8)))],
     "active", "Not in Active Subscribers: the only subscription (Pro, monthly) was canceled on"
     f" 3 Aug; was a member at least from the first sync on 11 May to 3 Aug ({DELETED})."),
    (pro(), [(DELETED, on(3, 8), pro("canceled", canceled_at=on(3, 8), ended_at=on(3, 8)))],
     "canceled", "In Former Subscribers: the subscription (Pro, monthly) was canceled on 3 Aug,"
     " and none is active, trialing or past due; a member since 3 Aug"
     f" ({DELETED})."),
    (pro(), [(DELETED, on(3, 8), pro("canceled", canceled_at=on(3, 8)))],
     "product:prod_a", "Not in Pro: no live subscription has this product, the subscription (Pro,"
     " monthly) was canceled on 3 Aug; was a member at least from the first sync on 11 May to"
     f" 3 Aug ({DELETED})."),
    (pro("canceled", **ENDED), [], "active", "Not in Active Subscribers: the only subscription"
     " (Pro, monthly) was canceled on 3 Feb."),
    (pro("canceled", canceled_at=on(3, 1), ended_at=on(3, 2)), [], "past_due", "Not in Past Due:"
     " the only subscription (Pro, monthly) was canceled on 3 Jan and ended on 3 Feb."),
    (pro("canceled"), [], "none", "Not in Never Subscribed: the subscription (Pro, monthly) was"
     " canceled."),
    (pro("trialing", trial_end=on(9, 12)), [], "trialing", "In Trialing: the subscription (Pro,"
     " monthly) is trialing until 9 Dec; a member at least since the first sync on 11 May."),
    (pro("trialing", trial_end=on(9, 12)), [], "active", "Not in Active Subscribers: the only"
     " subscription (Pro, monthly) is trialing until 9 Dec."),
    (pro("past_due"), [], "past_due", "In Past Due: the subscription (Pro, monthly) is past due"
     " and began on 2 Jan; a member at least since the first sync on 11 May."),
    (pro("paused"), [], "active", "Not in Active Subscribers: the only subscription (Pro,"
     " monthly) is paused."),
    (pro("paused"), [], "product:prod_a", "Not in Pro: no live subscription has this product, the"
     " subscription (Pro, monthly) is paused."),
    (pro("unpaid"), [], "canceled", "Not in Former Subscribers: the only subscription (Pro,"
     " monthly) is unpaid."),
    (pro("paused"), [], "paused", "In Paused: the subscription (Pro, monthly) is paused, and none"
     " is active, trialing or past due without a pause; a member at least since the first sync on"
     " 11 May."),
    (pro(collection_paused=True), [], "paused", "In Paused: the subscription (Pro, monthly) is"
     " active and began on 2 Jan, with its payment collection paused, and none is active, trialing"
     " or past due without a pause; a member at least since the first sync on 11 May."),
    (pro(), [], "paused", "Not in Paused: the subscription (Pro, monthly) is active and began on"
     " 2 Jan."),
    (pro("canceled", **ENDED), [], "paused", "Not in Paused: the only subscription (Pro, monthly)"
     " was canceled on 3 Feb."),
    (both(pro("unpaid"), basic("canceled", **ENDED)), [], "paused", "Not in Paused: none of 2"
     " subscriptions is paused or has its payment collection paused: one (Pro, monthly) is unpaid"
     " and one (Basic, yearly) was canceled on 3 Feb."),
    (both(pro("paused"), basic()), [], "paused", "Not in Paused: the subscription (Basic, yearly)"
     " is active and began on 2 Jan."),
    (pro(), [(UPDATED, on(3, 8), pro(collection_paused=True))], "paused", "In Paused: the"
     " subscription (Pro, monthly) is active and began on 2 Jan, with its payment collection"
     " paused, and none is active, trialing or past due without a pause; a member since 3 Aug"
     f" ({UPDATED})."),
    (pro(collection_paused=True), [(UPDATED, on(3, 8), pro())], "paused", "Not in Paused: the"
     " subscription (Pro, monthly) is active and began on 2 Jan; was a member at least from the"
     f" first sync on 11 May to 3 Aug ({UPDATED})."),
    (pro(collection_paused=True), [], "active", "In Active Subscribers: the subscription (Pro,"
     " monthly) is active and began on 2 Jan, with its payment collection paused; a member at"
     " least since the first sync on 11 May."),
    (pro("unpaid"), [], "unpaid", "In Unpaid: the subscription (Pro, monthly) is unpaid, and none"
     " is active, trialing or past due; a member at least since the first sync on 11 May."),
    (both(pro("unpaid"), basic("past_due")), [], "unpaid", "Not in Unpaid: the subscription"
     " (Basic, yearly) is past due and began on 2 Jan."),
    ({}, [], "unpaid", "Not in Unpaid: there is no subscription."),
    (pro("incomplete"), [], "none", "Not in Never Subscribed: the subscription (Pro, monthly)"
                                    " is incomplete because the first payment is missing."),
    (pro("incomplete_expired"), [], "active", "Not in Active Subscribers: the only subscription"
                                              " (Pro, monthly) expired because the first"
                                              " payment was never made."),
    (pro("brand_new\x1b[2J"), [], "active", "Not in Active Subscribers: the only subscription"
     " (Pro, monthly) is brand new\ufffd[2J."),
    (both(pro("canceled", **ENDED), basic("paused")), [], "active", "Not in Active Subscribers:"
     " none of 2 subscriptions is active: one (Pro, monthly) was canceled on 3 Feb and one (Basic,"
     " yearly) is paused."),
    (both(pro("canceled", **ENDED), basic("past_due")), [], "canceled", "Not in Former"
     " Subscribers: the subscription (Basic, yearly) is past due and began on 2 Jan."),
    (both(pro("canceled", **ENDED), basic("past_due")), [], "product:prod_a", "Not in Pro: no live"
     " subscription has this product, the subscription (Pro, monthly) was canceled on 3 Feb."),
    (both(pro(), basic(), pro("paused", "sub_3"), pro("unpaid", "sub_4")), [], "none", "Not in"
     " Never Subscribed: 4 subscriptions, one (Pro, monthly) is active and began on 2 Jan, one"
     " (Basic, yearly) is active and began on 2 Jan, and 2 more."),
    (both(pro(), pro("active", "sub_3")), [], "product:prod_a", "In Pro: 2 subscriptions, one"
     " (Pro, monthly) is active and began on 2 Jan and one (Pro, monthly) is active and began on"
     " 2 Jan; a member at least since the first sync on 11 May."),
    ({"subscriptions": [subscribed("sub_1", "cus_a", "paused")], "items": []}, [], "active",
     "Not in Active Subscribers: the only subscription (without a product) is paused."),
    ({"subscriptions": [subscribed("sub_1", "cus_a", "paused")],
      "items": [item("sub_1", f"prod_{one}") for one in "abxy"]}, [], "past_due",
     "Not in Past Due: the only subscription (Pro monthly + Basic yearly + 2 more) is paused."),
    (pro(), [("customer.deleted", on(3, 8), GONE)], "active", "Not in Active Subscribers: the"
     " customer was deleted in Stripe on 3 Aug; was a member at least from the first sync on"
     " 11 May to 3 Aug (customer.deleted)."),
    (pro(), [("customer.deleted", on(3, 8), GONE)], "all", "Not in All Customers: the customer was"
     " deleted in Stripe on 3 Aug; was a member at least from the first sync on 11 May to 3 Aug"
     " (customer.deleted)."),
    ({}, [("customer.deleted", on(3, 8), GONE)], "product:prod_a", "Not in Pro: the customer was"
     " deleted in Stripe."),
    (pro(), [("product.updated", on(3, 8), {"products": [product("prod_a", "Old", False)]})],
     "product:prod_a", "In Old: the subscription (Old, monthly) is active and began on 2 Jan, and"
     " the product is archived; a member at least since the first sync on 11 May."),
    ({}, [("product.updated", on(3, 8), {"products": [product("prod_a", "x\u202ey", False)]})],
     "product:prod_a", "Not in x\ufffdy: there is no subscription, and the product is archived."),
    (pro(), [("product.deleted", on(3, 8), {"gone": [DeletedObject("product", "prod_a")]})],
     "product:prod_a", "Not in Pro: the product was deleted in Stripe; was a member at least from"
     " the first sync on 11 May to 3 Aug (product.deleted)."),
    (pro(), [(UPDATED, on(1, 6), pro("paused")), (UPDATED, on(1, 7), pro()),
             (UPDATED, on(1, 8), pro("paused"))],
     "active", "Not in Active Subscribers: the only subscription (Pro, monthly) is paused; was a"
     f" member from 1 Jul to 1 Aug ({UPDATED}), the last of 2 times."),
    (pro(), [("listing", on(1, 9), pro("unpaid"))], "active", "Not in Active Subscribers: the only"
     " subscription (Pro, monthly) is unpaid; was a member at least from the first sync on 11 May"
     " to 1 Sep."),
    (pro("paused"), [("listing", on(1, 9), pro())], "active", "In Active Subscribers: the"
     " subscription (Pro, monthly) is active and began on 2 Jan; a member since 1 Sep or"
     " earlier, as a sync found."),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_sentence(shared_store: Store, number: int) -> None:
    rows, events, key, sentence = CASES[number]
    told = Told(shared_store)
    told.first(*rows.get("subscriptions", ()), items=rows.get("items", ()))
    for kind, at, happened in events:
        if kind == "listing":
            told.listed(at, **happened)
        else:
            told.event(kind, at, **happened)
    assert told.why(key) == sentence


def test_without_subscriptions_it_is_said(store: Store) -> None:
    told = Told(store)
    assert told.why("active") == (
        "Not in Active Subscribers: the segment does not exist, because subscriptions"
        " were not synced."
    )


def test_nobody(store: Store) -> None:
    with pytest.raises(LookupError):
        why(store, 1, "all")


@pytest.mark.parametrize("seed", range(4))
def test_the_verdict_is_what_the_rules_say(shared_store: Store, seed: int) -> None:
    store = shared_store
    panel = Panel(store, seed, people=25)
    for _ in range(30):
        panel.happen()
    if seed % 2:
        panel.tell("product.deleted", panel.at, gone=[DeletedObject("product", "prod_a")])
    members = set(
        store.rows(
            "SELECT x.participant_id, g.key FROM ("
            + belonging("p.connection_id = ?")
            + ") x(participant_id, segment_id) JOIN segment g ON g.id = x.segment_id"
            if store.postgres
            else "WITH x(participant_id, segment_id) AS ("
            + belonging("p.connection_id = ?")
            + ") SELECT x.participant_id, g.key FROM x JOIN segment g ON g.id = x.segment_id",
            (panel.here,),
        )
    )
    keys = [*BUILTIN]
    keys += [f"product:{one}" for one in (*PRODUCTS, "prod_never")]
    for (row,) in store.rows("SELECT id FROM participant WHERE connection_id = ?", (panel.here,)):
        for key in keys:
            answer = why(store, row, key)
            assert answer.member == ((row, key) in members), answer.sentence
            assert answer.sentence.startswith("In " if answer.member else "Not in ")
            assert answer.sentence.endswith(".")
            assert "\x1b" not in answer.sentence
