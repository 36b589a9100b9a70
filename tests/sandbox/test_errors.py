"""What Stripe refuses, in its words, and who may read what."""

import base64
import re

import httpx
import pytest

from app.sandbox.server.state import SandboxOptions
from tests.helpers.sandbox_client import NOW, Client
from tests.sandbox.conftest import Serve


@pytest.mark.parametrize(
    ("path", "status", "code", "param", "message"),
    [
        ("customers/cus_x", 404, "resource_missing", "id", "No such customer: 'cus_x'"),
        ("prices/price_x", 404, "resource_missing", "id", "No such price: 'price_x'"),
        ("products/prod_x", 404, "resource_missing", "id", "No such product: 'prod_x'"),
        ("events/evt_x", 404, "resource_missing", "id", "No such event: 'evt_x'"),
        ("subscriptions/sub_x", 404, "resource_missing", "id", "No such subscription: 'sub_x'"),
        (
            "customers?starting_after=cus_x",
            400,
            "resource_missing",
            "starting_after",
            "No such customer: 'cus_x'",
        ),
        (
            "subscriptions?ending_before=sub_x",
            400,
            "resource_missing",
            "ending_before",
            "No such subscription: 'sub_x'",
        ),
        ("customers?foo=1", 400, "parameter_unknown", "foo", "Received unknown parameter: foo"),
        ("events?status=all", 400, "parameter_unknown", "status", None),
        ("customers/cus_x?limit=3", 400, "parameter_unknown", "limit", None),
        ("customers?created[near]=3", 400, "parameter_unknown", "created[near]", None),
        ("customers?created[gte]=soon", 400, "parameter_invalid_integer", "created[gte]", None),
        (
            "customers?limit=101",
            400,
            "parameter_invalid_integer",
            "limit",
            "This value must be less than or equal to 100 (it currently is '101').",
        ),
        ("customers?limit=0", 400, "parameter_invalid_integer", "limit", None),
        ("customers?limit=ten", 400, "parameter_invalid_integer", "limit", None),
        (
            "customers?starting_after=a&ending_before=b",
            400,
            "parameters_exclusive",
            "ending_before",
            None,
        ),
        (
            "subscriptions?expand[]=data.items.data.price.product",
            400,
            "property_expansion_max_depth",
            "expand",
            "You cannot expand more than 4 levels of a property. "
            "Property: data.items.data.price.product",
        ),
        ("customers?expand[]=data.friends", 400, None, "expand", None),
        ("customers?expand[]=subscriptions", 400, None, "expand", None),
        ("products?active=maybe", 400, None, "active", None),
        ("subscription_items", 400, "parameter_missing", "subscription", None),
        ("subscription_items?subscription=sub_x", 400, "resource_missing", "subscription", None),
        ("subscriptions?test_clock=clock_1", 400, None, "test_clock", None),
        (
            "missing",
            404,
            None,
            None,
            "Unrecognized request URL (GET: /v1/missing). Please see https://stripe.com/docs or "
            "we can help at https://support.stripe.com/.",
        ),
    ],
)
def test_refusals(
    big: Client, path: str, status: int, code: str | None, param: str | None, message: str | None
) -> None:
    error = big.error(f"/v1/{path}", status)
    assert error["type"] == "invalid_request_error"
    assert error.get("code") == code
    assert error.get("param") == param
    if message is not None:
        assert error["message"] == message
    if code is not None:
        assert error["doc_url"].endswith(code.replace("_", "-"))


def test_other_methods_are_unknown_urls(big: Client) -> None:
    answer = big.http.post("/v1/customers", data={"name": "New"})
    assert answer.status_code == 404
    assert "POST: /v1/customers" in answer.json()["error"]["message"]
    assert big.http.head("/v1/customers").status_code == 404
    assert len(big.data("/v1/customers?limit=3")) == 3


def test_headers(big: Client) -> None:
    answer = big.raw("/v1/customers", **{"Stripe-Version": "2026-10-28.endive"})
    assert re.fullmatch(r"req_[0-9A-Za-z]{14}", answer.headers["request-id"])
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["stripe-version"] == "2026-10-28.endive"
    assert answer.headers["date"] == "Wed, 18 Nov 2026 11:06:40 GMT"
    assert NOW == 1_795_000_000
    again = big.raw("/v1/customers")
    assert again.headers["request-id"] != answer.headers["request-id"]


