"""From a pasted key to a connection, and every way in which a key is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.db import connections
from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.panel.overview import overview
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from app.settings import Settings
from app.sync.auth.connect import connect
from app.sync.auth.key_check import KeyProblem, KeyReport, check_key
from app.sync.stripe import client
from app.sync.stripe.client import ProblemKind
from tests.helpers.sync_run import sync

KEY = "rk_test_51Abcdefghijklmnop"
RESOURCES = ["customers", "subscriptions", "products", "prices", "events"]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(customers=3, seed=5) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """A sandbox that forbids nothing and was asked nothing yet."""
    running.options.forbid = frozenset()
    running.requests.clear()
    return running


def check(settings: Settings, sandbox: Sandbox, key: str | None = None) -> KeyReport:
    here = replace(settings, stripe_api_base=sandbox.url)
    return check_key(here, sandbox.world.restricted_key if key is None else key)


def refusal(settings: Settings, base: str, key: str) -> KeyProblem:
    """Why the key is refused; the sentence never gives any of it away."""
    with pytest.raises(KeyProblem) as caught:
        check_key(replace(settings, stripe_api_base=base), key)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    secret = key.strip()
    if len(secret) > 8:
        assert secret not in text
        assert secret[-6:] not in text
    return caught.value


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "No key was given"),
        ("  \n", "No key was given"),
        ("pk_live_51Abcdefghijklmnop", "publishable key"),
        ("whsec_51Abcdefghijklmnop", "does not look like"),
        ("rk_test_short", "does not look like"),
        ("rk_prod_51Abcdefghijklmnop", "does not look like"),
        ("sk_51Abcdefghijklmnop", "does not look like"),
        (f"{KEY} and more", "does not look like"),
        (f"{KEY}\r\nX-Injected: yes", "does not look like"),
        (f"{KEY}…", "does not look like"),
        ("rk_test_51Äbcdefghijklmnop", "does not look like"),
        ("rk_test_" + "x" * 241, "does not look like"),
        ("my dog's name is Rover1", "does not look like"),
        ("postgresql://ada:hunter2secret@host/db", "does not look like"),
    ],
)
def test_what_is_no_key_is_never_sent(
    sqlite_settings: Settings, sandbox: Sandbox, key: str, words: str
) -> None:
    problem = refusal(sqlite_settings, sandbox.url, key)
    assert words in str(problem)
    assert problem.kind is None
    assert not sandbox.requests


def test_a_restricted_key_says_what_it_may_and_whose_it_is(
    sqlite_settings: Settings, sandbox: Sandbox
) -> None:
    """Stripe refuses restricted keys the account object, and names the account as it does."""
    report = check(sqlite_settings, sandbox)
    assert report.account == sandbox.world.account_id
    assert (report.account_name, report.livemode, report.warnings) == (None, False, ())
    assert [one.name for one in report.permissions] == RESOURCES
    assert all(one.granted for one in report.permissions)
    assert sandbox.world.restricted_key not in repr(report)


def test_space_around_a_pasted_key_is_no_part_of_it(
    sqlite_settings: Settings, sandbox: Sandbox
) -> None:
    report = check(sqlite_settings, sandbox, f"  {sandbox.world.restricted_key}\r\n")
    assert report.account == sandbox.world.account_id


def test_a_secret_key_works_with_a_warning_and_knows_the_name(
    sqlite_settings: Settings, sandbox: Sandbox
) -> None:
    report = check(sqlite_settings, sandbox, sandbox.world.secret_key)
    assert (report.account, report.account_name) == (
        sandbox.world.account_id,
        sandbox.world.account_name,
    )
    assert len(report.warnings) == 1


def test_a_live_key_is_live(sqlite_settings: Settings) -> None:
    with Sandbox(customers=1, seed=5, live=True) as live:
        assert check(sqlite_settings, live).livemode


@pytest.mark.parametrize("resource", RESOURCES[1:])
def test_a_missing_permission_is_named_with_its_cost(
    sqlite_settings: Settings, sandbox: Sandbox, resource: str
) -> None:
    sandbox.options.forbid = frozenset({resource})
    report = check(sqlite_settings, sandbox)
    missing = [one for one in report.permissions if not one.granted]
    assert [one.name for one in missing] == [resource]
    assert missing[0].label == f"{resource.capitalize()} Read"
    assert missing[0].cost.startswith("without it")


def test_without_customers_a_key_is_refused(sqlite_settings: Settings, sandbox: Sandbox) -> None:
    sandbox.options.forbid = frozenset({"customers"})
    problem = refusal(sqlite_settings, sandbox.url, sandbox.world.restricted_key)
    assert "“Customers Read”" in str(problem)


def test_a_key_that_stripe_does_not_know(sqlite_settings: Settings, sandbox: Sandbox) -> None:
    for key in (KEY, KEY.replace("rk_", "sk_")):
        problem = refusal(sqlite_settings, sandbox.url, key)
        assert problem.kind is ProblemKind.INVALID_KEY


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (SandboxOptions(revoked=True), ProblemKind.REVOKED),
        (SandboxOptions(expired=True), ProblemKind.EXPIRED),
    ],
    ids=["revoked", "expired"],
)
def test_a_key_that_has_ended(
    sqlite_settings: Settings, options: SandboxOptions, kind: ProblemKind
) -> None:
    with Sandbox(customers=1, options=options) as sandbox:
        problem = refusal(sqlite_settings, sandbox.url, sandbox.world.restricted_key)
    assert problem.kind is kind


@contextmanager
def answering(status: int, content: bytes, *headers: tuple[str, str]) -> Iterator[str]:
    """A server that is not Stripe and gives every request the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for header in [*headers, ("Content-Length", str(len(content)))]:
                self.send_header(*header)
            self.end_headers()
            with suppress(ConnectionError):  # the first refusal ends the other requests
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


