"""Coming back to an account, and another one instead: what is the same, and what stays apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.credentials.store import CredentialProblem
from app.db.store import Store
from app.oauth.errors import OAuthProblem
from app.panel.participants import participants
from app.panel.segments.views import segments
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.auth.key_check import KeyProblem
from app.sync.stripe import client
from tests.helpers.approved_home import (
    app_of,
    block,
    code_for,
    connect,
    kept,
    known,
    once_asked,
    service,
    unblock,
    view,
)
from tests.sync.test_revoked_access import sync


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(customers=40, seed=69) as running:
        yield running


@pytest.fixture
def here(sandbox: Sandbox, settings: Settings) -> Settings:
    """Settings for the sandbox on either kind of database."""
    return known(sandbox, settings.home, database_url=settings.database_url)


def segment_rows(store: Store) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in store.rows("SELECT id, connection_id, key FROM segment"))


def people(store: Store, connection: int) -> list[str]:
    return [person["stripe_id"] for person in participants(store, connection)]


def test_the_same_account_is_listed_again_and_nothing_doubles(
    store: Store, sandbox: Sandbox, here: Settings
) -> None:
    """Changes that no one saw in between are seen; segments are the same rows as before."""
    office = service(store, here)
    first = connect(office)
    sync(office)
    before, counts = segment_rows(store), store.row("SELECT count(*) FROM participant")
    office.disconnect(view(store))
    sandbox.world.delete_customer(people(store, first.id)[0])
    new = sandbox.world.create_customer(email="new@example.org")
    again = connect(office)
    assert (again.id, again.status, again.disconnect_reason) == (first.id, "pending", None)
    sandbox.requests.clear()
    sync(office)
    assert sandbox.requests["GET /v1/customers"] >= 1
    assert view(store).status == "complete"
    assert segment_rows(store) == before
    assert store.row("SELECT count(*) FROM participant") == (counts[0] + 1,)
    assert new in people(store, first.id)
    assert len(people(store, first.id)) == 40
    assert {one.key: one.count for one in segments(store, first.id)}["all"] == 40


def test_a_key_then_oauth_is_one_connection_with_one_access(
    store: Store, sandbox: Sandbox, here: Settings
) -> None:
    office = service(store, here)
    office.connect(office.by_key(sandbox.world.restricted_key, keep=True))
    first = view(store)
    again = connect(office)
    assert (again.id, again.method) == (first.id, "oauth")
    held = kept(here, first.account)
    assert held
    assert set(held) >= {"access", "refresh"}
    assert len(office.credentials.names()) == 1


def test_another_account_is_refused_while_one_is_connected(
    store: Store, sandbox: Sandbox, here: Settings
) -> None:
    office = service(store, here)
    first = connect(office)
    with Sandbox(customers=3, seed=70) as other:
        elsewhere = service(store, known(other, here.home, database_url=here.database_url))
        with pytest.raises(KeyProblem, match=r"Disconnect it first\. Its participants") as caught:
            connect(elsewhere)
        assert first.account in str(caught.value)
        with pytest.raises(KeyProblem, match="Disconnect it first"):
            elsewhere.by_key(other.world.restricted_key, keep=True)
        assert office.credentials.names() == [f"stripe {first.account} test"]
    sync(office)
    assert view(store).status == "complete"


def test_accounts_and_modes_stay_apart(store: Store, sandbox: Sandbox, here: Settings) -> None:
    """The live account has the id of the test account, as at Stripe."""
    with ExitStack() as stack:
        live = Sandbox(customers=5, seed=69, live=True)
        other = Sandbox(customers=3, seed=70)
        seen: dict[int, list[str]] = {}
        for one in (sandbox, stack.enter_context(live), stack.enter_context(other)):
            office = service(store, known(one, here.home, database_url=here.database_url))
            connection = connect(office, one.world.livemode)
            sync(office)
            seen[connection.id] = people(store, connection.id)
            office.disconnect(view(store))
    assert [len(ids) for ids in seen.values()] == [40, 5, 3]
    assert live.world.account_id == sandbox.world.account_id
    for connection_id, ids in seen.items():
        assert people(store, connection_id) == ids
        everyone = {one.key: one.count for one in segments(store, connection_id)}["all"]
        assert everyone == len(ids)
    names = [view(store, number).account_name for number in seen]
    assert names == [one.world.account_name if name else None
                     for one, name in zip((sandbox, live, other), names, strict=True)]  # fmt: skip
    again = connect(service(store, here))
    assert again.id == next(iter(seen))


# What was kept before an attempt


@pytest.fixture
def connected(store: Store, sandbox: Sandbox, here: Settings) -> dict[str, Any]:
    """An account that is connected, and what is kept of it."""
    connection = connect(service(store, here))
    held = kept(here, connection.account)
    assert held
    return held


def test_a_code_that_fails_leaves_the_access_there_was(
    store: Store, sandbox: Sandbox, here: Settings, connected: dict[str, Any]
) -> None:
    office, app = service(store, here), app_of(here)
    with pytest.raises(OAuthProblem):
        office.by_code(app, "ac_NobodyGaveThis")
    assert kept(here, connected["account"]) == connected
    sync(office)


def test_an_approval_that_may_not_read_leaves_the_access_there_was(
    store: Store, sandbox: Sandbox, here: Settings, connected: dict[str, Any]
) -> None:
    office, app = service(store, here), app_of(here)
    sandbox.options.forbid = frozenset({"customers"})
    with pytest.raises(KeyProblem, match="Customers Read"):
        office.by_code(app, code_for(app))
    assert kept(here, connected["account"]) == connected
    sandbox.options.forbid = frozenset()
    sync(office)


def test_a_first_approval_that_may_not_read_leaves_nothing(
    store: Store, sandbox: Sandbox, here: Settings
) -> None:
    office, app = service(store, here), app_of(here)
    sandbox.options.forbid = frozenset({"customers"})
    with pytest.raises(KeyProblem):
        office.by_code(app, code_for(app))
    assert office.credentials.names() == []


def test_stripe_out_of_order_after_the_tokens(
    store: Store,
    sandbox: Sandbox,
    here: Settings,
    connected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    office, app = service(store, here), app_of(here)
    code = code_for(app)

    def spoil(path: str, _: object) -> None:
        sandbox.options.faults.error_500 = 0.0 if path == "/v1/oauth/token" else 1.0

    sandbox.on_request = spoil
    with pytest.raises(KeyProblem):
        office.by_code(app, code)
    assert kept(here, connected["account"]) == connected


def test_tokens_that_cannot_be_kept_connect_nothing(
    store: Store, sandbox: Sandbox, here: Settings
) -> None:
    office, app = service(store, here), app_of(here)
    office.credentials.ensure()
    code = code_for(app)
    once_asked(sandbox, "/v1/oauth/token", lambda: block(here))
    with pytest.raises(CredentialProblem) as caught:
        office.by_code(app, code)
    assert code not in str(caught.value)
    assert store.rows("SELECT 1 FROM connection") == []
    unblock(here)
    assert connect(office).status == "pending"


def test_another_panelist_was_faster(store: Store, sandbox: Sandbox, here: Settings) -> None:
    """Between the trial and the recording; nothing of the loser stays."""
    office = service(store, here)
    app = app_of(here)
    admitted = office.by_code(app, code_for(app))
    with Sandbox(customers=3, seed=70) as other:
        winner = service(store, known(other, here.home, database_url=here.database_url))
        connection = connect(winner)
    with pytest.raises(KeyProblem, match="Another account is connected"):
        office.connect(admitted)
    assert office.credentials.names() == [f"stripe {connection.account} test"]
