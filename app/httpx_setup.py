"""What has to be done before httpx is imported."""

from __future__ import annotations

import sys
import warnings


def prepare_httpx() -> None:
    """Call this before httpx is imported, to leave out unused parts that cost much, and a warning.

    httpx's command line would import Rich and Click (130 ms). Without sniffio, httpcore looks for
    it on the disk at every step (a quarter of a request's CPU). anyio 4 warns on standard error if
    a wait is cancelled just as it begins to connect.
    """
    for module in ("httpx._main", "sniffio"):
        sys.modules.setdefault(module, None)  # type: ignore[arg-type]
    warnings.filterwarnings("ignore", "coroutine 'connect_tcp.*never awaited", RuntimeWarning)