def _anonymous(client: Client, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(f"{client.sandbox.url}/v1/customers", headers=headers)


def test_both_keys_by_bearer_and_basic(big: Client) -> None:
    for key in (big.sandbox.world.restricted_key, big.sandbox.world.secret_key):
        basic = base64.b64encode(f"{key}:".encode()).decode()
        for authorization in (f"Bearer {key}", f"Basic {basic}"):
            assert _anonymous(big, authorization).status_code == 200


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Digest abc", "Basic ?"])
def test_no_key(big: Client, authorization: str | None) -> None:
    answer = _anonymous(big, authorization)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="Stripe"'
    error = answer.json()["error"]
    assert error["message"].startswith("You did not provide an API key.")
    assert set(error) == {"message", "type"}


def test_unknown_key_is_masked_but_other_text_is_echoed(big: Client) -> None:
    key = "rk_test_51" + "A" * 90 + "wxyz"
    answer = _anonymous(big, f"Bearer {key}")
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert set(error) == {"message", "type"}
    assert error["message"] == f"Invalid API Key provided: rk_test_{'*' * 92}wxyz"
    assert "hunter2" in _anonymous(big, "Bearer hunter2").json()["error"]["message"]


def test_revoked_and_expired_keys(serve: Serve) -> None:
    client = serve()
    client.sandbox.options.revoked = True
    assert client.error("/v1/customers", 401)["code"] == "platform_api_key_expired"
    account = client.sandbox.world.account_id
    refused = client.raw("/v1/customers", **{"Stripe-Account": account})
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "account_invalid"
    client.sandbox.options = SandboxOptions(expired=True)
    error = client.error("/v1/customers", 401)
    assert error["code"] == "api_key_expired"
    assert client.sandbox.world.restricted_key not in error["message"]
    client.sandbox.options = SandboxOptions()
    client.get("/v1/customers")


def test_stripe_account_header(big: Client) -> None:
    account = big.sandbox.world.account_id
    own = big.raw("/v1/customers", **{"Stripe-Account": account})
    assert (own.status_code, own.headers["stripe-account"]) == (200, account)
    other = big.raw("/v1/customers", **{"Stripe-Account": "acct_other"})
    assert other.status_code == 403
    assert "acct_other" in other.json()["error"]["message"]


def test_further_keys_work_when_named(serve: Serve) -> None:
    client = serve(SandboxOptions(keys=frozenset({"token_from_oauth"})))
    assert _anonymous(client, "Bearer token_from_oauth").status_code == 200


def test_account_is_for_the_secret_key(big: Client) -> None:
    world = big.sandbox.world
    error = big.error("/v1/account", 403)
    assert error["code"] == "more_permissions_required"
    assert world.account_id in error["message"]
    assert world.restricted_key not in error["message"]
    with Client(big.sandbox, world.secret_key) as other:
        account = other.get("/v1/account")
    assert account["id"] == world.account_id
    assert account["business_profile"]["name"] == world.account_name


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("customers", "\"Customers Read\" ('customer_read')"),
        ("subscriptions", "\"Subscriptions Read\" ('subscription_read')"),
        ("products", "\"Products Read\" ('product_read')"),
        ("prices", "\"Prices Read\" ('plan_read')"),
        ("events", "\"Events Read\" ('event_read')"),
    ],
)
def test_forbidden_lists_say_which_permission(serve: Serve, name: str, label: str) -> None:
    client = serve(SandboxOptions(forbid=frozenset({name})))
    error = client.error(f"/v1/{name}", 403)
    world = client.sandbox.world
    key = world.restricted_key
    assert error["message"] == (
        f"Permission denied. The provided key '{key[:8]}***{key[-6:]}' does not have the required "
        f"permissions for this endpoint on account '{world.account_id}'. Enabling {label} "
        "permissions on this key would allow this request to continue."
    )
    assert client.get(f"/v1/{name}/x", 403)
    others = {"customers", "subscriptions", "products", "prices", "events"} - {name}
    for other in others:
        client.get(f"/v1/{other}")


def test_expanding_needs_the_other_permission_too(serve: Serve) -> None:
    client = serve(SandboxOptions(forbid=frozenset({"customers"})))
    client.get("/v1/subscriptions")
    error = client.error("/v1/subscriptions?expand[]=data.customer", 403)
    assert "customer_read" in error["message"]


def test_the_rate_is_a_strict_sliding_second(serve: Serve) -> None:
    ticks = [100.0]
    client = serve(SandboxOptions(rate="5/3", limit_clock=lambda: ticks[0]))

    def ask(name: str) -> str:
        answer = client.raw(f"/v1/{name}")
        if answer.status_code == 200:
            return "ok"
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limit"
        return str(answer.headers["stripe-rate-limited-reason"])

    assert [ask("customers") for _ in range(4)] == ["ok"] * 3 + ["endpoint-rate"]
    ticks[0] = 100.5
    assert [ask(name) for name in ("products", "prices", "events")] == ["ok", "ok", "global-rate"]
    ticks[0] = 100.99
    assert ask("customers") == "global-rate"
    ticks[0] = 101.0
    # Three are a second old; two of the account's five are not. What was refused never counted.
    assert [ask("customers") for _ in range(4)] == ["ok"] * 3 + ["global-rate"]
    client.sandbox.options.rate = "0"
    assert [ask("customers") for _ in range(30)] == ["ok"] * 30
