"""Opens the credential storage that the settings ask for."""

from __future__ import annotations

from app.credentials.store import Credentials, TokenStore
from app.settings import Settings


def open_credentials(settings: Settings) -> Credentials:
    """The secrets of the home folder. No file or keyring is opened before the first use."""
    token_store = TokenStore(settings.token_store) if settings.token_store else None
    return Credentials(settings.home, token_store=token_store, passphrase=settings.passphrase)
