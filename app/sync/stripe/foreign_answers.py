"""Quotes answers that are no usable answers of Stripe's API.

Stripe sends JSON and never redirects. Anything else may come from a proxy, from a network with a
sign-in page or from a server of Stripe's that fails, so the sentences quote it and blame no one.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from app.sync.stripe.pages import UnreadableAnswer, any_object
from app.sync.stripe.transport import Headers
from app.text import plain, redacted

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_READ = 20_000  # bytes of a foreign answer that are looked at
_QUOTED = 120  # characters of it that are shown


def redirected(status: int, headers: Headers) -> str:
    """A redirect, which Stripe's API never sends."""
    try:
        host = urlsplit(headers.get("location", "")).hostname or ""
    except ValueError:
        host = ""
    where = f" to {plain(host, _QUOTED)}" if host else ""
    return (
        f"The response is a redirect{where} ({status}), which Stripe never sends. This"
        " network may want you to sign in"
    )


def is_page(headers: Headers) -> bool:
    """Whether it is a web page. Stripe's API sends only JSON."""
    return "html" in headers.get("content-type", "")


def page(status: int, content: bytes) -> str:
    """A web page, such as the one where a hotel's guests sign in."""
    return (
        f"The response is a web page, not from Stripe ({status}{_quoted(content)}). This"
        " network may want you to sign in"
    )


def failed(status: int, content: bytes) -> str:
    """An answer that says that the server could not do it."""
    try:
        error = any_object(content).get("error")
    except UnreadableAnswer:
        return f"The response is an error, but not in Stripe's format ({status}{_quoted(content)})"
    said = error.get("message") if isinstance(error, dict) else error
    detail = f": {plain(without_keys(str(said)), _QUOTED)}" if said else ""
    return f"Stripe had a server error ({status}{detail})"


def unreadable(status: int, content: bytes) -> str:
    """An answer that is cut, or no JSON."""
    return f"The response was cut off or is not from Stripe ({status}{_quoted(content)})"


def without_keys(text: str) -> str:
    """Remove secrets. Stripe repeats what was pasted as a key, and people paste other secrets
    too."""
    return redacted(re.sub(r"(Invalid API Key provided: ).*", r"\1…", text))


def _quoted(content: bytes) -> str:
    """The first words that a person would see of it. JSON is not quoted: it can hold customers."""
    text = content[:_READ].decode("utf-8", "replace").strip()
    if not text or text[0] in "{[":
        return ""
    title = _TITLE.search(text)
    seen = html.unescape(title[1] if title and title[1].strip() else _UNSEEN.sub(" ", text))
    words = plain(" ".join(redacted(seen).split()), _QUOTED)
    return f": “{words}”" if words else ""
