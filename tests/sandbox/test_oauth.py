"""Codes and tokens: what the developer of an app gets, and what it opens."""

import json
import subprocess
import sys

import httpx
import pytest

from app.cli import run
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from tests.helpers.sandbox_client import Client, Clock
from tests.helpers.sandbox_oauth import (
    HERE,
    approved,
    as_account,
    ask,
    check,
    code_of,
    connect,
    exchange,
    post,
    refresh,
    refused,
    token,
    web,
)
from tests.sandbox.conftest import Serve

FIVE = ("customers", "subscriptions", "products", "prices", "events")
KEYS = [
    "access_token",
    "livemode",
    "refresh_token",
    "scope",
    "stripe_publishable_key",
    "stripe_user_id",
    "token_type",
]


@pytest.mark.parametrize("live", [False, True])
def test_a_code_gives_tokens_that_open_what_was_approved(serve: Serve, live: bool) -> None:
    client = serve(live=live)
    world, mode = client.sandbox.world, "live" if live else "test"
    keys = {world.client_secret, world.secret_key, world.restricted_key}
    assert len(keys) == 3
    assert world.client_secret.startswith(f"sk_{mode}_")
    tokens = exchange(client, approved(client))
    assert [*tokens] == KEYS
    assert (tokens["livemode"], tokens["scope"]) == (live, "stripe_apps")
    assert tokens["stripe_user_id"] == world.account_id
    assert tokens["stripe_publishable_key"].startswith(f"pk_{mode}_")
    access = tokens["access_token"]
    for name in FIVE:
        assert ask(client, access, f"/v1/{name}").status_code == 200
    assert code_of(ask(client, access, "/v1/account"), 403) == "more_permissions_required"
    client.sandbox.options.forbid = frozenset({"prices"})
    assert code_of(ask(client, access, "/v1/prices"), 403) == "more_permissions_required"


def test_a_code_works_once_and_for_five_minutes(serve: Serve, clock: Clock) -> None:
    client = serve()
    code = approved(client)
    clock.now += 299
    exchange(client, code)
    for late in (code, approved(client), "ac_unknown"):
        clock.now += 300 if late != code else 0
        answer = token(client, grant_type="authorization_code", code=late)
        refused(answer, "invalid_grant")
    assert "ac_unknown" in answer.json()["error_description"]


def test_refreshing_rolls_the_refresh_token(serve: Serve, clock: Clock) -> None:
    client = serve()
    first = exchange(client, approved(client))
    clock.now += 3599
    second = refresh(client, first).json()
    check("oauth_token", second)
    assert [*second] == KEYS
    assert second["access_token"] != first["access_token"]
    refused(refresh(client, first), "invalid_grant")
    assert ask(client, first["access_token"]).status_code == 200
    clock.now += 1
    assert code_of(ask(client, first["access_token"]), 401) == "api_key_expired"
    assert ask(client, second["access_token"]).status_code == 200
    clock.now += 365 * 86400
    refused(refresh(client, second), "invalid_grant")


def test_the_life_of_tokens_is_an_option(serve: Serve, clock: Clock) -> None:
    client = serve(SandboxOptions(token_life=5, expires_in=True))
    tokens = exchange(client, approved(client))
    assert tokens["expires_in"] == 5
    clock.now += 5
    assert code_of(ask(client, tokens["access_token"]), 401) == "api_key_expired"


@pytest.mark.parametrize("path", ["/v1/oauth/token", "/oauth/token"])
def test_wrong_forms(serve: Serve, path: str) -> None:
    client = serve()
    refused(token(client, path=path), "invalid_request")
    refused(token(client, path=path, grant_type="authorization_code"), "invalid_request")
    refused(token(client, path=path, grant_type="refresh_token", code="ac_1"), "invalid_request")
    refused(token(client, path=path, grant_type="password"), "unsupported_grant_type")


