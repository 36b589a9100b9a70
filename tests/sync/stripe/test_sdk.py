"""What stripe-python does in our hands: one request, by our client, that tells nothing more."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from app.network_failures import WireProblem
from app.sync.stripe.sdk import SdkTransport
from app.sync.stripe.transport import VERSION, Reply
from tests.helpers.certificate import certified
from tests.helpers.scripted_server import answering, http, told
from tests.helpers.socket_server import FINE, Server, listening

KEY = "sk_test_51CanarySecret1"
SHOWN = {"Authorization": f"Bearer {KEY}", "Stripe-Account": "acct_1Canary"}
PRIVATE = """
import asyncio, os, sys
from app.sync.stripe.sdk import SdkTransport

async def ask():
    wire = SdkTransport(os.environ["BASE"], {"Authorization": "Bearer sk_test_Canary"})
    await wire.post("/v1/oauth/token", {"code": "ac_Canary"})
    await wire.close()

import logging
logging.basicConfig(level=logging.DEBUG)
logging.getLogger("httpx").disabled = logging.getLogger("httpcore").disabled = True
asyncio.run(ask())
"""


def asked(base: str, method: str = "get", **parameters: str) -> Reply:
    async def ask() -> Reply:
        wire = SdkTransport(base, SHOWN)
        try:
            if method == "post":
                return await wire.post("/v1/things", parameters)
            return await wire.get("/v1/things", dict(parameters))
        finally:
            await wire.close()

    return asyncio.run(ask())


def test_what_is_asked_and_answered() -> None:
    answer = told({"object": "thing", "name": "Zoë"})
    with answering(answer) as elsewhere:
        status, headers, body = asked(elsewhere.url, limit="1")
        asked(elsewhere.url, "post", code="ac_1", grant="a b")
    assert (status, json.loads(body)) == (200, {"object": "thing", "name": "Zoë"})
    assert headers["content-type"] == "application/json"
    first, second = elsewhere.asked
    assert first.startswith("GET /v1/things?limit=1 HTTP/1.1\r\n")
    assert second.startswith("POST /v1/things HTTP/1.1\r\n")
    assert second.endswith("\r\n\r\ncode=ac_1&grant=a+b")


def test_nothing_is_told_of_this_computer() -> None:
    """One name for all requests, and the version that everything is read as."""
    with answering(told({})) as elsewhere:
        asked(elsewhere.url)
    head = elsewhere.asked[0].lower()
    for line in (
        f"user-agent: panelist/{__version__}",
        f"stripe-version: {VERSION}",
        f"authorization: bearer {KEY}".lower(),
        "stripe-account: acct_1canary",
    ):
        assert head.count(f"\r\n{line}\r\n") == 1
    assert "x-stripe-client" not in head
    assert "python" not in head


@pytest.mark.parametrize(
    "answer",
    [
        told({"error": {"type": "api_error", "message": "x"}}, 500),
        told({"error": {"code": "lock_timeout"}}, 409),
        told({"error": {"code": "rate_limit"}}, 429),
        http(503, b"{}", "Stripe-Should-Retry: true"),
    ],
    ids=["500", "409", "429", "asked for"],
)
def test_it_tries_nothing_again(answer: bytes) -> None:
    """A code that is used twice ends the connection."""
    with answering(answer) as elsewhere:
        status, _, _ = asked(elsewhere.url, "post", code="ac_1")
    assert f" {status} ".encode() in answer.partition(b"\r\n")[0]
    assert len(elsewhere.asked) == 1


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (told({"error": {"code": "x", "message": "No"}}, 403), 403, b'"code": "x"'),
        (told({"error": "invalid_grant"}, 400), 400, b"invalid_grant"),
        (told({"error": "of_another_kind"}, 400), 400, b"of_another_kind"),
        (told({"error": None}, 400), 400, b"null"),
        (told({"error": [7]}, 500), 500, b"[7]"),
        (told([1], 404), 404, b"[1]"),
        (http(200, b"<html>"), 200, b"<html>"),
        (http(200, b"\xff\xfe"), 200, b"\xff\xfe"),
        (http(302, b"", "Location: /"), 302, b""),
        (told("text"), 200, b'"text"'),
    ],
    ids=[
        "API",
        "OAuth",
        "unknown",
        "nothing",
        "a list",
        "list",
        "page",
        "not UTF-8",
        "redirect",
        "text",
    ],
)
def test_an_answer_is_handed_on_whatever_it_is(answer: bytes, status: int, body: bytes) -> None:
    with answering(answer) as elsewhere:
        got = asked(elsewhere.url)
    assert got[0] == status
    assert body in got[2]


async def test_it_trusts_what_this_computer_trusts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its own clients bring a list of certificates along."""
    certificate = certified(tmp_path, "127.0.0.1")
    fine = Server(FINE.replace(b"fine", b"1234"))
    async with listening(fine.handle, certificate.context()) as port:
        wire = SdkTransport(f"https://127.0.0.1:{port}", SHOWN)
        with pytest.raises(WireProblem, match="certificate"):
            await wire.get("/v1/things", {})
        await wire.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
        wire = SdkTransport(f"https://127.0.0.1:{port}", SHOWN)
        assert (await wire.get("/v1/things", {}))[2] == b"1234"
        await wire.close()


def test_it_writes_nothing_anywhere(tmp_path: Path) -> None:
    """Not even when the environment asks for its log, which has codes and tokens in it."""
    with answering(told({"access_token": "sk_test_Canary"})) as elsewhere:
        done = subprocess.run(
            [sys.executable, "-c", PRIVATE],
            env={
                **os.environ,
                "BASE": elsewhere.url,
                "STRIPE_LOG": "debug",
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
                "PYTHONPATH": os.getcwd(),
            },
            capture_output=True,
            text=True,
            check=True,
        )
    assert "Canary" not in done.stdout + done.stderr
    assert len(elsewhere.asked) == 1
    assert not list(tmp_path.rglob("*telemetry*"))
