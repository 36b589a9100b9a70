"""Fetch pages of 100 customers with one HTTP client, and print what that took.

Run by `http.py` as a process of its own, from the checkout whose ``Transport`` is measured; the
key is in PAGES_KEY. It imports nothing but the client, so that it also runs in an old checkout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

PATH, QUERY = "/v1/customers", {"limit": 100}
Fetch = Callable[[], Awaitable[bytes]]


def transport(url: str, headers: dict[str, str]) -> Fetch:
    """Panelist's own, whatever that is in this checkout."""
    from app.sync.stripe.transport import Transport

    wire = Transport(url, headers)

    async def fetch() -> bytes:
        return (await wire.get(PATH, dict(QUERY)))[2]

    return fetch


def plain(url: str, headers: dict[str, str]) -> Fetch:
    """httpx as it comes."""
    import httpx

    return _through(httpx.AsyncClient(base_url=url, headers=headers))


def aiohttp(url: str, headers: dict[str, str]) -> Fetch:
    """httpx over aiohttp's connections."""
    import httpx
    from httpx_aiohttp import AiohttpTransport  # type: ignore[import-not-found, unused-ignore]

    client = httpx.AsyncClient(base_url=url, headers=headers, transport=AiohttpTransport())
    return _through(client)


def _through(client: Any) -> Fetch:
    async def fetch() -> bytes:
        answer = await client.get(PATH, params=QUERY)
        answer.raise_for_status()
        return bytes(answer.content)

    return fetch


async def measured(fetch: Fetch, pages: int) -> dict[str, float]:
    """CPU seconds of this process and seconds, for so many pages, one after another."""
    for _ in range(10):
        size = len(await fetch())
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(pages):
        await fetch()
    return {
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - started,
        "bytes": size,
    }


async def main(client: Callable[[str, dict[str, str]], Fetch], url: str, pages: int) -> None:
    """Print one line of JSON."""
    headers = {"Authorization": f"Bearer {os.environ['PAGES_KEY']}"}
    print(json.dumps(await measured(client(url, headers), pages)))


CLIENTS = {"transport": transport, "plain": plain, "aiohttp": aiohttp}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="pages", description=__doc__)
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("url", help="where the sandbox listens")
    parser.add_argument("pages", type=int)
    asked = parser.parse_args()
    asyncio.run(main(CLIENTS[asked.client], asked.url, asked.pages))