@pytest.mark.parametrize("path", ["/v1/oauth/token", "/oauth/token"])
def test_only_the_developer_gets_tokens(serve: Serve, path: str) -> None:
    client = serve()
    world, tokens = client.sandbox.world, exchange(client, approved(client))
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for key in (world.restricted_key, tokens["access_token"], tokens["refresh_token"]):
        answer = token(client, key=key, path=path, **form)
        assert code_of(answer, 403) == "more_permissions_required"
        assert "you do not have the required permissions" in answer.text.lower()
        # As everywhere at Stripe, a text that looks like no key is echoed as it is.
        assert (key in answer.text) == key.startswith("rt_")
    refused(token(client, key=world.secret_key, path=path, **form), "invalid_grant")
    for key in ("sk_test_wrong", ""):
        assert code_of(token(client, key=key, path=path, **form), 401) is None
    bearer = {"Authorization": f"Bearer {world.client_secret}"}
    url = client.sandbox.url + "/v1/oauth/token"
    assert web.post(url, data=form, headers=bearer).status_code == 200


def test_codes_and_tokens_belong_to_one_kind_of_oauth(serve: Serve) -> None:
    client = serve()
    code = approved(client)
    answer = token(client, path="/oauth/token", grant_type="authorization_code", code=code)
    assert refused(answer, "invalid_grant") == (
        "Authorization code provided does not belong to you"
    )
    answer = token(
        client, grant_type="authorization_code", code=approved(client, "/oauth/authorize")
    )
    refused(answer, "invalid_grant")
    exchange(client, code)


def test_connect_is_used_with_the_platforms_key(serve: Serve) -> None:
    client = serve()
    world = client.sandbox.world
    assert code_of(as_account(client), 403) == "account_invalid"
    tokens = connect(client)
    assert (tokens["scope"], tokens["stripe_user_id"]) == ("read_write", world.account_id)
    for path in (*(f"/v1/{name}" for name in FIVE), "/v1/account"):
        assert as_account(client, path).status_code == 200
    assert len(as_account(client, "/v1/customers?limit=100").json()["data"]) == 30
    other = ask(client, world.client_secret, **{"Stripe-Account": "acct_other"})
    assert code_of(other, 403) == "account_invalid"
    again = token(
        client,
        path="/oauth/token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    ).json()
    assert again["refresh_token"] == tokens["refresh_token"]
    assert ask(client, again["access_token"]).status_code == 200
    client.sandbox.options.expired = True
    assert code_of(as_account(client), 401) == "api_key_expired"


def test_without_stripe_account_the_developer_sees_an_empty_account(serve: Serve) -> None:
    client = serve()
    connect(client)
    world = client.sandbox.world
    for name in FIVE:
        page = ask(client, world.client_secret, f"/v1/{name}").json()
        assert (page["data"], page["has_more"]) == ([], False)
    known = next(world.customers())["id"]
    assert code_of(ask(client, world.client_secret, f"/v1/customers/{known}"), 404)
    assert ask(client, world.client_secret, "/v1/account").status_code == 403


def test_a_connect_code_used_twice_ends_the_connection(serve: Serve) -> None:
    client = serve()
    code = approved(client, "/oauth/authorize")
    form = {"grant_type": "authorization_code", "code": code}
    assert as_account(client).status_code == 403
    assert token(client, path="/oauth/token", **form).status_code == 200
    assert as_account(client).status_code == 200
    answer = token(client, path="/oauth/token", **form)
    assert "revoked" in refused(answer, "invalid_grant")
    assert code_of(as_account(client), 403) == "account_invalid"


def test_deauthorize(serve: Serve) -> None:
    client = serve()
    world, tokens = client.sandbox.world, connect(client)
    form = {"client_id": world.client_id, "stripe_user_id": world.account_id}
    for name in form:
        left = {key: value for key, value in form.items() if key != name}
        refused(post(client, "/oauth/deauthorize", **left), "invalid_request")
        wrong = form | {name: "acct_other"}
        refused(post(client, "/oauth/deauthorize", **wrong), "invalid_client", 401)
    answer = post(client, "/oauth/deauthorize", **form)
    assert answer.json() == {"stripe_user_id": world.account_id}
    assert code_of(as_account(client), 403) == "account_invalid"
    assert code_of(ask(client, tokens["access_token"]), 401) == "platform_api_key_expired"
    refused(post(client, "/oauth/deauthorize", **form), "invalid_client", 401)
    exchange(client, approved(client))
    refused(post(client, "/oauth/deauthorize", **form), "invalid_client", 401)
    connect(client)
    assert as_account(client).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "used"),
    [
        ("302", 302, False),
        ("400", 400, False),
        ("500", 500, False),
        ("html", 200, False),
        ("nothing", 0, True),
    ],
)
def test_what_token_endpoints_do_wrong(serve: Serve, fault: str, status: int, used: bool) -> None:
    client = serve()
    options = {"token_fault": fault, "token_redirect": f"{client.sandbox.url}/elsewhere"}
    control = f"{client.sandbox.url}/_sandbox/options"
    code = approved(client)
    assert web.post(control, json=options).status_code == 200
    if fault == "nothing":
        with pytest.raises(httpx.RemoteProtocolError):
            token(client, grant_type="authorization_code", code=code)
    else:
        answer = token(client, grant_type="authorization_code", code=code)
        assert answer.status_code == status
        assert answer.headers.get("location") == (
            options["token_redirect"] if fault == "302" else None
        )
        assert ("text/html" in answer.headers["content-type"]) == (fault == "html")
    assert client.sandbox.statuses[status] == (2 if status in (200, 302) else 1)
    assert web.post(control, json={"token_fault": ""}).status_code == 200
    again = token(client, grant_type="authorization_code", code=code)
    assert again.status_code == (400 if used else 200)
    assert web.post(control, json={"token_fault": "soon"}).status_code == 400


