"""``panelist`` without a command: the app."""

from __future__ import annotations

import argparse
import gc


def run(_: argparse.Namespace) -> int:
    """Open the app; its exit code."""
    gc.disable()  # until the app runs: there is no garbage among what is imported
    from app import log
    from app.db.store_factory import open_store
    from app.settings import load

    settings = load()
    from app.tui import run as run_app  # wrong settings are said without waiting for Textual

    store = open_store(settings)
    log.start(settings.home)
    return run_app(store, settings)
