"""The door to the sync for the app and the commands: connect, resume, disconnect.

Every method may block for as long as Stripe or a keyring takes, so the app calls them in a thread.
:data:`PROBLEMS` has all their failures, whose texts are sentences for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from app import paths
from app.credentials.store import CredentialProblem, Credentials
from app.db import connections
from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.oauth.errors import OAuthProblem
from app.panel.overview import ConnectionView
from app.settings import Settings
from app.sync.auth import disconnect, oauth_app
from app.sync.auth.connect import check_and_store, connect, delete_access
from app.sync.auth.key_check import KeyProblem, KeyReport, access_by_key
from app.sync.auth.oauth_app import SetupProblem
from app.sync.auth.stripe_approval import Approval, offer_of
from app.sync.engine import Change, Engine
from app.sync.stripe.access import Access, NewAccess, kept_access, secret_name
from app.sync.stripe.oauth import OAuthApp

PROBLEMS = (KeyProblem, OAuthProblem, SetupProblem, CredentialProblem, DatabaseProblem)


@dataclass(frozen=True)
class Admitted:
    """Access that works and is stored if it was to be. The account is not connected yet."""

    report: KeyReport
    access: Access = field(repr=False)


class SyncService:
    """The sync of one database. ``credentials``: the credential storage."""

    def __init__(self, store: Store, settings: Settings, credentials: Credentials) -> None:
        self.store = store
        self.settings = settings
        self.credentials = credentials

    def by_key(self, key: str, *, keep: bool) -> Admitted:
        """Try a key on every endpoint that the sync reads."""
        return self._admitted(access_by_key(key), keep=keep)

    def replace_key(self, key: str) -> Admitted:
        """Try a key of the connected account, and store it in place of the access that is stored.
        The old one stays until the new one has answered. Raises KeyProblem if no account is
        connected, if it is connected by OAuth, or if the key belongs to another."""
        offer = access_by_key(key)
        for _, account, livemode in connections.connected(self.store):
            if livemode != offer.access.livemode:
                mode = "live" if livemode else "test"
                raise KeyProblem(
                    f"{account} is connected in {mode} mode, and this key is of the other mode."
                    " Nothing was changed."
                )
            secret = self.credentials.get(secret_name(account, livemode))
            if secret and "key" not in secret:  # a sync that runs could not renew its tokens
                raise KeyProblem(
                    f"{account} is connected by OAuth, so there is no key to replace. Nothing was"
                    " changed."
                )
            return self._admitted(offer, keep=True)
        raise KeyProblem(
            "No account is connected, so there is no key to replace. Nothing was changed."
            " Connect an account first."
        )

    def by_code(self, app: OAuthApp, code: str, account: str = "") -> Admitted:
        """Exchange the code of a callback, store the tokens, and check them. ``account``: the one
        that a person accepted. Any web page can send a browser to the callback, so it must be the
        account that the code is for. Raises OAuthProblem."""
        admitted = self._admitted(offer_of(app, code), keep=True)
        if account and account != admitted.report.account:
            self.refuse(admitted)
            raise OAuthProblem(
                "refused",
                "That install was for a different account from the one you accepted."
                " Nothing was connected.",
            )
        return admitted

    def _admitted(self, offer: NewAccess, *, keep: bool) -> Admitted:
        credentials = self.credentials if keep else None
        report = check_and_store(self.settings, self.store, credentials, offer)
        if keep and offer.account:  # stored tokens can be renewed
            access = self.kept(report.account, report.livemode) or offer.access
        else:
            access = offer.access
        return Admitted(report, access)

    def kept(self, account: str, livemode: bool) -> Access | None:
        """The stored access of an account."""
        return kept_access(self.credentials, self.oauth_app, account, livemode)

    def resume(self) -> tuple[int, Access] | None:
        """The connected account and its stored access, or None if either is missing."""
        for connection, account, livemode in connections.connected(self.store):
            access = self.kept(account, livemode)
            return (connection, access) if access is not None else None
        return None

    def connect(self, admitted: Admitted) -> int:
        """Record the account as connected and return the connection's id."""
        try:
            return connect(self.store, admitted.report)
        except KeyProblem:  # another Panelist connected another account first
            with suppress(CredentialProblem):
                self.refuse(admitted)
            raise

    def refuse(self, admitted: Admitted) -> None:
        """Delete what was stored, because a person does not want this account after all."""
        delete_access(self.credentials, admitted.report)

    def disconnect(self, connection: ConnectionView) -> list[str]:
        """Disconnect. Returns what was done, in sentences."""
        return [
            *disconnect.disconnect(self.store, self.settings, self.credentials, connection).said
        ]

    def engine(
        self, access: Access, connection: int, on_change: Callable[[Change], None]
    ) -> Engine:
        """The engine that keeps the account current once it is started."""
        return Engine(self.store, self.settings, access, connection, on_change)

    # OAuth

    def oauth_app(self, livemode: bool) -> OAuthApp | None:
        """The app that is registered at Stripe for a mode."""
        return oauth_app.registered(self.settings, self.credentials, livemode)

    def approval(self, app: OAuthApp) -> Approval:
        """Receives an approval. Use it as a context manager."""
        return Approval(app, paths.credentials_folder(self.settings.home))

    def set_up(
        self, client_id: str, secret: str, authorize_url: str, redirect_uri: str
    ) -> OAuthApp:
        """Check what a person entered, also at Stripe, and store it."""
        app = oauth_app.entered(self.settings, client_id, secret, authorize_url, redirect_uri)
        self.credentials.ensure()
        oauth_app.check(app)
        oauth_app.register(self.credentials, app)
        return app
