"""``panelist`` without a command: opens the app."""

from __future__ import annotations

import argparse
import gc


def run(_: argparse.Namespace) -> int:
    """Open the app and return its exit code."""
    gc.disable()  # until the app runs: what is imported is no garbage
    from app import log
    from app.db.store_factory import open_store
    from app.settings import load

    settings = load()
    from app.tui import run as run_app  # after the settings, whose errors need no Textual

    store = open_store(settings)
    log.start(settings.home)
    return run_app(store, settings)
