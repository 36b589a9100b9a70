"""The app installed, listed and removed, and what is left of access then."""

from collections.abc import Callable

import httpx
import pytest

from app.sandbox.world.registered_app import REDIRECTS
from tests.helpers.sandbox_client import Client, Clock
from tests.helpers.sandbox_oauth import (
    approved,
    as_account,
    ask,
    check,
    code_of,
    exchange,
    post,
    refresh,
    refused,
    token,
    web,
)
from tests.sandbox.conftest import Serve


def _by_api(client: Client) -> None:
    (install,) = as_account(client, "/v1/apps/installs").json()["data"]
    assert post(client, f"/v1/apps/installs/{install['id']}/uninstall").status_code == 200


def _by_control(client: Client) -> None:
    assert web.post(f"{client.sandbox.url}/_sandbox/uninstall").json() == {"removed": 1}


def _by_dashboard(client: Client) -> None:
    assert web.post(f"{client.sandbox.url}/dashboard/remove").status_code == 303


@pytest.mark.parametrize("remove", [_by_api, _by_control, _by_dashboard])
def test_what_was_removed_opens_nothing_more(
    serve: Serve, remove: Callable[[Client], None]
) -> None:
    client = serve()
    tokens, unused = exchange(client, approved(client)), approved(client)
    assert as_account(client).status_code == 200
    remove(client)
    assert code_of(ask(client, tokens["access_token"]), 401) == "platform_api_key_expired"
    refused(refresh(client, tokens), "invalid_grant")
    refused(token(client, grant_type="authorization_code", code=unused), "invalid_grant")
    assert code_of(as_account(client), 403) == "account_invalid"
    anew = exchange(client, approved(client))
    assert ask(client, anew["access_token"]).status_code == 200
    assert code_of(ask(client, tokens["access_token"]), 401) == "platform_api_key_expired"
    client.get("/v1/customers")


def test_installs(serve: Serve, clock: Clock) -> None:
    client = serve()
    world = client.sandbox.world
    path, secret = "/v1/apps/installs", world.client_secret
    mine = f"{path}?app={world.oauth.app_id}&limit=100"
    assert ask(client, secret, mine).json()["data"] == []
    approved(client)
    clock.now += 60
    approved(client)
    page = ask(client, secret, mine).json()
    (install,) = page["data"]
    check("apps.install", install)
    assert (page["object"], page["has_more"], page["url"]) == ("list", False, path)
    assert install["id"].startswith("appinst_test_")
    assert (install["account"], install["status"]) == (world.account_id, "installed")
    assert install["created"] == clock.now - 60
    assert install["permissions_granted"] == [
        "customer_read",
        "subscription_read",
        "product_read",
        "plan_read",
        "event_read",
    ]
    one = f"{path}/{install['id']}"
    assert ask(client, secret, one).json() == install
    assert as_account(client, path).json()["data"] == [install]
    assert ask(client, world.secret_key, path).json()["data"] == [install]
    # The developer's own account has no installs, and that is what this asks about.
    assert ask(client, secret, path).json()["data"] == []
    for query in ("&account=acct_other", "&status=installing", f"&starting_after={install['id']}"):
        assert ask(client, secret, mine + query).json()["data"] == []
    assert ask(client, secret, f"{mine}&account={world.account_id}").json()["data"] == [install]
    assert code_of(ask(client, secret, f"{mine}&starting_after=x"), 400) == "resource_missing"
    assert ask(client, secret, f"{path}?created_by=x").status_code == 400
    assert code_of(ask(client, world.restricted_key, path), 403) == "more_permissions_required"
    removed = post(client, f"{one}/uninstall").json()
    check("apps.install", removed)
    assert removed["status"] == "uninstalling"
    assert ask(client, secret, mine).json()["data"] == []
    assert code_of(ask(client, secret, one), 404) == "resource_missing"
    assert code_of(post(client, f"{one}/uninstall"), 404) == "resource_missing"


@pytest.mark.parametrize("live", [False, True])
def test_an_install_begun_in_the_dashboard_has_no_state(serve: Serve, live: bool) -> None:
    more = "https://127.0.0.1:9/back?kept=1"
    client = serve(live=live, redirect_uris=[more])
    control = f"{client.sandbox.url}/_sandbox/install"
    first = httpx.URL(web.post(control).json()["url"])
    assert str(first.copy_with(query=None)) == REDIRECTS[live]
    said = first.params
    names = ["code", "account_id", "user_id", "install_signature"]
    assert [*said] == [*names, *([] if live else ["livemode"])]
    assert said["account_id"] == client.sandbox.world.account_id
    assert exchange(client, said["code"])["stripe_user_id"] == said["account_id"]
    answer = web.post(control, json={"redirect_uri": more})
    assert answer.json()["url"].startswith(f"{more}&code=ac_")
    for wrong in ({"redirect_uri": more + "0"}, {"to": more}, {"redirect_uri": 1}):
        assert web.post(control, json=wrong).status_code == 400
    assert web.post(f"{client.sandbox.url}/_sandbox/uninstall", json={"x": 1}).status_code == 400


def test_requests_are_counted_by_template(serve: Serve) -> None:
    client = serve()
    tokens = exchange(client, approved(client, "/oauth/v2/chnlink_61abc/authorize"))
    refresh(client, tokens)
    _by_api(client)
    stats = web.get(f"{client.sandbox.url}/_sandbox/stats").json()
    assert stats["requests"] == {
        "GET /oauth/v2/{link}/authorize": 1,
        "POST /oauth/decision": 1,
        "POST /v1/oauth/token": 2,
        "GET /v1/apps/installs": 1,
        "POST /v1/apps/installs/{id}/uninstall": 1,
    }
