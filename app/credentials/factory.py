"""The credential store as the settings want it."""

from __future__ import annotations

from app.credentials.store import Credentials, TokenStore
from app.settings import Settings


def open_credentials(settings: Settings) -> Credentials:
    """Nothing is looked at before a secret is asked for."""
    place = TokenStore(settings.token_store) if settings.token_store else None
    return Credentials(settings.home, place=place, passphrase=settings.passphrase)
