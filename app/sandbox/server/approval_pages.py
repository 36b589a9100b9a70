"""Stripe's OAuth pages. They have no scripts, and every value is escaped."""

import base64
import hashlib
import re
from html import escape
from urllib.parse import urlsplit

from app.sandbox.world.errors import PERMISSIONS
from app.sandbox.world.oauth import RESOURCES

APP_NAME = "Panelist"

_STYLE = """
body { margin: 0; background: #f6f8fa; color: #1a1f36; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 30rem; margin: 8vh auto; padding: 2rem; background: #fff; border-radius: 8px;
  box-shadow: 0 2px 12px #1a1f3622; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; }
.account { padding: .75rem 1rem; background: #f6f8fa; border-radius: 6px; }
.account code { display: block; color: #4f566b; overflow-wrap: anywhere; }
.mode { float: right; padding: 0 .5rem; border-radius: 4px; font-weight: 600; color: #fff; }
.test { background: #9a4b00; }
.live { background: #0b6e4f; }
.small { color: #4f566b; font-size: .875rem; overflow-wrap: anywhere; }
form { display: flex; gap: .75rem; margin: 1.5rem 0 .75rem; }
button { flex: 1; padding: .6rem; border: 1px solid #635bff; border-radius: 6px; font: inherit;
  color: #fff; background: #635bff; cursor: pointer; }
button.quiet { color: #1a1f36; background: #fff; border-color: #a3acb9; }
button:focus-visible { outline: 3px solid #1a1f36; outline-offset: 2px; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HOST = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")


def headers(targets: list[str]) -> list[tuple[str, str]]:
    """The headers of a page whose form may redirect to these addresses.

    Chromium applies form-action to the redirects of a form too, so the policy names them.
    """
    sources = " ".join(map(_source, targets))
    policy = [
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
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
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{escape(title)} – Sandbox Stripe</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}"
        '<p class="small">A local stand-in for Stripe; nothing here is real.</p>'
        "</main></body></html>"
    ).encode()