def test_only_token_endpoints_are_delayed(serve: Serve) -> None:
    client = serve(SandboxOptions(token_delay=30))
    client.get("/v1/customers")
    code = approved(client)
    with pytest.raises(httpx.ReadTimeout):
        web.post(
            f"{client.sandbox.url}/v1/oauth/token",
            data={"grant_type": "authorization_code", "code": code},
            auth=(client.sandbox.world.client_secret, ""),
            timeout=0.1,
        )
    client.sandbox.options.token_delay = 0.0
    refused(token(client, grant_type="authorization_code", code=code), "invalid_grant")


def _secrets(seed: int) -> list[object]:
    with Sandbox(customers=0, seed=seed, clock=Clock()) as sandbox, Client(sandbox) as client:
        world, tokens = sandbox.world, exchange(client, approved(client))
        known = [world.client_id, world.client_secret, world.oauth.app_id]
        return [*known, tokens["access_token"], tokens["refresh_token"], connect(client)]


def test_the_seed_decides_every_secret() -> None:
    first = _secrets(1)
    assert first == _secrets(1)
    assert all(one != other for one, other in zip(first, _secrets(2), strict=True))


def test_the_command_says_how_to_connect(capsys: pytest.CaptureFixture[str]) -> None:
    uri = "http://127.0.0.1:9/back"
    arguments = ["--customers", "0", "--redirect", uri, "--redirect", uri + "2"]
    for more in (["--json"], []):
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "sandbox", *arguments, *more],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not more:
                assert "/oauth/v2/authorize" in "".join(process.stdout.readline() for _ in "12")
                continue
            said = json.loads(line)
            assert said["client_id"].startswith("ca_")
            assert said["client_secret"].startswith("sk_test_")
            for redirect in (uri, uri + "2", HERE):
                query = {"client_id": said["client_id"], "redirect_uri": redirect}
                assert web.get(said["authorize_url"], params=query).status_code == 200
        finally:
            process.kill()
            process.communicate()
    assert run(["sandbox", "--redirect", "http://127.0.0.1"]) == 2
    assert "--redirect" in capsys.readouterr().err
