"""The control surface and the command, from outside."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.cli import run
from tests.helpers.sandbox_client import Obj
from tests.sandbox.conftest import Serve

COMMAND = [sys.executable, "-m", "app", "sandbox"]


def test_truth_is_the_world_line_by_line(serve: Serve) -> None:
    client = serve(customers=1700, seed=9)
    for kind in ("customers", "subscriptions", "products", "prices", "events"):
        answer = httpx.get(f"{client.sandbox.url}/_sandbox/truth/{kind}")
        lines = [json.loads(line) for line in answer.content.splitlines()]
        assert lines == list(getattr(client.sandbox.world, kind)())
    assert any(len(s["items"]["data"]) > 10 for s in client.sandbox.world.subscriptions())


def test_changes_from_outside(serve: Serve) -> None:
    client = serve(customers=10)
    url = f"{client.sandbox.url}/_sandbox/change"
    made = httpx.post(url, json={"op": "create_customer", "name": "Out"}).json()["id"]
    assert client.get(f"/v1/customers/{made}")["name"] == "Out"
    assert httpx.post(url, json={"op": "delete_customer", "id": made}).status_code == 200
    assert client.get(f"/v1/customers/{made}")["deleted"] is True
    done = httpx.post(url, json={"op": "random", "n": 5}).json()["done"]
    assert len(done) == 5
    assert all(done)
    events = client.sandbox.world.events_table
    before = len(events)
    for wrong in (
        {"op": "nope"},
        {"op": "delete_customer", "id": "cus_x"},
        {"op": "create_customer", "id": "cus_mine"},
        {"op": "update_product"},
        {"op": "random", "n": -1},
        ["no object"],
    ):
        answer = httpx.post(url, json=wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"]
    assert len(events) == before


def test_options_and_stats_from_outside(serve: Serve) -> None:
    client = serve(customers=10)
    url = f"{client.sandbox.url}/_sandbox/"
    wanted = {"forbid": ["prices"], "faults": {"fail_nth": [2]}, "live_changes": 0}
    assert httpx.post(f"{url}options", json=wanted).status_code == 200
    client.get("/v1/prices", 403)
    client.get("/v1/customers", 500)
    client.get("/v1/customers")
    stats = httpx.get(f"{url}stats").json()
    assert stats["requests"] == {"GET /v1/prices": 1, "GET /v1/customers": 2}
    assert stats["statuses"] == {"403": 1, "500": 1, "200": 1}
    assert stats["counts"]["customers"] == 10
    httpx.post(f"{url}options", json={"rate": "1/1"})
    client.get("/v1/customers")
    client.get("/v1/customers", 429)
    for wrong in ({"rate": "fast"}, {"speed": 1}, {"faults": {"bad": 1}}):
        assert httpx.post(f"{url}options", json=wrong).status_code == 400
    assert httpx.get(f"{url}nope").status_code == 404
    assert client.sandbox.options.rate == "1/1"


@contextmanager
def _running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", Obj]]:
    process = subprocess.Popen(
        [*COMMAND, "--json", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_told_to_stop(number: signal.Signals) -> None:
    with _running("--customers", "40", "--seed", "5", "--live") as (process, said):
        assert (said["customers"], said["seed"]) == (40, 5)
        assert said["key"].startswith("rk_live_")
        for key in (said["key"], said["secret_key"]):
            answer = httpx.get(
                f"{said['url']}/v1/customers?limit=100", headers={"Authorization": f"Bearer {key}"}
            )
            assert len(answer.json()["data"]) == 40
        process.send_signal(number)
        assert process.wait(10) == 0


def test_options_of_the_command() -> None:
    arguments = ("--forbid", "prices", "--forbid", "events", "--fault-html", "1", "--rate", "9/4")
    with _running("--customers", "0", *arguments, "--with-parent") as (process, said):
        answer = httpx.get(f"{said['url']}/v1/customers")
        assert answer.status_code == 502
        httpx.post(f"{said['url']}/_sandbox/options", json={"faults": {}})
        headers = {"Authorization": f"Bearer {said['key']}"}
        for name, status in (("prices", 403), ("events", 403), ("products", 200)):
            assert httpx.get(f"{said['url']}/v1/{name}", headers=headers).status_code == status
        assert process.poll() is None


def test_live_changes_happen_by_themselves() -> None:
    with _running("--customers", "50", "--live-changes", "60000", "--event-lag", "0") as (_, said):
        for _ in range(200):
            stats = httpx.get(f"{said['url']}/_sandbox/stats").json()
            if stats["counts"]["events"]:
                return
        pytest.fail("nothing changed in 200 requests at 1,000 changes a second")


def test_with_parent_it_ends_with_the_starter() -> None:
    starter = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({[*COMMAND, '--json', '--with-parent', '--customers', '1']!r},"
        " stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline(), flush=True)\n"
        "sys.stdin.readline()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    headers = {"Authorization": f"Bearer {said['key']}"}
    with httpx.Client(base_url=said["url"], headers=headers, timeout=5) as client:
        assert client.get("/v1/customers").status_code == 200
        hanging = client.post("/_sandbox/options", json={"faults": {"hang": 1.0}})
        assert hanging.status_code == 200
        process.communicate("go\n")
        # Answered by the end of the process: its connections close, new ones are refused.
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.ConnectError)):
            client.get("/v1/customers")


@pytest.mark.parametrize(
    "arguments", [["--customers", "many"], ["--fault-500", "2"], ["--rate", "x"], ["--forbid", "y"]]
)
def test_wrong_use_is_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", *arguments]) == 2
    assert arguments[0] in capsys.readouterr().err


def test_a_taken_port_is_a_sentence(serve: Serve) -> None:
    port = serve().sandbox.url.rpartition(":")[2]
    command = [*COMMAND, "--port", port, "--customers", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Cannot listen on port {port}: ")
