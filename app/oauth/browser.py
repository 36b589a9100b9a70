"""Opens a page of a sign-in in the person's browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

OPENING = 5.0  # seconds in which a browser may report that it cannot be started

_OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"


def open_browser(url: str, environ: Mapping[str, str]) -> str:
    """Open a page in the person's browser. Returns "" if it started, otherwise a short reason.

    The browser starts from a separate process, because it may block or write to the terminal. The
    environment of that process has none of our secrets.
    """
    if environ.get("SSH_CONNECTION") and not environ.get("BROWSER"):
        return "this is an ssh session"
    screen = sys.platform == "darwin" or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    if not screen and not environ.get("BROWSER"):
        return "no display is available"
    nowhere = subprocess.DEVNULL
    try:
        opened = subprocess.Popen(
            [sys.executable, "-c", _OPEN, url],
            stdin=nowhere, stdout=nowhere, stderr=nowhere,
            start_new_session=True,
            env={name: value for name, value in environ.items() if "PANELIST" not in name},
        )  # fmt: skip
        return "" if opened.wait(OPENING) == 0 else "no browser could be started"
    except subprocess.TimeoutExpired:
        return ""  # some browsers keep this process running
    except OSError:
        return "no browser could be started"
