"""Approving at the sandbox and exchanging codes, as a browser and a client do it."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
from jsonschema import Draft202012Validator

from tests.helpers.sandbox_client import Client, Obj

HERE = "http://127.0.0.1:4573/stripe/callback"
PATHS = ("/oauth/v2/authorize", "/oauth/v2/chnlink_61abc/authorize", "/oauth/authorize")
CONNECT = {"response_type": "code", "scope": "read_write"}
# One client for all: making one takes longer than most requests.
web = httpx.Client(timeout=10)
SCHEMA: Obj = json.loads(
    Path(__file__).parents[1].joinpath("sandbox", "oauth.schema.json").read_text()
)


def check(kind: str, value: object) -> None:
    """Against Stripe's schema."""
    schema = {"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{kind}"}
    errors = [*Draft202012Validator(schema).iter_errors(value)]
    assert not errors, errors[0].message


def page(client: Client, path: str, **query: str) -> httpx.Response:
    """The page to approve on, asked without a key; “-” leaves a parameter out."""
    asked = {"client_id": client.sandbox.world.client_id} | query
    if path == "/oauth/authorize":
        asked = CONNECT | asked
    asked = {name: value for name, value in asked.items() if value != "-"}
    return web.get(client.sandbox.url + path, params=asked)


def decide(client: Client, shown: httpx.Response, decision: str, **headers: str) -> httpx.Response:
    """Send the form of a page."""
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', shown.text)
    form = {unescape(name): unescape(value) for name, value in hidden} | {"decision": decision}
    return web.post(f"{client.sandbox.url}/oauth/decision", data=form, headers=headers)


def approved(client: Client, path: str = PATHS[0], **query: str) -> str:
    """Approve; the code."""
    location = decide(client, page(client, path, **query), "approve").headers["location"]
    return dict(parse_qsl(urlsplit(location).query))["code"]


def token(
    client: Client, *, key: str | None = None, path: str = "/v1/oauth/token", **form: str
) -> httpx.Response:
    """Ask for tokens with the developer's key."""
    key = client.sandbox.world.client_secret if key is None else key
    return web.post(client.sandbox.url + path, data=form, auth=(key, ""))


def exchange(client: Client, code: str) -> Obj:
    """An app's tokens for a code."""
    answer = token(client, grant_type="authorization_code", code=code)
    assert answer.status_code == 200, answer.text
    tokens: Obj = answer.json()
    check("oauth_token", tokens)
    return tokens


def connect(client: Client) -> Obj:
    """Approve by Connect and exchange the code."""
    code = approved(client, "/oauth/authorize")
    answer = token(client, path="/oauth/token", grant_type="authorization_code", code=code)
    assert answer.status_code == 200, answer.text
    tokens: Obj = answer.json()
    check("oauth_token", tokens)
    return tokens


def refresh(client: Client, tokens: Obj) -> httpx.Response:
    """Ask for an app's next tokens."""
    return token(client, grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def refused(answer: httpx.Response, error: str, status: int = 400) -> str:
    """The description of an OAuth error."""
    assert answer.status_code == status, answer.text
    check("oauth_error", answer.json())
    assert answer.json()["error"] == error
    return str(answer.json()["error_description"])


def code_of(answer: httpx.Response, status: int) -> str | None:
    """The code of an error of the API."""
    assert answer.status_code == status, answer.text
    return answer.json()["error"].get("code")  # type: ignore[no-any-return]


def ask(client: Client, key: str, path: str = "/v1/customers", **headers: str) -> httpx.Response:
    """A GET with a key or an access token."""
    headers["Authorization"] = f"Bearer {key}"
    return web.get(client.sandbox.url + path, headers=headers)


def as_account(client: Client, path: str = "/v1/customers") -> httpx.Response:
    """A call with the developer's key for the connected account."""
    world = client.sandbox.world
    return ask(client, world.client_secret, path, **{"Stripe-Account": world.account_id})


def post(client: Client, path: str, **form: str) -> httpx.Response:
    """A POST with the developer's key."""
    return web.post(
        client.sandbox.url + path, data=form, auth=(client.sandbox.world.client_secret, "")
    )
