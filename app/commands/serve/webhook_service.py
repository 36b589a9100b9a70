"""Receives webhooks and syncs at the same time, until a signal."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import time
from collections.abc import Callable
from functools import partial

from app import log
from app.commands.serve.database_watch import watch_database
from app.commands.shared.console import print_json, read_secret, say
from app.commands.shared.signals import call_on_signal
from app.commands.shared.stripe_access import reached_access
from app.commands.shared.sync_trouble import SyncTrouble
from app.credentials.factory import open_credentials
from app.db import connections
from app.db.engines.store_factory import open_store_patiently
from app.db.indexes.index_builder import IndexBuilder
from app.invites.housekeeping import Housekeeping
from app.notices.notice_loop import NoticeLoop
from app.settings import load
from app.sync import stripe_clock
from app.sync.engine import Engine
from app.sync.service import SyncService
from app.text import plain
from app.web import http_server, webhook_secrets
from app.web.routes import Routes
from app.web.webhook import PATH
from app.web.worker_thread import WorkerThread

FIRST = 2.0  # seconds to learn whose key it is before the server starts without that
CLOCK_WARNING = 3_600.0  # seconds between two warnings of a wrong clock
ENGINE_GRACE = 0.6  # seconds for the sync to end, while the server ends too


def receive(options: argparse.Namespace) -> None:
    """Listen, sync and receive. Raises NotConnected if no account is connected."""
    settings = load()
    credentials = open_credentials(settings)
    kept: tuple[str, ...] = ()
    if options.secret_stdin:
        kept = webhook_secrets.keep(credentials, read_secret("Signing secret (whsec_…): "))
    if kept:
        say(f"The secret is stored in: {plain(credentials.described())}")
    if settings.webhook_secret or not kept:
        kept += webhook_secrets.known(settings, credentials)
    store = open_store_patiently(settings, say)
    service = SyncService(store, settings, credentials)
    log.start(settings.home)
    with (
        Housekeeping(store, settings.folders),
        NoticeLoop(store, settings),
        IndexBuilder(store) as upkeep,
    ):
        sync = None if options.no_sync else ServedSync(service, upkeep.wake)
        asyncio.run(_run(service, kept, sync, options))


class ServedSync:
    """The sync beside the server. It starts once Stripe says whose key it is. Until then, events
    are stored for it. ``on_change``: called after each of its commits."""

    def __init__(self, service: SyncService, on_change: Callable[[], None]) -> None:
        self._service, self._on_change = service, on_change
        self._worker = WorkerThread(service.store, "access")
        self._engine: Engine | None = None
        self.started = asyncio.Event()

    async def run(self) -> None:
        """Sync until a person disconnects or access ends, and say so. Raises NotConnected and
        everything in service.PROBLEMS if there is nothing to sync with."""
        connection, access = await self._worker.do(partial(reached_access, self._service))
        self._worker.end()
        self._engine = self._service.engine(access, connection, lambda _: self._on_change())
        self._engine.start()
        self.started.set()
        await watch_sync(self._engine)

    @property
    def who(self) -> str | None:
        """The name of this process while it syncs."""
        syncs = self._engine is not None and self._engine.running
        return f"process {os.getpid()}" if syncs else None

    def stop(self) -> None:
        """End the sync, within moments."""
        if self._engine is not None:
            self._engine.stop(ENGINE_GRACE)


async def _run(
    service: SyncService,
    secrets: tuple[str, ...],
    sync: ServedSync | None,
    options: argparse.Namespace,
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    with call_on_signal(lambda: loop.call_soon_threadsafe(stop.set)):
        listener = http_server.listen(options.host, options.port)
        syncing = loop.create_task(sync.run()) if sync else None
        if sync and syncing:
            either = {syncing, *(loop.create_task(one.wait()) for one in (sync.started, stop))}
            await asyncio.wait(either, timeout=FIRST, return_when=asyncio.FIRST_COMPLETED)
            if syncing.done():
                listener.close()
                syncing.result()
        pages = Routes(
            service,
            secrets,
            lambda: sync.who if sync else None,
            on_wrong_clock=_ClockWarning().say,
        )
        _announce(service, listener, sync is not None, options)
        serving = loop.create_task(
            http_server.serve(http_server.application(pages.routes), listener, stop)
        )
        serving.add_done_callback(lambda _: stop.set())
        watching = None if sync else loop.create_task(watch_database(service.store))
        if syncing:
            syncing.add_done_callback(partial(_stop_after_failure, stop))
        await stop.wait()
        for task in (syncing, watching):
            if task:
                task.cancel()
        ending = asyncio.to_thread(sync.stop) if sync else asyncio.sleep(0)
        await asyncio.gather(serving, ending)
        pages.end()
        if syncing and syncing.done() and not syncing.cancelled():
            syncing.result()


class _ClockWarning:
    """Says now and then that webhooks are refused because of a wrong clock. A single old signature
    may be one that someone sent again, so it names what is compared."""

    def __init__(self) -> None:
        self._next = 0.0

    def say(self, ahead: float) -> None:
        text = stripe_clock.difference(ahead)
        if text is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + CLOCK_WARNING
            say(f"A webhook was refused because this computer's clock may be wrong. {text}")


def _stop_after_failure(stop: asyncio.Event, syncing: asyncio.Task[None]) -> None:
    if not syncing.cancelled() and syncing.exception() is not None:
        stop.set()


async def watch_sync(engine: Engine) -> None:
    """Say when the sync has trouble and when that is over, and if it ends by itself: a person
    disconnected, or access ended."""
    trouble = SyncTrouble()
    while engine.running:
        trouble.see(engine.activity)
        await asyncio.sleep(1.0)
    say(
        f"{plain(engine.activity.doing, 1000)} Panelist still receives webhooks. Start it"
        " again to sync."
    )


def _announce(
    service: SyncService, listener: socket.socket, syncs: bool, options: argparse.Namespace
) -> None:
    url, only_here = http_server.address_of(listener)
    forward = f"stripe listen --forward-to {url}{PATH}"
    if not only_here:
        say(
            "Other computers can reach this address. Put a proxy with TLS in front of it,"
            " because Stripe delivers over https only."
        )
    if not connections.connected(service.store):
        say("No account is connected. Webhooks have no effect until you connect one.")
    if options.json:
        line = {"type": "listening", "url": url, "webhook": url + PATH, "forward": forward}
        print_json({**line, "syncing": syncs})
    else:
        print(
            f"Listening for Stripe at {url}{PATH}. To forward events to it: {forward}", flush=True
        )
