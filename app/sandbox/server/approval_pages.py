"""Stripe's OAuth pages. They have no scripts, and every value is escaped."""

import re
from html import escape
from urllib.parse import urlsplit

from app.sandbox.world.errors import PERMISSIONS
from app.sandbox.world.registered_app import RESOURCES
from app.web_page import page, style_source

APP_NAME = "Panelist"

_HOST = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")


def headers(targets: list[str]) -> list[tuple[str, str]]:
    """The headers of a page whose form may redirect to these addresses.

    Chromium applies form-action to the redirects of a form too, so the policy names them.
    """
    sources = " ".join(map(_source, targets))
    policy = [
        "default-src 'none'",
        f"style-src {style_source()}",
        "img-src data:",
        f"form-action 'self' {sources}".rstrip(),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", "; ".join(policy)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),  # no-referrer would make the form's Origin "null"
        ("Cache-Control", "no-store"),
    ]


def _source(target: str) -> str:
    """The origin of an address, or only its scheme if a policy cannot name the host (IPv6)."""
    parts = urlsplit(target)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if _HOST.fullmatch(origin) else f"{parts.scheme}:"


def consent(
    account: tuple[str, str, bool], redirect_uri: str, fields: dict[str, str], *, connect: bool
) -> bytes:
    """The approval page. `account`: name, id and livemode. The form sends `fields` back."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    if connect:
        wanted = "<p>It asks for <strong>read and write</strong> access to this account.</p>"
    else:
        labels = [PERMISSIONS[resource][0].removesuffix(" Read") for resource in RESOURCES]
        items = "".join(f"<li>{escape(label)}: read</li>" for label in labels)
        wanted = f"<p>It asks for these permissions:</p><ul>{items}</ul>"
    return _page(
        f"{APP_NAME} wants access",
        f"<h1>{APP_NAME} wants access to your Stripe account</h1>{_account(*account)}{wanted}"
        f'<form method="post" action="/oauth/decision">{hidden}'
        '<button name="decision" value="approve" id="approve">Approve</button>'
        '<button name="decision" value="deny" id="deny" class="quiet">Deny</button></form>'
        f'<p class="small">Afterwards you are sent to {escape(redirect_uri)}</p>',
    )


def dashboard(account: tuple[str, str, bool], *, installed: bool, connected: bool) -> bytes:
    """A small part of the Dashboard: whether the app is installed, and buttons to change that."""
    if installed:
        status = f"{APP_NAME} is installed."
    elif connected:
        status = f"{APP_NAME} is connected."
    else:
        status = f"{APP_NAME} is not installed."
    install = _button("install", f"Install {APP_NAME}") if not installed else ""
    remove = _button("remove", f"Remove {APP_NAME}") if installed or connected else ""
    return _page(
        "Installed apps",
        f"<h1>Installed apps</h1>{_account(*account)}<p>{status}</p>{install}{remove}",
    )


def notice(text: str) -> bytes:
    """A page with one sentence."""
    return _page(text, f"<h1>{escape(text)}</h1>")


def _button(name: str, label: str) -> str:
    return (
        f'<form method="post" action="/dashboard/{name}">'
        f'<button id="{name}">{escape(label)}</button></form>'
    )


def _account(name: str, identifier: str, livemode: bool) -> str:
    mode = "live" if livemode else "test"
    return (
        f'<div class="account"><span class="mode {mode}">{mode.upper()}</span>'
        f"<strong>{escape(name)}</strong> <code>{escape(identifier)}</code></div>"
    )


def _page(title: str, body: str) -> bytes:
    foot = '<p class="small">A local stand-in for Stripe; nothing here is real.</p>'
    return page(f"{title} – Sandbox Stripe", body + foot)