PORTAL = b"<html><form action=/login>Welcome to the hotel's network</form></html>"


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (200, PORTAL, [("Content-Type", "text/html")]),
        (302, b"", [("Location", "http://127.0.0.1:1/login")]),
        (200, b'{"logged_in":false}', []),
        (200, b'{"data":"please log in"}', []),
        (511, PORTAL, []),
        (403, PORTAL, []),
        (200, b"", []),
    ],
    ids=["page", "redirect", "json", "json with data", "511", "403 page", "empty"],
)
def test_a_captive_portal_is_not_taken_for_stripe(
    sqlite_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    content: bytes,
    headers: list[tuple[str, str]],
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)  # the pauses between nine attempts
    with answering(status, content, *headers) as base:
        assert refusal(sqlite_settings, base, KEY).kind is ProblemKind.UNREACHABLE


def test_a_refusal_of_another_kind_repeats_stripes_reason_without_the_key(
    sqlite_settings: Settings,
) -> None:
    reason = f"The API key {KEY} may not be used from 203.0.113.7."
    content = b'{"error":{"message":"%s"}}' % reason.encode()
    with answering(403, content) as base:
        problem = refusal(sqlite_settings, base, KEY)
    assert problem.kind is ProblemKind.REFUSED
    assert "may not be used from 203.0.113.7" in str(problem)


def test_nobody_there(sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    problem = refusal(sqlite_settings, "http://127.0.0.1:1", KEY)
    assert problem.kind is ProblemKind.UNREACHABLE


def report(account: str, *, livemode: bool = False) -> KeyReport:
    return KeyReport(account, None, livemode, ())


@pytest.mark.parametrize(
    "other", [report("acct_second"), report("acct_first", livemode=True)], ids=["other", "live"]
)
def test_another_account_is_refused_while_one_is_connected(store: Store, other: KeyReport) -> None:
    first = connect(store, report("acct_first"))
    with pytest.raises(KeyProblem, match=r"acct_first, test.*Disconnect it first"):
        connect(store, other)
    assert connections.connected(store) == [(first, "acct_first", False)]
    connections.disconnect(store, first, "by you")
    second = connect(store, other)
    assert second != first
    with pytest.raises(KeyProblem, match="Another account is connected"):
        connect(store, report("acct_first"))
    connections.disconnect(store, second, "by you")
    assert connect(store, report("acct_first")) == first


def test_the_same_account_connected_again_is_the_same(store: Store) -> None:
    first = connect(store, report("acct_first"))
    assert connect(store, replace(report("acct_first"), account_name="Named now")) == first
    assert connect(store, report("acct_first")) == first
    view = overview(store).connection
    assert view
    assert (view.status, view.account_name) == ("pending", "Named now")


def test_a_permission_granted_later_has_everything_listed_again(
    sqlite_settings: Settings, sandbox: Sandbox
) -> None:
    store = open_store(sqlite_settings)
    sandbox.options.forbid = frozenset({"products", "events"})
    sync(store, sqlite_settings, sandbox)
    again = connect(store, check(sqlite_settings, sandbox))
    assert connections.sync_state(store, again).status == "complete", "nothing new is granted"
    sandbox.options.forbid = frozenset()
    assert connect(store, check(sqlite_settings, sandbox)) == again
    assert connections.sync_state(store, again).status == "pending"
