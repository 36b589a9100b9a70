"""Access that renews itself: in time, once for all who use it, and kept before it is used."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.credentials.factory import open_credentials
from app.sandbox.server.server import Sandbox
from app.settings import RequestRate, Settings
from app.sync.auth.oauth_app import registered
from app.sync.stripe.access import Access, kept_access, secret_name
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.oauth import Tokens, exchange, refresh
from app.sync.stripe.pages import any_object
from tests.helpers.approved_home import (
    TOKEN,
    app_of,
    block,
    code_for,
    kept,
    known,
    once_asked,
    unblock,
)
from tests.helpers.sandbox_client import Clock
from tests.helpers.warm_process import WarmProcess

HOUR = 3_601.0
RATE = RequestRate(None, None)
PATH = "/v1/oauth/token"
Pair = dict[str, Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(customers=1, seed=64, clock=clock) as running:
        yield running


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    """A home in which an account's tokens are kept."""
    here = known(sandbox, tmp_path / "home")
    app = app_of(here)
    tokens = asyncio.run(exchange(app, code_for(app)))
    open_credentials(here).put(secret_name(tokens.account, False), asdict(tokens))
    sandbox.requests.clear()
    return here


def access_of(settings: Settings, account: str) -> Access:
    """As another start of Panelist has it."""
    credentials = open_credentials(settings)
    found = kept_access(credentials, partial(registered, settings, credentials), account, False)
    assert found
    return found


@pytest.fixture
def access(settings: Settings, sandbox: Sandbox) -> Access:
    return access_of(settings, sandbox.world.account_id)


def pair(settings: Settings, sandbox: Sandbox) -> Pair:
    found = kept(settings, sandbox.world.account_id)
    assert found
    return found


async def ask(sandbox: Sandbox, access: Access, times: int = 1) -> list[int]:
    """Requests side by side; when Stripe answered each, on its clock."""
    async with StripeApi(sandbox.url, access, RATE) as api:
        asked = (api.page("/v1/customers", {"limit": 1}, any_object) for _ in range(times))
        return [reply.date for reply in await asyncio.gather(*asked)]


def refused(sandbox: Sandbox, access: Access, kind: ProblemKind) -> str:
    with pytest.raises(StripeProblem) as caught:
        asyncio.run(ask(sandbox, access))
    assert caught.value.kind is kind, caught.value
    return str(caught.value)


def ending(settings: Settings, sandbox: Sandbox, seconds: float) -> Access:
    """Access that ends so soon, as far as is known here."""
    held = pair(settings, sandbox) | {"expires_at": time.time() + seconds}
    open_credentials(settings).put(secret_name(sandbox.world.account_id, False), held)
    return access_of(settings, sandbox.world.account_id)


def test_before_its_end(settings: Settings, sandbox: Sandbox) -> None:
    asyncio.run(ask(sandbox, ending(settings, sandbox, 180)))
    assert sandbox.requests[TOKEN] == 0
    asyncio.run(ask(sandbox, ending(settings, sandbox, 60)))
    assert sandbox.requests[TOKEN] == 1
    assert 401 not in sandbox.statuses


def test_upon_its_end(access: Access, settings: Settings, sandbox: Sandbox, clock: Clock) -> None:
    """However wrong this computer's clock is: Stripe's word counts."""
    before = pair(settings, sandbox)
    clock.now += HOUR
    asyncio.run(ask(sandbox, access))
    asyncio.run(ask(sandbox, access))
    assert (sandbox.requests[TOKEN], sandbox.statuses[401]) == (1, 1)
    assert pair(settings, sandbox)["access"] != before["access"]


def test_after_a_clock_was_put_forward_a_day(settings: Settings, sandbox: Sandbox) -> None:
    access = ending(settings, sandbox, -86_400)
    for _ in range(3):
        asyncio.run(ask(sandbox, access))
    assert sandbox.requests[TOKEN] == 1


# Once


def test_once_for_all_requests(access: Access, sandbox: Sandbox, clock: Clock) -> None:
    clock.now += HOUR
    assert len(asyncio.run(ask(sandbox, access, 30))) == 30
    assert sandbox.requests[TOKEN] == 1


def test_once_for_all_threads_and_all_who_opened_the_store(
    settings: Settings, sandbox: Sandbox, clock: Clock
) -> None:
    """Three threads share an access, as many have one of their own."""
    account = sandbox.world.account_id
    shared = access_of(settings, account)
    several = [shared] * 3 + [access_of(settings, account) for _ in range(3)]
    clock.now += HOUR
    together = threading.Barrier(len(several))

    def run(access: Access) -> list[int]:
        together.wait()
        return asyncio.run(ask(sandbox, access, 3))

    with ThreadPoolExecutor(len(several)) as pool:
        assert [len(dates) for dates in pool.map(run, several)] == [3] * 6
    assert sandbox.requests[TOKEN] == 1
    assert len({access.headers["Authorization"] for access in several}) == 1


def renewing(settings: Settings, sandbox: Sandbox) -> subprocess.Popen[str]:
    """Another process with the same home."""
    world = sandbox.world
    kept = {name: value for name, value in os.environ.items() if "PANELIST" not in name}
    here = {
        "PANELIST_HOME": str(settings.home),
        "PANELIST_STATE": str(settings.folders.state),
        "PANELIST_TOKEN_STORE": "plain",
        "PANELIST_STRIPE_API_BASE": sandbox.url,
        "PANELIST_STRIPE_CLIENT_ID": world.client_id,
        "PANELIST_STRIPE_CLIENT_SECRET": world.client_secret,
    }
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return WarmProcess("tests.helpers.renewal_process", world.account_id, env=kept | here, **pipes)


