"""Why someone moved, in words: from the segments that one cause changed at once."""

from __future__ import annotations

import pytest

from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.panel.daily_changes import DAY, daily_changes
from app.panel.segments.move_words import SegmentMove, move_reasons, span
from app.panel.segments.moves import segment_moves
from tests.db.test_history import happened, told
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed

FIRST = 1_750_000_000
MONTH = 30 * DAY


class Story:
    """An account with a customer who holds one subscription to Pro."""

    def __init__(self, store: Store, status: str) -> None:
        self.store, self.here, self.seq, self.at = store, connection(store), 1, FIRST
        store.execute("UPDATE connection SET events_through = ?, generation = 1", (FIRST,))
        start = FIRST - 14 * MONTH - 10 * DAY
        held = [subscribed("sub_a", "cus_a", status, start=start)] if status else []
        send(
            store,
            self.here,
            Fetched(
                1,
                participants=[person("cus_a")],
                products=[product("prod_a", "Pro"), product("prod_b", "Team")],
                subscriptions=held,
                items=[item("sub_a", "prod_a")] if held else [],
            ),
        )
        make_segments(store, self.here)

    def then(self, status: str, *, plan: str = "prod_a", **fields: int | None) -> None:
        """A day later Stripe tells that the subscription changed."""
        self.seq, self.at = self.seq + 1, self.at + DAY
        start = fields.pop("start", FIRST - 14 * MONTH - 10 * DAY)
        rows = [subscribed("sub_a", "cus_a", status, start=start, **fields)]
        event = told("customer.subscription.updated", self.at, str(self.seq))
        items = [item("sub_a", plan)]
        happened(self.store, self.here, self.seq, event, subscriptions=rows, items=items)

    def words(self, key: str) -> str:
        """Why the last move of a segment happened."""
        moves = segment_moves(self.store, self.here, key)
        last = SegmentMove(moves.ids[-1], key, moves.at[-1], bool(moves.joined[-1]))
        (said,) = move_reasons(self.store, self.here, [last])
        return said.words


@pytest.mark.parametrize(
    ("before", "after", "left", "joined", "said"),
    [
        ("trialing", "active", "trialing", "active", "trial became Pro"),
        ("trialing", "canceled", "trialing", "canceled", "trial of Pro ended"),
        ("active", "past_due", "active", "past_due", "payment for Pro failed"),
        ("past_due", "active", "past_due", "active", "paid for Pro"),
        ("past_due", "canceled", "past_due", "canceled", "Pro ended after failed payments"),
        ("active", "unpaid", "active", "unpaid", "Pro is unpaid"),
        ("active", "paused", "active", "paused", "paused Pro"),
        ("paused", "active", "paused", "active", "resumed Pro"),
        ("active", "canceled", "active", "canceled", "canceled Pro after 14 months"),
        ("", "active", "none", "active", "started Pro"),
        ("", "trialing", "none", "trialing", "started a trial of Pro"),
    ],
)
def test_a_move_says_what_happened(
    store: Store, before: str, after: str, left: str, joined: str, said: str
) -> None:
    story = Story(store, before)
    ended = story.at + DAY if after == "canceled" else None
    story.then(after, ended_at=ended, canceled_at=ended)
    assert story.words(left) == story.words(joined) == said


def test_who_comes_back_says_after_how_long(store: Store) -> None:
    story = Story(store, "active")
    story.then("canceled", ended_at=FIRST + DAY)
    story.at += 60 * DAY
    story.then("active", start=FIRST + 62 * DAY)
    assert story.words("active") == "came back to Pro after 2 months"


def test_a_change_of_products_names_both(store: Store) -> None:
    story = Story(store, "active")
    story.then("active", plan="prod_b")
    assert story.words("product:prod_a") == "changed from Pro to Team"
    assert story.words("product:prod_b") == "changed from Pro to Team"


def test_who_is_deleted_and_who_is_new(store: Store) -> None:
    story = Story(store, "active")
    new = told("customer.created", FIRST + 5, "cus_b")
    happened(store, story.here, 7, new, participants=[person("cus_b")])
    assert story.words("all") == "became a customer"
    gone = told("customer.deleted", FIRST + 9, "cus_a")
    happened(store, story.here, 8, gone, gone=[DeletedObject("participant", "cus_a")])
    assert story.words("active") == story.words("all") == "deleted in Stripe"


def test_spans_are_in_their_largest_unit() -> None:
    spans = [span(FIRST, FIRST + days * DAY) for days in (0, 1, 9, 31, 430, 800)]
    assert spans == ["less than a day", "1 day", "9 days", "1 month", "14 months", "2 years"]


def test_the_subscriptions_of_each_day(store: Store) -> None:
    story = Story(store, "active")
    now = FIRST + 5 * DAY
    rows = [
        subscribed("sub_b", "cus_a", "canceled", start=now - DAY, ended_at=now),
        subscribed("sub_c", "cus_a", "active", start=now),
        subscribed("sub_d", "cus_a", "active", start=now + DAY),  # starts later
        subscribed("sub_e", "cus_a", "active", created=now - 2 * DAY),
    ]
    send(store, story.here, Fetched(2, subscriptions=rows))
    found = daily_changes(store, story.here, 4, now)
    assert [(one.started, one.ended) for one in found] == [(0, 0), (1, 0), (1, 0), (1, 1)]
    assert found[-1].at == now // DAY * DAY
