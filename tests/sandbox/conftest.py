from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.sandbox.server.server import Sandbox
from app.sandbox.server.state import SandboxOptions
from app.sandbox.world.world import World
from tests.helpers.sandbox_client import Client, Clock

Serve = Callable[..., Client]


@pytest.fixture(scope="session")
def big() -> Iterator[Client]:
    """5,000 customers no one changes."""
    with Sandbox(customers=5000, seed=3, clock=Clock()) as sandbox, Client(sandbox) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve(clock: Clock) -> Iterator[Serve]:
    """Starts a sandbox on a frozen clock; `options` are its, the rest makes the world."""
    with ExitStack() as stack:

        def start(options: SandboxOptions | None = None, **world: Any) -> Client:
            world.setdefault("customers", 30)
            made = World(clock=clock, **world)
            sandbox = stack.enter_context(Sandbox(made, options=options))
            return stack.enter_context(Client(sandbox))

        yield start
