"""Panelist on the real sync, beside a sandbox that knows its OAuth app."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from app.db.store import Store
from app.sandbox.server.server import Sandbox
from app.screens.connect.methods import MethodList
from app.screens.connect.screen import ConnectScreen
from app.services.oauth_approval import ApprovalPage, OAuthApproval
from app.settings import CALLBACK_PATH, Settings
from app.tui import PanelistApp
from app.widgets.lines.text_line import TextLine
from tests.helpers.approved_home import decide, known
from tests.helpers.filled_store import StandIn
from tests.screens.conftest import Driven

Run = Callable[..., AbstractAsyncContextManager[Driven]]


def free_port() -> int:
    """A port that no one listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether one could listen there."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Setup:
    """A sandbox, and what a home beside it is set to."""

    def __init__(self, sandbox: Sandbox, home: Path, port: int) -> None:
        self.sandbox, self.home, self.port = sandbox, home, port

    def settings(self, **more: Any) -> Settings:
        """OAuth set up by the environment, access for this session only."""
        values = {"oauth_port": self.port, "token_store": "session", **more}
        return known(self.sandbox, self.home, **values)

    def bare(self, **more: Any) -> Settings:
        """The same without OAuth, and without a place."""
        nothing = dict.fromkeys(("stripe_client_id", "stripe_client_secret", "token_store"))
        return self.settings(**{**nothing, **more})


def made(tmp_path: Path, **world: Any) -> Setup:
    """A sandbox that is not started yet."""
    port = free_port()
    uris = [f"{scheme}://127.0.0.1:{port}{CALLBACK_PATH}" for scheme in ("http", "https")]
    options = {"customers": 5, "seed": 7, "redirect_uris": uris, **world}
    return Setup(Sandbox(**options), tmp_path, port)


@asynccontextmanager
async def running(
    store: Store, settings: Settings, size: tuple[int, int] = (100, 40)
) -> AsyncIterator[Driven]:
    """The app as a person has it."""
    app = PanelistApp(store, settings)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        at = Driven(app, pilot, cast(StandIn, None))
        await at.until(lambda: not at.app.stripe.busy)
        await at.until(lambda: bool(at.app.screen_stack))
        yield at


async def choose(at: Driven, way: str) -> None:
    """Highlight a way."""
    await at.until(lambda: way in ids(at))
    ways = at.app.screen.query_one(MethodList)
    ways.focus()
    ways.highlighted = ids(at).index(way)
    await at.pilot.pause()


def ids(at: Driven) -> list[str | None]:
    """The ways there are."""
    screens = at.app.connect_screens()
    return [one.id for one in screens[0].query_one(MethodList).options] if screens else []


async def ask(at: Driven, mode: str = "test") -> str:
    """Ask for a page to approve on; its address, once all is known of it."""
    await choose(at, f"oauth-{mode}")
    await at.press("enter")
    await at.until(lambda: at.app.oauth.page is not None)
    await at.until(lambda: "Opening" not in page(at).said)
    return page(at).url


def page(at: Driven) -> ApprovalPage:
    """The page that is waited for."""
    found = at.app.oauth.page
    assert found is not None
    return found


def approve(url: str, decision: str = "approve") -> httpx.Response:
    """Decide at the sandbox's page, and go where that leads; what the listener answers."""
    return go(decide(url, decision))


def go(address: str) -> httpx.Response:
    """What a browser does with a redirect."""
    return httpx.get(address, verify=False, trust_env=False)


def connect_screen(at: Driven) -> ConnectScreen:
    """The Connect screen."""
    return at.app.connect_screens()[0]


def kept(at: Driven) -> str:
    """What Status says about the credentials."""
    return (
        str(at.app.screen.query_one("#polling", TextLine).render())
        .rpartition("Credentials")[2]
        .strip()
    )


def listens(approving: OAuthApproval) -> bool:
    """Whether an answer would be heard."""
    return approving._approval is not None
