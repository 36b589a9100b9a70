"""The days on which participants were created, as a first sync stores them."""

from __future__ import annotations

from app.db.apply import deliver
from app.db.engines.store_factory import open_store
from app.db.rows import Fetched, SyncDelivery, WindowRow
from app.panel.creation_days import DAY, MOST, CreationDays
from app.settings import Settings
from tests.helpers.rows import connection, person, send


def test_each_is_counted_once_by_its_day(settings: Settings) -> None:
    store = open_store(settings)
    here = connection(store)
    days = CreationDays(store, here)
    assert days.read() == ()
    first = [person(f"cus_{n}", created=at) for n, at in enumerate((5, DAY - 1, DAY))]
    send(store, here, Fetched(1, participants=first))
    assert days.read() == ((0, 2), (1, 1))
    more = [person("cus_0", created=5), person("cus_9", created=DAY + 7)]
    send(store, here, Fetched(2, participants=more))
    assert days.read() == ((0, 2), (1, 2))
    assert CreationDays(store, here).read() == days.read()


def test_a_large_panel_is_read_in_parts(settings: Settings) -> None:
    store = open_store(settings)
    here = connection(store)
    send(store, here, Fetched(1, participants=[person(f"cus_{n}") for n in range(MOST + 1)]))
    days = CreationDays(store, here)
    assert [number for _, number in days.read()] == [MOST]
    assert [number for _, number in days.read()] == [MOST + 1]


def test_what_is_missing_is_what_the_windows_of_customers_have_left(settings: Settings) -> None:
    store = open_store(settings)
    here = connection(store)
    windows = [
        WindowRow(1, "customers", 10 * DAY, 20 * DAY, None, None, 0.0),
        WindowRow(2, "customers", 20 * DAY, 40 * DAY, "cus_a", 30 * DAY, 1.0),
        WindowRow(3, "customers", None, 10 * DAY, None, None, 0.0),
        WindowRow(4, "subscriptions", None, 10 * DAY, None, None, 0.0),
    ]
    deliver(store, here, [SyncDelivery(open_windows=windows)])
    assert sorted(CreationDays(store, here).missing()) == [(0, 10), (10, 20), (20, 30)]
