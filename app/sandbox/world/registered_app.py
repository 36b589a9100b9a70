"""One app registered at Stripe: its approvals, authorisation codes and tokens.

Sources: docs.stripe.com/stripe-apps/api-authentication/oauth (flavour "app") and
docs.stripe.com/connect/oauth-reference (flavour "connect"). The world's clock gives the time.
"""

import hashlib
import hmac
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from app.sandbox.world import errors
from app.sandbox.world.seeded import Obj, word

Flavour = Literal["app", "connect"]

REDIRECTS = tuple(f"{scheme}://127.0.0.1:4573/stripe/callback" for scheme in ("http", "https"))
CODE_LIFE = 300.0
REFRESH_LIFE = 365 * 86400.0
# As the manifest names them (Stripe Apps, "Permissions"). errors.PERMISSIONS has their labels.
RESOURCES = ("customers", "subscriptions", "products", "prices", "events")

# The manifest's own rule: a path of one character or more (schema/stripe-app.schema.json).
_REDIRECT = re.compile(r"https?://[^/?#\s]+/[^#\s]+")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass
class Install:
    """One approval by the account. `living` is False once it has ended."""

    id: str
    flavour: Flavour
    created: int
    living: bool = True


@dataclass
class _Code:
    flavour: Flavour
    until: float
    install: Install | None
    used: bool = False


@dataclass
class _Token:
    """`until` None: it never expires. Rolled refresh tokens are not stored any more."""

    install: Install
    until: float | None


