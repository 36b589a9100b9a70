"""A server under test, and what Stripe, a proxy or an attacker sends to it."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from app.credentials.factory import open_credentials
from app.db import connections
from app.db.store import Store
from app.settings import Settings
from app.sync.service import SyncService
from app.web import http_server
from app.web.routes import Routes
from app.web.webhook import PATH

NOW = 1_800_000_000  # on the server's clock
SECRET = "whsec_CanarySecretNumber1abcdefgh"
OTHER = "whsec_CanarySecretNumber2abcdefgh"
ACCOUNT = "acct_1Panelist"
CANARY = "canary-card-4242"  # in every snapshot, and to be found nowhere

http = httpx.Client(timeout=20, trust_env=False)


def signature(body: bytes, secret: str = SECRET, at: int = NOW, scheme: str = "v1") -> str:
    """The part of the header that one secret adds (docs.stripe.com/webhooks#verify-manually)."""
    made = hmac.new(secret.encode(), b"%d." % at + body, "sha256")
    return f"{scheme}={made.hexdigest()}"


def signed(body: bytes, *secrets: str, at: int = NOW) -> str:
    """The header, as Stripe sends it."""
    parts = [signature(body, secret, at) for secret in secrets or (SECRET,)]
    return ",".join([f"t={at}", *parts])


def event(kind: str = "customer.updated", about: str | None = "cus_1", **more: Any) -> bytes:
    """An event as Stripe sends it, with a snapshot in it that must not be kept."""
    snapshot = {"id": about, "object": "customer", "default_source": CANARY, "address": CANARY}
    if about is None:
        del snapshot["id"]
    whole = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2020-08-27",
        "created": NOW - 5,
        "data": {"object": snapshot, "previous_attributes": {"description": CANARY}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": CANARY},
        "type": kind,
        **more,
    }
    return json.dumps(whole).encode()


@dataclass
class Serving:
    """A server that runs in a thread."""

    url: str
    store: Store
    loop: asyncio.AbstractEventLoop

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def send(self, body: bytes, header: str | None = "", **options: Any) -> httpx.Response:
        """Bring a body; signed unless another header, or None for none, is given."""
        header = signed(body) if header == "" else header
        headers = {} if header is None else {"Stripe-Signature": header}
        return http.post(self.url + PATH, content=body, headers=headers, **options)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The server is busy with something else, and callers wait to be let in."""
        over = threading.Event()
        self.loop.call_soon_threadsafe(over.wait)
        try:
            yield
        finally:
            over.set()

    @property
    def hints(self) -> list[tuple[Any, ...]]:
        return hints(self.store)


def hints(store: Store) -> list[tuple[Any, ...]]:
    """What was kept, of all connections."""
    return store.rows(
        "SELECT connection_id, stripe_id, created, type, object_id FROM hint ORDER BY 1, 2"
    )


def account(store: Store, name: str = ACCOUNT, *, live: bool = False) -> int:
    """An account that is connected with a restricted key."""
    return connections.record(store, "stripe", name, live, "Desk", "restricted_key")


@contextmanager
def serving(
    store: Store,
    settings: Settings,
    *secrets: str,
    service: SyncService | None = None,
    callers: int = 100,
    head_seconds: float = 10.0,
    **options: Any,
) -> Iterator[Serving]:
    """A real server with these secrets; its clock stands still at NOW."""
    service = service or SyncService(store, settings, open_credentials(settings))
    known = secrets or (SECRET,)
    pages = Routes(service, known, lambda: "process 1", clock=lambda: NOW, **options)
    listener = http_server.listen("127.0.0.1", 0)
    url, _ = http_server.address_of(listener)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            app = http_server.application(pages.routes)
            work = http_server.serve(
                app, listener, stop, callers=callers, head_seconds=head_seconds
            )
            runner.run(work)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield Serving(url, store, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        pages.end()
        assert not thread.is_alive()


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Somebody else writes, and does not let go."""
    if store.postgres:
        database = store.database
        with psycopg.connect(dbname=database.database, **database.connect_params) as other:
            other.execute("LOCK TABLE hint IN ACCESS EXCLUSIVE MODE")
            yield
            other.rollback()
    else:
        with closing(sqlite3.connect(store.where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
