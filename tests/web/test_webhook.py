"""Events over HTTP, down to the row that is left of them."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.db import connections, event_hints
from app.db.rows import EventRow
from app.db.store import Store
from app.settings import Settings
from app.sync.stripe.endpoints import EVENT_TYPES
from tests.helpers.webhook_client import (
    ACCOUNT,
    CANARY,
    NOW,
    OTHER,
    SECRET,
    Serving,
    account,
    event,
    http,
    serving,
    signed,
)

ROW = ("evt_1", NOW - 5, "customer.updated", "cus_1")


def test_a_good_event_leaves_a_hint(running: Serving, connection: int) -> None:
    answer = running.send(event())
    assert (answer.status_code, answer.text) == (200, "Stored.\n")
    assert running.hints == [(connection, *ROW)]
    assert event_hints.waiting(running.store, connection) == [EventRow(*ROW)], "for whoever syncs"


def test_a_replay_changes_nothing(running: Serving, connection: int, store: Store) -> None:
    body = event()
    for header in (signed(body), signed(body), signed(body, at=NOW - 200), signed(body, OTHER)):
        assert running.send(body, header).status_code == 200
    assert running.hints == [(connection, *ROW)]
    with store.transaction():
        event_hints.drop(store, connection, [EventRow(*ROW)])
        store.execute(
            "INSERT INTO seen_event (connection_id, stripe_id, created, type, object_id)"
            " VALUES (?, ?, ?, ?, ?)",
            (connection, *ROW),
        )
    assert running.send(body).status_code == 200
    assert running.hints == []


@pytest.mark.parametrize("kind", [kind for kinds in EVENT_TYPES.values() for kind in kinds])
def test_every_type_that_matters(on_sqlite: Serving, kind: str) -> None:
    assert on_sqlite.send(event(kind, "xyz_1")).text == "Stored.\n"
    assert [row[1:] for row in on_sqlite.hints] == [("evt_1", NOW - 5, kind, "xyz_1")]


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("invoice.paid", "in_1"),
        ("balance.available", None),
        ("customer.discount.created", "di_1"),
        ("plan.created", "plan_1"),
        ("customer", "cus_1"),
    ],
)
def test_other_types_have_no_effect(on_sqlite: Serving, kind: str, about: str | None) -> None:
    answer = on_sqlite.send(event(kind, about))
    assert (answer.status_code, answer.text.partition(":")[0]) == (200, "Ignored")
    assert on_sqlite.hints == []


# Whose it is


def test_who_it_belongs_to(store: Store, settings: Settings) -> None:
    test, live = account(store), account(store, live=True)
    other = account(store, "acct_1Other", live=True)
    with serving(store, settings) as here:
        cases: list[tuple[dict[str, Any], int | None]] = [
            ({"livemode": False}, test),
            ({"livemode": False, "account": ACCOUNT}, test),
            ({"livemode": False, "account": None}, test),
            ({"livemode": True, "account": ACCOUNT}, live),
            ({"livemode": True, "account": "acct_1Other"}, other),
            ({"livemode": True, "context": ACCOUNT}, live),
            ({"livemode": True}, None),  # whose of the two no one can know
            ({"livemode": False, "account": "acct_1Other"}, None),
            ({"livemode": True, "account": "acct_1Nobody"}, None),
            ({"livemode": False, "context": "acct_1Nobody"}, None),
        ]
        for number, (more, expected) in enumerate(cases):
            key = f"evt_{number}"
            answer = here.send(event(id=key, **more))
            assert answer.status_code == 200
            kept = [row[0] for row in here.hints if row[1] == key]
            assert kept == ([] if expected is None else [expected]), more


def test_of_nobody_it_has_no_effect_and_the_log_says_so(
    running: Serving, store: Store, connection: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app")
    assert running.send(event(livemode=True)).text == "Ignored.\n"
    connections.disconnect(store, connection, "by you")
    assert running.send(event()).text == "Ignored.\n"
    assert running.hints == []
    assert [one.message for one in caplog.records if "its account and mode" in one.message]
    assert ACCOUNT not in caplog.text


# What is no event


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"id": "evt_1\xff"}', "not UTF-8"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"", "not a JSON object"),
        (b"{", "not a JSON object"),
        (b"nonsense", "not a JSON object"),
        (event()[:-1], "not a JSON object"),
        (b'{"x": ' * 80_000, "not a JSON object"),
        (b"[" * 100_000, "not an event"),
        (b"[]", "not an event"),
        (b"{}", "not an event"),
        (b'"event"', "not an event"),
        (b'{"object": "customer", "id": "cus_1"}', "not an event"),
        (event(object="v2.core.event"), "not an event"),
        (event(object="customer"), "not an event"),
        (event(id=""), "not an event"),
        (event(id=7), "not an event"),
        (event(id="e" * 256), "not an event"),
        (event(created="yesterday"), "not an event"),
        (event(created=-1), "not an event"),
        (event(created=2**70), "not an event"),
        (event(created=True), "not an event"),
        (event(livemode="false"), "not an event"),
        (event(type=None), "not an event"),
        (event(data={}), "not an event"),
        (event(data={"object": "cus_1"}), "not an event"),
        (event(account=5), "not an event"),
        (event(about=None), "not an event"),
        (event(about=""), "not an event"),
        (event(data={"object": {"id": 5}}), "not an event"),
    ],
)
def test_what_is_no_event_is_refused_in_a_sentence(
    on_sqlite: Serving, body: bytes, words: str
) -> None:
    answer = on_sqlite.send(body)
    assert answer.status_code == 400
    assert words in answer.text
    assert answer.text.endswith(".\n")
    assert answer.text.count("\n") == 1
    assert on_sqlite.hints == []


def test_what_no_text_can_hold_does_not_stop_an_event(running: Serving, connection: int) -> None:
    """A name with half a pair of surrogates, as Stripe sends it; NUL, which PostgreSQL refuses."""
    body = event(about="cus_\0").replace(b'"2020-08-27"', rb'"\ud83d"')
    assert running.send(body).text == "Stored.\n"
    assert running.hints == [(connection, *ROW[:3], "cus_\N{REPLACEMENT CHARACTER}")]


# Who may not


@pytest.mark.parametrize(
    "header",
    [
        None,
        signed(event(), "whsec_wrongwrong"),
        signed(event(), at=NOW - 301),
        signed(event(), at=NOW + 301),
        signed(event()).replace("v1", "v0"),
    ],
    ids=["none", "wrong", "old", "future", "v0"],
)
def test_refused_counted_and_nothing_stored(
    running: Serving, header: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        answer = running.send(event(), header)
        assert answer.status_code == 400
        assert answer.text.endswith(".\n")
        assert answer.text.count("\n") == 1
        assert CANARY not in answer.text
        assert SECRET not in answer.text
    assert running.hints == []
    lines = [one.message for one in caplog.records if one.name == "app.web.rejections"]
    assert len(lines) == 1, "rate-limited"
    assert CANARY not in caplog.text
    assert "whsec" not in caplog.text


def test_both_known_secrets_are_good(running: Serving) -> None:
    for number, secret in enumerate((SECRET, OTHER)):
        body = event(id=f"evt_{number}")
        assert running.send(body, signed(body, secret)).text == "Stored.\n"
    assert len(running.hints) == 2


# Many


def test_a_burst_is_kept_whole(running: Serving, store: Store) -> None:
    """From many senders, each event twice; what was answered 200 is there."""
    bodies = [event(about=f"cus_{n}", id=f"evt_{n:03}") for n in range(120)] * 2
    with ThreadPoolExecutor(16) as many:
        answers = [*many.map(running.send, bodies)]
    assert {answer.status_code for answer in answers} == {200}
    assert [row[1] for row in running.hints] == [f"evt_{n:03}" for n in range(120)]


def test_the_snapshot_is_written_nowhere(
    settings: Settings, store: Store, running: Serving, connection: int
) -> None:
    running.send(event())
    running.send(event("invoice.paid"))
    running.send(event(livemode=True))
    assert running.hints
    if store.postgres:
        tables = store.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        written = repr([store.rows(f'SELECT * FROM "{name}"') for (name,) in tables]).encode()
    else:
        files = [file for file in settings.home.rglob("*") if file.is_file()]
        written = b"".join(file.read_bytes() for file in files)
    assert b"cus_1" in written
    for canary in (CANARY, SECRET, signed(event()).rpartition("=")[2]):
        assert canary.encode() not in written


# Other addresses


def test_anything_else_is_not_there(running: Serving) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/stripe/webhook"),
        ("PUT", "/stripe/webhook"),
        ("POST", "/stripe/webhook/"),
        ("POST", "/healthz"),
        ("GET", "/healthz/"),
        ("DELETE", "/%2e%2e/etc/passwd"),
        ("OPTIONS", "/stripe/webhook"),
    ):
        answer = http.request(method, running.url + path)
        assert (answer.status_code, answer.text) == (404, "Page not found.\n"), path
        assert "server" not in answer.headers
        assert "allow" not in answer.headers


def test_healthz(running: Serving, store: Store, connection: int) -> None:
    def health() -> object:
        answer = http.get(running.url + "/healthz")
        assert answer.status_code == 200
        assert ACCOUNT not in answer.text
        return json.loads(answer.text)

    assert health() == {"status": "pending", "last_polled_at": None, "who": "process 1"}
    with store.transaction():
        store.execute("UPDATE syncer SET who = 'process 4711 on secret-desk'")
        store.execute("UPDATE connection SET status = 'complete', last_polled_at = 1700000000")
    expected = {"status": "complete", "last_polled_at": 1_700_000_000, "who": "process 4711"}
    assert health() == expected


def test_a_fault_of_our_own_says_nothing(
    running: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(event_hints, "leave_hints", fault)
    answer = running.send(event())
    assert answer.status_code == 500
    assert CANARY not in answer.text
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("app.")]
    assert any("RuntimeError" in line for line in ours)
    assert not any(CANARY in line for line in ours)
    monkeypatch.undo()
    assert running.send(event()).text == "Stored.\n"