class OAuth:
    """The app of one developer in one mode, and its approvals by one account. Not thread safe."""

    def __init__(
        self,
        seed: int,
        account: str,
        livemode: bool,
        clock: Callable[[], float],
        redirect_uris: Iterable[str] = (),
    ) -> None:
        mode = "live" if livemode else "test"
        self.account, self.livemode = account, livemode
        self.client_id = f"ca_{word(seed, 'ca' + mode, 32)}"
        self.app_id = f"app_61{word(seed, 'app', 30)}"
        self.client_secret = f"sk_{mode}_51{word(seed, 'developer' + mode, 97)}"
        self.developer = f"acct_1{word(seed, 'developer', 15)}"
        self.publishable_key = f"pk_{mode}_51{word(seed, 'pk' + mode, 97)}"
        self.user = f"usr_{word(seed, 'user', 14)}"
        self.signing_secret = f"absec_{word(seed, 'absec', 32)}"
        self.redirect_uris = [*REDIRECTS, *redirect_uris]
        for uri in self.redirect_uris:
            check_redirect(uri)
        self.installs: list[Install] = []
        self._mode, self._clock = mode, clock
        self._rng = random.Random(f"{seed}/oauth/{mode}")
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}

    def allowed(self) -> list[str]:
        """The redirect URIs that work. In live mode Stripe requires https."""
        return [uri for uri in self.redirect_uris if not self.livemode or uri.startswith("https")]

    def installed(self, flavour: Flavour | None = None) -> Install | None:
        """The current approval, or None."""
        fitting = (i for i in self.installs if i.living and flavour in (None, i.flavour))
        return next(fitting, None)

    # -- approving and removing ------------------------------------------------------------

    def approve(self, flavour: Flavour) -> str:
        """Approve the app as a person would. Returns the code for the redirect.

        A Stripe app is installed at once, and a second approval changes nothing. A Connect account
        is connected when the code is exchanged.
        """
        now, install = self._clock(), None
        if flavour == "app":
            install = self.installed("app") or self._install("app")
        code = f"ac_{self._random_text(32)}"
        self._codes[code] = _Code(flavour, now + CODE_LIFE, install)
        return code

    def remove(self, install: Install) -> None:
        """End an approval, as uninstalling or disconnecting does."""
        install.living = False

    def remove_all(self) -> int:
        """Remove the app, as a person does in the Dashboard. Returns how many approvals ended."""
        living = [install for install in self.installs if install.living]
        for install in living:
            self.remove(install)
        return len(living)

    def dashboard_install(self) -> dict[str, str]:
        """Install from the Dashboard. Returns the parameters of the redirect.

        There is no state among them, because no link supplied one
        (docs.stripe.com/stripe-apps/install-links).
        """
        added = {"code": self.approve("app"), "account_id": self.account, "user_id": self.user}
        signed = f'{{"user_id":"{self.user}","account_id":"{self.account}"}}'
        stamp = int(self._clock())
        mac = hmac.new(self.signing_secret.encode(), f"{stamp}.{signed}".encode(), hashlib.sha256)
        added["install_signature"] = f"t={stamp},v1={mac.hexdigest()}"
        return added if self.livemode else added | {"livemode": "false"}

    def _install(self, flavour: Flavour) -> Install:
        made = Install(
            f"appinst_{self._mode}_61{self._random_text(30)}", flavour, int(self._clock())
        )
        self.installs.append(made)
        return made

    # -- codes and tokens ------------------------------------------------------------------

    def exchange(self, flavour: Flavour, text: str, life: float) -> Obj:
        """Exchange a code for tokens. It works once. Raises OAuthError.

        An app's access token expires after `life` seconds.
        """
        code = self._codes.get(text)
        if code is None:
            raise errors.OAuthError("invalid_grant", f"Authorization code does not exist: {text}")
        if code.flavour != flavour:
            raise errors.foreign_grant()
        if code.used:
            if flavour == "connect" and code.install is not None:
                self.remove(code.install)
            raise errors.OAuthError(
                "invalid_grant",
                "This authorization code has already been used. All tokens issued with this code"
                " have been revoked."
                if flavour == "connect"
                else "This authorization code has already been used.",
            )
        if self._clock() >= code.until:
            raise errors.OAuthError("invalid_grant", f"Authorization code expired: {text}")
        code.used = True
        if code.install is None:
            code.install = self.installed("connect") or self._install("connect")
        if not code.install.living:
            raise errors.OAuthError("invalid_grant", "The app is no longer installed.")
        return self._tokens(code.install, self._new_refresh(code.install), life)

    def refresh(self, flavour: Flavour, text: str, life: float) -> Obj:
        """Exchange a refresh token for new tokens. Raises OAuthError.

        An app's old refresh token stops working at once. Its old access token works until it
        expires. Otherwise requests in progress would fail, and Stripe documents nothing like that.
        """
        found = self._refresh.get(text)
        if found is None:
            raise errors.OAuthError("invalid_grant", f"Refresh token does not exist: {text}")
        if found.install.flavour != flavour:
            raise errors.foreign_grant()
        if not found.install.living:
            raise errors.OAuthError("invalid_grant", "The refresh token has been revoked.")
        if found.until is not None and self._clock() >= found.until:
            raise errors.OAuthError("invalid_grant", "The refresh token has expired.")
        if flavour == "connect":
            return self._tokens(found.install, text, life)
        del self._refresh[text]
        return self._tokens(found.install, self._new_refresh(found.install), life)

    def _new_refresh(self, install: Install) -> str:
        until = self._clock() + REFRESH_LIFE if install.flavour == "app" else None
        text = f"rt_{self._random_text(48)}"
        self._refresh[text] = _Token(install, until)
        return text

    def _tokens(self, install: Install, refresh: str, life: float) -> Obj:
        app = install.flavour == "app"
        access = f"sk_{self._mode}_{self._random_text(100)}"
        self._access[access] = _Token(install, self._clock() + life if app else None)
        return {
            "access_token": access,
            "livemode": self.livemode,
            "refresh_token": refresh,
            "scope": "stripe_apps" if app else "read_write",
            "stripe_publishable_key": self.publishable_key,
            "stripe_user_id": self.account,
            "token_type": "bearer",
        }

    def install_of(self, key: str) -> Install | None:
        """The approval that an access token belongs to, or None. Raises 401 if it has ended."""
        token = self._access.get(key)
        if token is None:
            return None
        if not token.install.living:
            raise errors.revoked_key()
        if token.until is not None and self._clock() >= token.until:
            raise errors.expired_key(key)
        return token.install

    def issued(self, key: str) -> bool:
        """Whether this is a token that was issued here."""
        return key in self._access or key in self._refresh

    def _random_text(self, length: int) -> str:
        return "".join(self._rng.choice(_LETTERS) for _ in range(length))


def check_redirect(uri: str) -> str:
    """Return the URI if a manifest may list it. Raises ValueError."""
    if not (_REDIRECT.fullmatch(uri) and uri.isascii() and uri.isprintable()):
        raise ValueError(f"a redirect URI is http(s)://host/path, and not {uri!r}")
    return uri
