"""Imports the sync after the first paint, so that the first frame does not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.credentials.store import Credentials
from app.db.store import Store
from app.settings import Settings

if TYPE_CHECKING:
    from app.sync.service import SyncService

Load = Callable[[Store, Settings, Credentials], "SyncService"]


def load_sync(store: Store, settings: Settings, credentials: Credentials) -> SyncService:
    """Import the sync and return it."""
    from app.sync.service import SyncService

    return SyncService(store, settings, credentials)