def test_once_for_two_processes(settings: Settings, sandbox: Sandbox, clock: Clock) -> None:
    racers = [renewing(settings, sandbox) for _ in range(2)]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    clock.now += HOUR
    sandbox.options.token_delay = 0.3  # so that the second comes while the first still waits
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    assert [racer.communicate(timeout=30) for racer in racers] == [("3\n", "")] * 2
    assert sandbox.requests[TOKEN] == 1
    sandbox.options.token_delay = 0.0
    asyncio.run(refresh(app_of(settings), Tokens(**pair(settings, sandbox))))


def test_a_failure_is_one_for_all_who_waited_for_it(settings: Settings, sandbox: Sandbox) -> None:
    """Else ten requests would ask ten times, one after the other."""
    access = ending(settings, sandbox, -5)
    sandbox.options.token_fault, sandbox.options.token_delay = "500", 0.3

    async def all_at_once() -> list[object]:
        async with StripeApi(sandbox.url, access, RATE) as api:
            asked = (api.page("/v1/customers", {"limit": 1}, any_object) for _ in range(10))
            return [*await asyncio.gather(*asked, return_exceptions=True)]

    problems = asyncio.run(all_at_once())
    assert {getattr(problem, "kind", problem) for problem in problems} == {ProblemKind.UNREACHABLE}
    assert sandbox.requests[TOKEN] == 1
    sandbox.options.token_fault, sandbox.options.token_delay = "", 0.0
    asyncio.run(ask(sandbox, access))
    assert sandbox.requests[TOKEN] == 2


# Kept before it is used


def test_the_new_pair_is_kept_before_a_request_has_it(
    access: Access, settings: Settings, sandbox: Sandbox, clock: Clock
) -> None:
    seen: list[str] = []

    def look(path: str, _: object) -> None:
        seen.append(f"{path[4:9]} {pair(settings, sandbox)['access']}")

    old = pair(settings, sandbox)["access"]
    clock.now += HOUR
    sandbox.on_request = look
    asyncio.run(ask(sandbox, access))
    new = pair(settings, sandbox)["access"]
    assert seen == [f"custo {old}", f"oauth {old}", f"custo {new}"]


def test_a_pair_that_could_not_be_kept_is_kept_by_the_next_try(
    access: Access, settings: Settings, sandbox: Sandbox, clock: Clock
) -> None:
    old = pair(settings, sandbox)
    clock.now += HOUR
    once_asked(sandbox, PATH, partial(block, settings))
    for _ in range(2):
        assert "cannot be" in refused(sandbox, access, ProblemKind.REFUSED)
    unblock(settings)
    assert pair(settings, sandbox) == old
    asyncio.run(ask(sandbox, access))
    assert sandbox.requests[TOKEN] == 1
    assert access.headers["Authorization"] == f"Bearer {pair(settings, sandbox)['access']}"
    asyncio.run(ask(sandbox, access_of(settings, sandbox.world.account_id)))
    assert sandbox.requests[TOKEN] == 1


def test_where_nothing_can_be_written_the_old_pair_is_not_given_up(
    access: Access, settings: Settings, sandbox: Sandbox, clock: Clock
) -> None:
    """A full disk: files can be read and locked, and nothing can be added."""
    clock.now += HOUR
    old = pair(settings, sandbox)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        said = refused(sandbox, access, ProblemKind.REFUSED)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert "cannot be written" in said
    assert (sandbox.requests[TOKEN], pair(settings, sandbox)) == (0, old)
    asyncio.run(ask(sandbox, access))


def test_an_approval_meanwhile_counts_more_than_a_pair_that_was_never_kept(
    access: Access, settings: Settings, sandbox: Sandbox, clock: Clock
) -> None:
    clock.now += HOUR
    once_asked(sandbox, PATH, partial(block, settings))
    refused(sandbox, access, ProblemKind.REFUSED)
    unblock(settings)
    app = app_of(settings)
    fresh = asyncio.run(exchange(app, code_for(app)))
    open_credentials(settings).put(secret_name(fresh.account, False), asdict(fresh))
    asyncio.run(ask(sandbox, access))
    assert access.headers["Authorization"] == f"Bearer {fresh.access}"
    clock.now += HOUR
    asyncio.run(ask(sandbox, access))
    assert access.headers["Authorization"] == f"Bearer {pair(settings, sandbox)['access']}"
    assert sandbox.requests[TOKEN] == 3


def test_forgetting_leaves_what_was_connected_since(
    access: Access, settings: Settings, sandbox: Sandbox
) -> None:
    newer = pair(settings, sandbox) | {"access": "sk_test_Newer", "refresh": "rt_Newer"}
    other = access_of(settings, sandbox.world.account_id)
    open_credentials(settings).put(secret_name(sandbox.world.account_id, False), newer)
    access.forget()
    other.forget()
    assert pair(settings, sandbox) == newer
    access_of(settings, sandbox.world.account_id).forget()
    assert kept(settings, sandbox.world.account_id) is None


def test_tokens_removed_meanwhile_are_not_renewed(
    access: Access, settings: Settings, sandbox: Sandbox, clock: Clock
) -> None:
    clock.now += HOUR
    open_credentials(settings).delete(secret_name(sandbox.world.account_id, False))
    refused(sandbox, access, ProblemKind.REVOKED)
    assert sandbox.requests[TOKEN] == 0
