"""Receives webhooks and syncs at the same time, until a signal."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket

from app import log
from app.commands.console import print_json, read_secret, say
from app.commands.exit_codes import NotConnected
from app.commands.signals import call_on_signal
from app.commands.stripe_access import sync_access
from app.credentials.factory import open_credentials
from app.db import connections
from app.db.indexes.index_builder import IndexBuilder
from app.db.store_factory import open_store
from app.invites.housekeeping import Housekeeping
from app.settings import load
from app.sync.engine import Engine
from app.sync.service import SyncService
from app.text import plain
from app.web import server, webhook_secrets
from app.web.routes import Routes
from app.web.webhook import PATH

ENGINE_GRACE = 0.6  # seconds for the sync to end, while the server ends too


def receive(options: argparse.Namespace) -> None:
    """Listen, sync and receive. Raises NotConnected if no account is connected."""
    settings = load()
    credentials = open_credentials(settings)
    kept: tuple[str, ...] = ()
    if options.secret_stdin:
        kept = webhook_secrets.keep(credentials, read_secret("Signing secret (whsec_…): "))
    if kept:
        say(f"The secret is kept in: {plain(credentials.described())}")
    if settings.webhook_secret or not kept:
        kept += webhook_secrets.known(settings, credentials)
    service = SyncService(open_store(settings), settings, credentials)
    log.start(settings.home)
    listener = server.listen(options.host, options.port)
    engine = None
    with Housekeeping(service.store, settings.home), IndexBuilder(service.store) as upkeep:
        try:
            if not options.no_sync:
                connection, access = sync_access(service)
                engine = service.engine(access, connection, lambda _: upkeep.wake())
        except NotConnected:
            listener.close()
            raise
        asyncio.run(_run(service, listener, kept, engine, options))


async def _run(
    service: SyncService,
    listener: socket.socket,
    secrets: tuple[str, ...],
    engine: Engine | None,
    options: argparse.Namespace,
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    with call_on_signal(lambda: loop.call_soon_threadsafe(stop.set)):
        if engine is not None:
            engine.start()
        pages = Routes(service, secrets, lambda: _who(engine))
        app = server.application(pages.routes)
        _announce(service, listener, engine is not None, options)
        serving = loop.create_task(server.serve(app, listener, stop))
        serving.add_done_callback(lambda _: stop.set())
        watching = loop.create_task(watch_sync(engine)) if engine else None
        await stop.wait()
        if watching:
            watching.cancel()
        ending = asyncio.to_thread(engine.stop, ENGINE_GRACE) if engine else asyncio.sleep(0)
        await asyncio.gather(serving, ending)
        pages.end()


async def watch_sync(engine: Engine) -> None:
    """Say so if the sync ends by itself: a person disconnected, or access ended."""
    while engine.running:
        await asyncio.sleep(1.0)
    say(f"{plain(engine.activity.doing, 1000)} Webhooks are still received; start again to sync.")


def _who(engine: Engine | None) -> str | None:
    return f"process {os.getpid()}" if engine is not None and engine.running else None


def _announce(
    service: SyncService, listener: socket.socket, syncs: bool, options: argparse.Namespace
) -> None:
    url, only_here = server.address_of(listener)
    forward = f"stripe listen --forward-to {url}{PATH}"
    if not only_here:
        say(
            "This address can be reached from other computers: put a proxy with TLS in front of"
            " it, since Stripe delivers by https only."
        )
    if not connections.connected(service.store):
        say("No account is connected yet; until one is, webhooks are answered without effect.")
    if options.json:
        line = {"type": "listening", "url": url, "webhook": url + PATH, "forward": forward}
        print_json({**line, "syncing": syncs})
    else:
        print(f"Listening for Stripe at {url}{PATH}; to bring events there: {forward}", flush=True)
