"""``panelist`` without a command: opens the app."""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
from contextlib import closing


def run(_: argparse.Namespace) -> int:
    """Open the app and return its exit code."""
    gc.disable()  # until the app runs: what is imported is no garbage
    from app import log
    from app.db.engines.store_factory import open_store
    from app.settings import load

    settings = load()
    from app import tui  # after the settings, whose errors need no Textual

    log.start(settings.home)
    while True:
        with closing(open_store(settings)) as store:
            code = tui.run(store, settings)
        if code != tui.START_DEMO:
            return code
        subprocess.run([sys.executable, "-m", "app", "demo"], check=False)
