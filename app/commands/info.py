"""``panelist info``: prints what is needed to help with a problem."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.commands.shared.arguments import add_json
from app.commands.shared.console import print_json
from app.commands.shared.exit_codes import DONE

if TYPE_CHECKING:
    from app.credentials.store import Credentials
    from app.settings import Settings


EXAMPLES = {
    "info": ("info", "info --json"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the facts, without secrets, names or emails."""
    from app.text import plain

    facts = _facts()
    if options.json:
        print_json(facts)
        return DONE
    for name, value in facts.items():
        if name == "key_problems":
            continue
        if name == "settings":
            value = ", ".join(f"{one} ({where})" for one, where in value.items()) or "none set"
        print(f"{name:<14} {plain(value) if name != 'quarantined' else len(value)}")
    for problem in facts["key_problems"]:
        print(f"  {plain(problem)}")
    for bad in facts["quarantined"]:
        print(f"  {bad['listing']} {bad['id']}: {bad['reason']}")
    return DONE


def _facts() -> dict[str, Any]:
    import platform
    from importlib.metadata import version

    from app import __version__, paths
    from app.credentials.factory import open_credentials
    from app.db.engines.store_factory import open_store
    from app.panel.overview import overview
    from app.settings import load, sources
    from app.text import plain

    settings = load()
    credentials = open_credentials(settings)
    store = open_store(settings)
    view = overview(store)
    return {
        "panelist": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "textual": version("textual"),
        "home": str(settings.home),
        "state": str(settings.folders.state),
        "settings_file": str(paths.settings_file(settings.home)),
        "log": str(paths.log_file(settings.home)),
        "settings": sources(),
        "key_problems": list(settings.keys.problems),
        "database": store.where,
        "stripe_api": settings.stripe_api_base,
        "key": "from PANELIST_STRIPE_KEY, not stored" if settings.stripe_key else "none",
        "credentials": credentials.described(),
        "mail": _mail(settings, credentials),
        "status": view.connection.status if view.connection else "not connected",
        "quarantined": [
            {"listing": listing, "id": plain(key), "reason": plain(reason)}
            for listing, key, reason in store.rows(
                "SELECT listing, stripe_id, reason FROM quarantine ORDER BY 1, 2 LIMIT 100"
            )
        ],
    }


def _mail(settings: Settings, credentials: Credentials) -> str:
    """The mail server and how it is logged in to, without the mailbox."""
    from app.invites.mail.oauth.mail_tokens import kept_tokens
    from app.invites.mail.oauth.providers import mail_app
    from app.invites.mail.server_settings import mail_server
    from app.problems import Problem

    try:
        server, app = mail_server(settings), mail_app(settings)
        if server is None:
            return "no mail server: invites are saved as files"
        place = f"{server.host}:{server.port}"
        if app is None:
            return f"{place}, by {'a password' if server.user else 'no login'}"
        tokens = kept_tokens(credentials, server)
    except Problem as problem:  # wrong settings, or credentials that are locked
        return str(problem)
    signed_in = tokens is not None and tokens.client_id == app.client_id
    return f"{place}, {'' if signed_in else 'not '}signed in at {app.provider.name}"
