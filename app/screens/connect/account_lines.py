"""An account and the access to it, in labelled lines."""

from __future__ import annotations

from app.text import plain
from app.widgets.content import Content, labelled, words

METHODS = {"oauth": "Connect with Stripe", "restricted_key": "restricted key"}


def account_lines(account: str, name: str | None, livemode: bool, method: str) -> list[Content]:
    """The account, its mode, and how Panelist reads it."""
    mode = (" LIVE ", "bold reverse $never") if livemode else (" TEST ", "bold reverse")
    lines = [labelled("Account", (plain(name or account), "bold"))]
    lines += [labelled("Stripe ID", account)] * bool(name)
    return [
        *lines,
        labelled("Mode", words(mode)),
        labelled("Access", METHODS.get(method, plain(method))),
    ]
