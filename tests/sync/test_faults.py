"""Whatever fails on the way, the panel ends equal to Stripe or says where it stands."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.indexes import subscription_indexes
from app.db.store import Store
from app.panel.overview import overview
from app.panel.segments.views import segments
from app.sandbox.server.faults import Faults
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from app.sandbox.world.changes import random_change
from app.sandbox.world.seeded_customers import PLANTED
from app.settings import Settings
from app.sync.stripe.client import StripeProblem
from tests.helpers.sync_run import sync
from tests.helpers.truth import assert_equal, assert_members_follow_rules
from tests.helpers.warm_process import WarmProcess


def test_a_tenth_of_the_requests_failing(store: Store, settings: Settings) -> None:
    with Sandbox(customers=1_500, seed=21) as clean:
        asked = sum(sync(store, settings, clean).requests.values())
    other = open_store(Settings(home=settings.home / "other"))
    faults = Faults(seed=3, error_500=0.02, rate_429=0.02, cut_body=0.02, html=0.02, reset=0.02)
    with Sandbox(customers=1_500, seed=21, options=SandboxOptions(faults=faults)) as faulty:
        engine = sync(other, settings, faulty)
        connection = overview(other).connection
        assert connection
        assert_equal(faulty.world, other, connection.id)
        assert sum(faulty.statuses.values()) > 0
        # Usually 1.15 times as many. One full run of the suite took 1.8 times, not explained yet.
        assert sum(engine.requests.values()) <= 2.5 * asked


@pytest.mark.parametrize("nth", range(1, 40, 3))
def test_each_request_failing_for_good_keeps_the_place(sqlite_settings: Settings, nth: int) -> None:
    """The n-th and all later requests fail; started again, the sync goes on and ends equal."""
    store = open_store(sqlite_settings)
    with Sandbox(customers=450, seed=22) as sandbox:
        sync_until_failure(store, sqlite_settings, sandbox, nth)
        assert_members_follow_rules(store)
        sandbox.options.faults = Faults()
        sync(store, sqlite_settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert_equal(sandbox.world, store, view.connection.id)


def sync_until_failure(store: Store, settings: Settings, sandbox: Sandbox, nth: int) -> None:
    """A revoked key is the failure that is not tried again, so nothing has to be waited for."""
    count = 0

    def revoke(path: str, query: dict[str, object]) -> None:
        nonlocal count
        count += path != "/v1/account" and query.get("limit") != "1"
        sandbox.options.revoked = count >= nth

    sandbox.on_request = revoke
    with contextlib.suppress(StripeProblem):
        sync(store, settings, sandbox)
    if sandbox.options.revoked:
        view = overview(store)
        assert view.connection
        ended = (view.connection.status, view.connection.disconnect_reason)
        assert ended == ("disconnected", "by Stripe")
        assert "Disconnected. Access was revoked in Stripe" in view.messages[0].text
    sandbox.on_request = None
    sandbox.options.revoked = False


def test_missing_permission_skips_its_step_only(store: Store, settings: Settings) -> None:
    with Sandbox(customers=250, seed=23) as sandbox:
        sandbox.options.forbid = frozenset({"subscriptions"})
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        states = {step.name: step.state for step in view.steps}
        assert states == {
            "products": "done",
            "prices": "done",
            "subscriptions": "skipped",
            "segments": "done",
            "customers": "done",
        }
        assert "Subscriptions Read" in view.messages[0].text
        assert [one.key for one in segments(store, view.connection.id)] == ["all"]
        assert view.participants == 250
        assert not subscription_indexes.left_out(store)
        sandbox.options.forbid = frozenset()
        sync(store, settings, sandbox)
        assert_equal(sandbox.world, store, view.connection.id)


def test_permission_lost_later(store: Store, settings: Settings) -> None:
    with Sandbox(customers=60, seed=24) as sandbox:
        sync(store, settings, sandbox)
        world = sandbox.world
        customer = world.create_customer(name="Later")
        world.create_subscription(customer)
        sandbox.options.forbid = frozenset({"subscriptions"})
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.participants == 61
        assert any("lost the permission" in message.text for message in view.messages)
        sandbox.options.forbid = frozenset()
        sync(store, settings, sandbox)
        assert view.connection
        assert_equal(world, store, view.connection.id)


def test_poison_is_set_aside_and_the_rest_stored(store: Store, settings: Settings) -> None:
    with Sandbox(customers=400, seed=25, poison=True) as sandbox:
        sync(store, settings, sandbox)
        view = overview(store)
        assert view.connection
        assert view.connection.status == "complete"
        assert view.quarantined > 0
        assert view.participants + view.quarantined >= 400
        assert_members_follow_rules(store)


def test_nothing_planted_reaches_the_disk(sqlite_settings: Settings) -> None:
    store = open_store(sqlite_settings)
    with Sandbox(customers=300, seed=26) as sandbox:
        sync(store, sqlite_settings, sandbox)
        rng = random.Random(2)
        for _ in range(60):
            random_change(sandbox.world, rng)
        sync(store, sqlite_settings, sandbox)
        secrets = [PLANTED, "pm_", "card_", "fingerprint", sandbox.world.restricted_key]
        for file in sqlite_settings.home.iterdir():
            content = file.read_bytes().decode("utf-8", "replace")
            assert [one for one in secrets if one in content] == []


def command(sandbox: Sandbox, home: Path) -> subprocess.Popen[str]:
    return WarmProcess(
        *("app", "sync", "--once", "--json"),
        env={
            **os.environ,
            "PANELIST_HOME": str(home),
            "PANELIST_STATE": str(home / "state"),
            "PANELIST_STRIPE_API_BASE": sandbox.url,
            "PANELIST_STRIPE_KEY": sandbox.world.restricted_key,
            "PANELIST_STRIPE_RATE": "0",
        },
        stdout=subprocess.PIPE,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


KILLS = 5


def test_killed_at_any_moment(home: Path) -> None:
    """kill -9 after ever more requests, until the sync gets through; then all is equal, and
    only the pages in flight were asked for again."""
    with Sandbox(customers=8_000, seed=27) as sandbox:
        clean = open_store(Settings(home=home.with_name("clean")))
        ideal = sum(sync(clean, Settings(home=home), sandbox).requests.values())
        rng = random.Random(4)
        kills = 0
        process: subprocess.Popen[str] | None = None
        fatal = rng.randrange(8, 30)

        def kill(path: str, query: dict[str, object]) -> None:
            nonlocal fatal, kills
            fatal -= 1
            if kills < KILLS and fatal <= 0 and process and process.poll() is None:
                fatal = rng.randrange(8, 30)
                process.send_signal(signal.SIGKILL)
                kills += 1

        sandbox.on_request = kill
        sandbox.requests.clear()
        while True:
            process = command(sandbox, home)
            output, _ = process.communicate(timeout=60)
            if process.returncode == 0:
                break
        assert kills == KILLS
        assert json.loads(output.splitlines()[-1])["status"] == "complete"
        store = open_store(Settings(home=home))
        connection = overview(store).connection
        assert connection
        assert_equal(sandbox.world, store, connection.id)
        in_flight, start = 64, 8  # requests under way in two lists, and those of a start
        assert sum(sandbox.requests.values()) <= ideal + kills * (in_flight + start)
