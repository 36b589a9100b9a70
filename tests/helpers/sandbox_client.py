"""A client and a clock for talking to the sandbox over real HTTP."""

import json
from collections.abc import Iterator
from typing import Any, Self

import httpx

from app.sandbox.server.server import Sandbox

Obj = dict[str, Any]
NOW = 1_795_000_000


class Clock:
    """Time that moves only when told to."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Client:
    """Stripe's client as short as possible: status and parsed body, and walks over whole lists."""

    def __init__(self, sandbox: Sandbox, key: str | None = None) -> None:
        self.sandbox = sandbox
        key = key or sandbox.world.restricted_key
        self.http = httpx.Client(
            base_url=sandbox.url, headers={"Authorization": f"Bearer {key}"}, timeout=10
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def raw(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def get(self, path: str, status: int = 200) -> Obj:
        """The body; the standard library reads lone surrogates and long integers."""
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text[:500]
        body: Obj = json.loads(answer.content)
        return body

    def error(self, path: str, status: int) -> Obj:
        body = self.get(path, status)
        assert list(body) == ["error"]
        error: Obj = body["error"]
        return error

    def data(self, path: str) -> list[Obj]:
        data: list[Obj] = self.get(path)["data"]
        return data

    def ids(self, path: str) -> list[str]:
        return [entry["id"] for entry in self.data(path)]

    def walk(self, path: str, limit: int = 100, direction: str = "starting_after") -> Iterator[Obj]:
        """Every object of a list, page by page, in the order met."""
        joint = "&" if "?" in path else "?"
        cursor = ""
        while True:
            page = self.get(f"{path}{joint}limit={limit}{cursor}")
            data = page["data"] if direction == "starting_after" else page["data"][::-1]
            yield from data
            if not page["has_more"]:
                return
            cursor = f"&{direction}={data[-1]['id']}"
