"""Answers that do not come from Stripe are quoted, and what cannot get better is said at once."""

from __future__ import annotations

import json

import pytest

from app.settings import RequestRate
from app.sync.stripe import client
from app.sync.stripe.access import KeyAccess
from app.sync.stripe.client import ProblemKind, StripeApi, StripeProblem
from app.sync.stripe.pages import any_object
from tests.helpers.socket_server import Server, listening

DATED = "Date: Tue, 01 Dec 2026 10:00:00 GMT"
SIGN_IN = b"<html><head><title>Hotel &amp; Spa Wi-Fi</title></head><body>Hello</body></html>"
ESCAPES = b"<p>Blocked by \x1b]0;owned\x07policy rk_live_0123456789abcdef</p>"


@pytest.fixture(autouse=True)
def two_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine take twenty seconds."""
    monkeypatch.setattr(client, "ATTEMPTS", 2)


def answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", DATED, f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def asked(*answers: bytes) -> tuple[str, int]:
    """The sentence of a request that fails, and the number of requests that it took."""
    server = Server(*answers)
    async with listening(server.handle) as port:
        access = KeyAccess("rk_test_0123456789")
        base = f"http://127.0.0.1:{port}"
        async with StripeApi(base, access, RequestRate(None, None)) as api:
            with pytest.raises(StripeProblem) as caught:
                await api.page("/v1/customers", {"limit": 1}, any_object)
    assert caught.value.kind is ProblemKind.UNREACHABLE
    return str(caught.value), len(server.heads)


async def test_a_redirect_is_said_at_once() -> None:
    said, requests = await asked(answer("302 Found", b"", "Location: https://wifi.example/in"))
    assert "a redirect to wifi.example (302)" in said
    assert requests == 1


async def test_a_sign_in_page_is_said_at_once() -> None:
    said, requests = await asked(answer("200 OK", SIGN_IN, "Content-Type: text/html"))
    assert "not from Stripe (200: “Hotel & Spa Wi-Fi”)" in said
    assert requests == 1


async def test_a_page_is_quoted_without_what_a_terminal_obeys_and_without_keys() -> None:
    said, _ = await asked(answer("403 Forbidden", ESCAPES, "Content-Type: text/html"))
    assert "Blocked by" in said
    assert "policy" in said
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "0123456789abcdef" not in said


async def test_a_failure_in_between_is_not_blamed_on_stripe() -> None:
    said, requests = await asked(answer("502 Bad Gateway", b"<h1>Squid: no route</h1>"))
    assert said.startswith("The response is an error, but not in Stripe's format (502: “Squid: no")
    assert requests == 2


async def test_stripes_own_failure_is_quoted() -> None:
    body = json.dumps({"error": {"message": "Maintenance until noon"}}).encode()
    said, _ = await asked(answer("500 Internal Server Error", body))
    assert said.startswith("Stripe had a server error (500: Maintenance until noon)")


async def test_half_an_answer_is_not_quoted() -> None:
    """It can hold customers."""
    said, _ = await asked(answer("200 OK", b'{"data": [{"email": "ada@example.com"'))
    assert said.startswith("The response was cut off or is not from Stripe (200).")
