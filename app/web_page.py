"""The few pages that a browser shows: after an approval, and those of the sandbox.

They have one stylesheet and no scripts. A Content-Security-Policy allows exactly this stylesheet.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape

from app.paths import asset


def page(title: str, body: str) -> bytes:
    """A whole page. ``title`` is escaped here; ``body`` is HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>"
    ).encode()


def style_source() -> str:
    """What a Content-Security-Policy names to allow the stylesheet (CSP 3, 2.3.1)."""
    digest = hashlib.sha256(_style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _style() -> str:
    return asset("page.css").read_text("utf-8")
