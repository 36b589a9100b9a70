"""The log has no byte that a terminal obeys, and no key, wherever a message comes from."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import log, paths
from app.db.engines.store_factory import open_store
from app.sandbox.server.server import Sandbox
from app.settings import Settings
from app.sync.engine import Engine
from app.sync.stripe.access import KeyAccess
from app.sync.stripe.client import StripeProblem
from tests.helpers.socket_server import Server, listening
from tests.helpers.sync_run import connected

HOSTILE = "No \x1b]0;owned\x07 such \x9b2J thing\r\nrk_live_0123456789abcdef0123 \u202etxt"


@pytest.fixture
def file(sqlite_settings: Settings) -> Iterator[Path]:
    """The log, to which this process writes for the time of a test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.start(sqlite_settings.home)
    yield paths.log_file(sqlite_settings.home)
    root.handlers, root.level = handlers, level


def assert_clean(text: str) -> None:
    assert [one for one in text if one != "\n" and not one.isprintable()] == []
    assert "0123456789abcdef" not in text


def test_an_error_of_stripes(sqlite_settings: Settings, file: Path) -> None:
    store = open_store(sqlite_settings)
    with Sandbox(customers=1, seed=71) as sandbox:
        connection = connected(store, sqlite_settings, sandbox)
    body = json.dumps({"error": {"type": "invalid_request_error", "message": HOSTILE}}).encode()
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\nRequest-Id: req_\x1b[2J"

    async def sync() -> None:
        server = Server(f"{head}\r\n\r\n".encode() + body)
        async with listening(server.handle) as port:
            here = replace(sqlite_settings, stripe_api_base=f"http://127.0.0.1:{port}")
            access = KeyAccess("rk_test_0123456789abcdef")
            await Engine(store, here, access, connection).run(once=True)

    with pytest.raises(StripeProblem):
        asyncio.run(sync())
    store.close()
    text = file.read_text("utf-8")
    assert "app.sync.engine" in text
    assert text.count("\n") == 1
    assert_clean(text)


def test_a_fault_with_its_traceback(file: Path) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("app.test").exception("It failed: %s", HOSTILE)
    text = file.read_text("utf-8")
    assert "Traceback" in text
    assert_clean(text)
