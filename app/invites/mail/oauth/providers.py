"""The providers of email at which you sign in instead of giving a password: Microsoft and Google.

The organisation registers an app of its own there, and names it in the settings. Panelist has none,
because Google would have to approve it for everyone.

Facts: learn.microsoft.com/exchange/client-developer/legacy-protocols/
how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth and
developers.google.com/workspace/gmail/imap/xoauth2-protocol.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.settings import Settings, SettingsError

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,200}")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{8,300}")


@dataclass(frozen=True)
class MailProvider:
    """``scope``: what is asked for. ``leave``: how a person takes the consent back there."""

    key: str
    name: str
    scope: str
    leave: str


# offline_access gives a refresh token (learn.microsoft.com/entra/identity-platform/scopes-oidc).
MICROSOFT = MailProvider(
    "microsoft",
    "Microsoft",
    "https://outlook.office.com/SMTP.Send offline_access",
    "remove the app at https://myapps.microsoft.com",
)
GOOGLE = MailProvider(
    "google",
    "Google",
    "https://mail.google.com/",
    "remove the app at https://myaccount.google.com/connections",
)
PROVIDERS = {one.key: one for one in (MICROSOFT, GOOGLE)}


@dataclass(frozen=True)
class MailApp:
    """The app that the organisation registered at a provider, and the addresses to ask.

    ``secret`` is "" if there is none: Microsoft wants none for the device code, and Google gives
    one to desktop apps, which its token server wants although it is no secret there
    (developers.google.com/identity/protocols/oauth2/native-app).
    """

    provider: MailProvider
    client_id: str
    secret: str = field(repr=False)
    authorize_url: str
    device_url: str
    token_url: str
    revoke_url: str


def mail_app(settings: Settings) -> MailApp | None:
    """The OAuth app in the settings, or None if they use a password. Raises SettingsError."""
    if settings.smtp_oauth is None:
        return None
    provider = PROVIDERS[settings.smtp_oauth]
    client_id = settings.smtp_client_id
    if not client_id:
        raise SettingsError(
            f"PANELIST_SMTP_OAUTH needs an app that you registered at {provider.name}. Set"
            " PANELIST_SMTP_CLIENT_ID to its client ID."
        )
    if not _CLIENT_ID.fullmatch(client_id):
        raise SettingsError(
            "PANELIST_SMTP_CLIENT_ID is not a client ID. Copy only the complete ID from the"
            f" app that you registered at {provider.name}."
        )
    secret = settings.smtp_client_secret or ""
    if provider is GOOGLE:
        return _google(client_id, secret, settings.smtp_oauth_base)
    return _microsoft(client_id, secret, settings.smtp_oauth_base, settings.smtp_tenant)


def _google(client_id: str, secret: str, base: str | None) -> MailApp:
    """developers.google.com/identity/protocols/oauth2/native-app"""
    tokens = base or "https://oauth2.googleapis.com"
    return MailApp(
        GOOGLE,
        client_id,
        secret,
        authorize_url=f"{base or 'https://accounts.google.com'}/o/oauth2/v2/auth",
        device_url="",
        token_url=f"{tokens}/token",
        revoke_url=f"{tokens}/revoke",
    )


def _microsoft(client_id: str, secret: str, base: str | None, tenant: str) -> MailApp:
    """learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code"""
    if not _TENANT.fullmatch(tenant):
        raise SettingsError(
            "PANELIST_SMTP_TENANT is not the ID or the domain of a Microsoft tenant, such"
            " as example.com. Correct or remove it."
        )
    here = f"{base or 'https://login.microsoftonline.com'}/{tenant}/oauth2/v2.0"
    return MailApp(
        MICROSOFT,
        client_id,
        secret,
        authorize_url="",
        device_url=f"{here}/devicecode",
        token_url=f"{here}/token",
        revoke_url="",
    )
