"""A database of an earlier version becomes one of this version, and loses nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app import paths
from app.db.connections import begin_listing, sync_state
from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.db.migrations import STEPS
from app.db.rows import (
    HELD,
    Fetched,
    ItemRow,
    ParticipantRow,
    PriceRow,
    ProductRow,
    SubscriptionRow,
)
from app.db.schema import VERSION
from app.db.store import Store
from app.invites.sending import reminders
from app.panel.segments import custom
from app.settings import Settings
from tests.conftest import new_database
from tests.helpers.earlier_versions import (
    BACK,
    back_to_1,
    back_to_5,
    back_to_6,
    back_to_7,
    back_to_9,
)
from tests.helpers.rows import (
    connection,
    item,
    make_segments,
    members,
    person,
    product,
    send,
    subscribed,
)
from tests.helpers.study_world import BY, account, queued, study
from tests.helpers.truth import assert_members_follow_rules


def shape(store: Store) -> set[tuple[str, ...]]:
    """Every table, index and view with what it is made of."""
    if store.postgres:
        columns = store.rows(
            "SELECT table_name, column_name, data_type, is_nullable, collation_name"
            " FROM information_schema.columns WHERE table_schema = 'public'"
        )
        keys = store.rows(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
        )
        indexes = store.rows("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
        return {tuple(row) for row in columns + indexes + keys}
    found = store.rows("SELECT type, name, sql FROM sqlite_master")
    shapes: set[tuple[str, ...]] = {
        (kind, name, " ".join((sql or "").replace('"', "").split()))
        for kind, name, sql in found
        if kind != "table"
    }
    for _, table, sql in (row for row in found if row[0] == "table"):
        shapes.add((table, sql[sql.rindex(")") :]))  # STRICT, WITHOUT ROWID
        for what in ("table_info", "foreign_key_list"):  # a column that was added comes last
            told = store.rows(f'PRAGMA {what}("{table}")')
            shapes |= {
                (table, what, *map(str, one[1:] if what == "table_info" else one)) for one in told
            }
    return shapes


def filled(store: Store) -> int:
    here = connection(store)
    answer = Fetched(
        1,
        participants=[person("cus_a"), person("cus_b", name="Bé"), person("cus_c")],
        products=[product("prod_a")],
        subscriptions=[subscribed("sub_a", "cus_a"), subscribed("sub_b", "cus_b", "canceled")],
        items=[item("sub_a", "prod_a")],
    )
    send(store, here, answer)
    return here


STRIPES: dict[str, type[ParticipantRow | SubscriptionRow | ItemRow | ProductRow | PriceRow]] = {
    "participant": ParticipantRow,
    "subscription": SubscriptionRow,
    "subscription_item": ItemRow,
    "product": ProductRow,
    "price": PriceRow,
}


def test_every_step_starts_from_a_version_that_is_tried() -> None:
    assert [one.__name__ for one in BACK] == [f"back_to_{version}" for version in sorted(STEPS)]


@pytest.mark.parametrize("back", BACK)
def test_an_earlier_version(
    settings: Settings,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    back: Callable[[Store], None],
) -> None:
    url = settings.database_url and new_database(request.getfixturevalue("postgres"))
    fresh = open_store(replace(settings, home=tmp_path / "fresh", database_url=url))
    store = open_store(settings)
    here = filled(store)
    store.execute("UPDATE connection SET generation = 2, settled = 2")
    back(store)
    tables = ("participant", "subscription", "subscription_item", "member", "segment")
    stripes = {table: columns(store, table) for table in STRIPES}
    before = {table: store.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}
    assert (shape(store) != shape(fresh)) is (back is not BACK[-1])  # which has the same tables
    store.close()
    store = open_store(settings)
    assert store.row("SELECT version FROM schema_version") == (VERSION,)
    assert shape(store) == shape(fresh)
    after = {table: store.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}
    # What a column was added to is otherwise as it was.
    for table in ("member", "segment", "subscription", "participant"):
        width = len(before[table][0])
        after[table] = [row[:width] for row in after[table]]
    assert after == before
    assert_members_follow_rules(store)
    if any(set(columns(store, table)) - set(had) for table, had in stripes.items()):
        assert sync_state(store, here).settled == -1  # only a full listing brings the new values


def columns(store: Store, table: str) -> list[str]:
    """The columns of a table that Stripe fills."""
    names = {one.name for one in store.database.get_columns(table)}
    return sorted(names & set(STRIPES[table]._fields))


def test_custom_segments_keep_who_is_in_them(settings: Settings) -> None:
    """Those whose conditions are true of different subscriptions, and of different items."""
    store = open_store(settings)
    here = connection(store)
    answer = Fetched(
        1,
        participants=[person(f"cus_{key}", name="Zoe\u0308") for key in "abc"],
        products=[product("prod_a", "Pro"), product("prod_b", "Team")],
        prices=[
            PriceRow("price_y", "prod_a", None, True, "eur", 100, "year"),
            PriceRow("price_m", "prod_b", None, True, "eur", 100, "month"),
        ],
        subscriptions=[
            *(subscribed("sub_1", "cus_a"), subscribed("sub_2", "cus_a", "canceled")),
            *(subscribed("sub_3", "cus_b"), subscribed("sub_4", "cus_c", "canceled")),
        ],
        items=[
            *(item("sub_1", "prod_b", price="price_m"), item("sub_2", "prod_a", price="price_y")),
            item("sub_3", "prod_a", price="price_y"),
            ItemRow("sub_3", "si_other", "price_m", "prod_b", None),
            item("sub_4", "prod_a", price="price_y"),
        ],
    )
    send(store, here, answer)
    make_segments(store, here)
    expected = {
        'status:"active" AND product:"Pro"': {"cus_a", "cus_b"},
        "subscription(product:Pro interval:month)": {"cus_b"},
        'NOT (status:active AND product:"Pro")': {"cus_c"},
        "has:subscription status!=active": {"cus_c"},
    }
    everyone = {"cus_a", "cus_b", "cus_c"}
    before = {**expected, 'name:"ZO\u00cb"': set(), '-name:"ZO\u00cb"': everyone}
    expected |= {'name:"ZO\u00cb"': everyone, '-name:"ZO\u00cb"': set()}  # Zoë, in two signs
    keys = {}
    for number, rule in enumerate(expected):
        keys[rule] = custom.make(store, here, f"Segment {number}", "in:all")
        store.execute(
            "UPDATE segment SET rule = ?, filling = false WHERE key = ?", (rule, keys[rule])
        )
        store.execute(
            "DELETE FROM member WHERE segment_id = (SELECT id FROM segment WHERE key = ?)"
            f" AND NOT participant_id IN (SELECT id FROM participant WHERE"
            f" {store.among('stripe_id')})",
            (keys[rule], store.values(sorted(before[rule]))),
        )
    back_to_6(store)
    store.close()
    store = open_store(settings)
    custom.keep(store, here)
    found = members(store, here)
    assert {rule: found.get(keys[rule], set()) for rule in expected} == expected
    again: dict[str, str] = dict(store.rows("SELECT key, rule FROM segment WHERE kind = 'own'"))
    assert again[keys['status:"active" AND product:"Pro"']] == (
        'subscription(status:"active") AND subscription(product:"Pro")'
    )
    assert not store.rows("SELECT 1 FROM segment WHERE filling")


def test_a_reminder_has_a_message_id_of_its_own(settings: Settings) -> None:
    """Until version 9 a reminder by email replaced the Message-ID of its invite."""
    store = open_store(settings)
    here = account(store, 2)
    key = study(store, here)
    queued(store, key)
    store.execute("UPDATE invite SET state = 'sent', sent_at = 1, message_id = '<a>'")
    reminders.queue(store, key, "smtp", 2, BY)
    store.execute(
        "UPDATE invite SET reminder = 'sent', reminded_at = 2"
        " WHERE id = (SELECT min(id) FROM invite)"
    )
    back_to_9(store)
    store.close()
    store = open_store(settings)
    found = store.rows("SELECT message_id, reminder_message_id FROM invite ORDER BY id")
    assert found == [(None, "<a>"), ("<a>", None)]
    assert store.rows("SELECT server FROM run") == [(None,), (None,)]
    store.close()


def test_the_next_sync_lists_once_more_what_was_listed(settings: Settings) -> None:
    """What a version stored that did not look at it says of no subscription that it is paused."""
    store = open_store(settings)
    listed, never = filled(store), connection(store)
    make_segments(store, listed)
    store.execute("UPDATE connection SET status = 'complete', generation = 2, settled = 2"
                  " WHERE id = ?", (listed,))  # fmt: skip
    store.execute("UPDATE subscription SET status = 'unpaid' WHERE stripe_id = 'sub_b'")
    back_to_5(store)
    store.close()
    store = open_store(settings)
    assert sync_state(store, listed).status == "complete"  # nothing is taken away in between
    assert sync_state(store, listed).due
    assert not replace(sync_state(store, never), status="complete").due
    assert members(store, listed)["unpaid"] == {"cus_b"}
    begin_listing(store, listed, 7, [])
    assert not sync_state(store, listed).due
    assert sync_state(store, listed).settled < sync_state(store, listed).generation
    store.close()


def test_subscriptions_are_known_where_their_segments_were_made(settings: Settings) -> None:
    store = open_store(settings)
    listed, never, lost = filled(store), connection(store), connection(store)
    for here in (listed, lost):
        make_segments(store, here)
    store.execute(
        "UPDATE step SET state = 'skipped' WHERE connection_id = ? AND name = 'subscriptions'",
        (lost,),
    )
    back_to_7(store)
    store.close()
    store = open_store(settings)
    known: dict[int, bool] = dict(store.rows("SELECT id, subscriptions_known FROM connection"))
    assert {key: bool(one) for key, one in known.items()} == {
        listed: True,
        never: False,
        lost: False,
    }
    store.close()


def test_a_copy_is_kept_of_what_was_there(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    filled(store)
    back_to_1(store)
    store.close()
    open_store(sqlite_settings).close()
    file = paths.database(sqlite_settings.home)
    copy = file.with_name(f"{file.name}.version-1")
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not copy.with_name(copy.name + ".part").exists()
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
        assert kept.execute("SELECT count(*) FROM participant").fetchall() == [(3,)]


def test_one_that_fails_leaves_all_as_it_was(sqlite_settings: Settings) -> None:
    """The view that the step takes away is missing: nothing of the step may remain."""
    store = open_store(sqlite_settings)
    filled(store)
    back_to_1(store)
    store.execute("DROP VIEW belongs")
    store.close()
    with pytest.raises(DatabaseProblem):
        open_store(sqlite_settings)
    with closing(sqlite3.connect(paths.database(sqlite_settings.home))) as left:
        assert left.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
        names = {name for (name,) in left.execute("SELECT name FROM sqlite_master")}
        assert "subscription_connection_id_customer" in names
        assert HELD not in names
