"""Faults, counts and hooks of the server."""

import contextlib
import socket
import threading
from collections import Counter

import httpx
import orjson
import pytest

from app.sandbox.server.faults import KINDS, Faults
from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from tests.helpers.sandbox_client import Client
from tests.sandbox.conftest import Serve


def _one(serve: Serve, kind: str) -> Client:
    return serve(SandboxOptions(faults=Faults(fail_nth={2}, fail_with=kind)))


@pytest.mark.parametrize(
    ("kind", "status", "code", "header"),
    [
        ("error_500", 500, None, ("stripe-should-retry", "false")),
        ("error_401", 401, None, ("content-type", "application/json")),
        ("rate_429", 429, "rate_limit", ("stripe-rate-limited-reason", "global-rate")),
        ("lock_timeout", 429, "lock_timeout", ("stripe-should-retry", "true")),
    ],
)
def test_answers_that_are_errors(
    serve: Serve, kind: str, status: int, code: str | None, header: tuple[str, str]
) -> None:
    client = _one(serve, kind)
    client.get("/v1/customers")
    answer = client.raw("/v1/customers")
    assert answer.status_code == status
    assert answer.json()["error"].get("code") == code
    assert answer.headers[header[0]] == header[1]
    client.get("/v1/customers")
    assert client.sandbox.statuses == Counter({200: 2, status: 1})


def test_html(serve: Serve) -> None:
    client = _one(serve, "html")
    client.get("/v1/customers")
    answer = client.raw("/v1/customers")
    assert answer.status_code == 502
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize(
    ("kind", "error"), [("reset", httpx.ReadError), ("cut_body", httpx.RemoteProtocolError)]
)
def test_broken_connections(serve: Serve, kind: str, error: type[Exception]) -> None:
    client = _one(serve, kind)
    client.get("/v1/customers")
    with pytest.raises(error):
        client.raw("/v1/customers")
    client.get("/v1/customers")


def test_cut_json_is_a_whole_answer_with_half_a_body(serve: Serve) -> None:
    client = _one(serve, "cut_json")
    client.get("/v1/customers")
    answer = client.raw("/v1/customers")
    assert answer.status_code == 200
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


def test_hanging_never_answers(serve: Serve) -> None:
    client = _one(serve, "hang")
    client.get("/v1/customers")
    with pytest.raises(httpx.ReadTimeout):
        client.http.get("/v1/customers", timeout=0.05)
    client.get("/v1/customers")


def test_shares_repeat_with_their_seed() -> None:
    def drawn(seed: int) -> list[str | None]:
        faults = Faults(seed=seed, error_500=0.1, reset=0.1)
        return [faults.next("/v1/customers") for _ in range(1000)]

    first = drawn(1)
    assert first == drawn(1) != drawn(2)
    counts = Counter(first)
    assert set(counts) == {None, "error_500", "reset"}
    assert 60 < counts["error_500"] < 140
    assert 60 < counts["reset"] < 140


def test_faults_only_where_asked(serve: Serve) -> None:
    client = serve(SandboxOptions(faults=Faults(error_500=1.0, only="/v1/prices")))
    client.get("/v1/customers")
    client.get("/v1/prices", 500)
    client.get("/v1/products")
    with pytest.raises(ValueError, match="fail_with"):
        Faults(fail_with="bad luck")
    assert len(set(KINDS)) == 9


def test_counts_and_log(serve: Serve) -> None:
    client = serve()
    some = client.ids("/v1/customers?limit=2")[0]
    client.get(f"/v1/customers/{some}")
    client.get("/v1/customers/cus_x", 404)
    assert client.sandbox.requests == Counter({"GET /v1/customers": 1, "GET /v1/customers/{id}": 2})
    assert client.sandbox.statuses == Counter({200: 2, 404: 1})
    times, paths, queries, statuses = zip(*client.sandbox.log, strict=True)
    assert paths[0] == "/v1/customers"
    assert queries[0] == "limit=2"
    assert statuses == (200, 200, 404)
    assert set(times) == {client.sandbox.world.clock()}


def test_the_hook_sees_each_request_before_its_answer(serve: Serve) -> None:
    client = serve(customers=3)
    asked: list[tuple[str, dict[str, object]]] = []

    def hook(path: str, query: dict[str, object]) -> None:
        asked.append((path, query))
        client.sandbox.world.create_customer(name=f"Made {len(asked)}")

    client.sandbox.on_request = hook
    assert client.data("/v1/customers?created[gte]=5&limit=1")[0]["name"] == "Made 1"
    assert asked == [("/v1/customers", {"created": {"gte": "5"}, "limit": "1"})]


def test_the_lock_is_held_while_answering(serve: Serve) -> None:
    client = serve(customers=1)
    free: list[bool] = []

    def hook(path: str, query: dict[str, object]) -> None:
        other = threading.Thread(
            target=lambda: free.append(client.sandbox.lock.acquire(blocking=False))
        )
        other.start()
        other.join()

    client.sandbox.on_request = hook
    client.get("/v1/customers")
    assert free == [False]
    assert client.sandbox.lock.acquire(timeout=5)
    client.sandbox.lock.release()


def test_pipelined_requests_are_answered_in_order(big: Client) -> None:
    key = big.sandbox.world.restricted_key
    asked = b"".join(
        f"GET /v1/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{end}\r\n".encode()
        for name, end in (
            ("customers?limit=1", ""),
            ("products?limit=1", ""),
            ("prices?limit=1", "Connection: close\r\n"),
        )
    )
    port = int(big.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(asked)
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
    places = [answer.index(f'"/v1/{name}"'.encode()) for name in ("customers", "products")]
    assert answer.count(b"HTTP/1.1 200") == 3
    assert places == sorted(places)


def test_nonsense_closes_the_connection_only(big: Client) -> None:
    port = int(big.sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(100) == b""
    big.get("/v1/customers")


def test_stopping_and_starting_again_keeps_the_address(serve: Serve) -> None:
    sandbox = Sandbox(customers=3)
    with sandbox:
        url, kept = sandbox.url, Client(sandbox)
        assert len(kept.data("/v1/customers")) == 3
    with pytest.raises(httpx.HTTPError):
        kept.raw("/v1/customers")
    with sandbox, kept:
        assert sandbox.url == url
        assert len(kept.data("/v1/customers")) == 3
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="Errno"):
            Sandbox(customers=0, port=port).start()


def test_only_the_loopback_address_listens(big: Client) -> None:
    assert big.sandbox.url.startswith("http://127.0.0.1:")
    port = int(big.sandbox.url.rpartition(":")[2])
    with pytest.raises(OSError, match="Errno"):
        socket.create_connection(("127.0.0.2", port), timeout=1)
