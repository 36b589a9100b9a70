"""The secrets of endpoints: given, kept, rolled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.credentials.factory import open_credentials
from app.credentials.store import Credentials
from app.settings import Settings
from app.web import webhook_secrets
from app.web.webhook_secrets import SecretProblem

FIRST, SECOND, THIRD = (f"whsec_{letter * 32}" for letter in "abc")


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return replace(sqlite_settings, token_store="plain")


@pytest.fixture
def credentials(settings: Settings) -> Credentials:
    return open_credentials(settings)


def test_none_says_what_to_do(settings: Settings, credentials: Credentials) -> None:
    with pytest.raises(SecretProblem) as problem:
        webhook_secrets.known(settings, credentials)
    assert "PANELIST_WEBHOOK_SECRET" in str(problem.value)
    assert "stripe listen --forward-to" in str(problem.value)


def test_the_environment_may_name_several(settings: Settings, credentials: Credentials) -> None:
    given = replace(settings, webhook_secret=f" {FIRST} ,{SECOND},")
    assert webhook_secrets.known(given, credentials) == (FIRST, SECOND)
    assert webhook_secrets.kept(credentials) == ()
    assert FIRST not in repr(given)


@pytest.mark.parametrize("text", ["rk_live_12345678", "whsec_", "whsec_a b c d e f g", "\u00e9"])
def test_what_cannot_be_one(settings: Settings, credentials: Credentials, text: str) -> None:
    for given in (text, f"{FIRST},{text}"):
        with pytest.raises(SecretProblem) as problem:
            webhook_secrets.known(replace(settings, webhook_secret=given), credentials)
        assert text not in str(problem.value).replace("whsec_.", "")
    with pytest.raises(SecretProblem):
        webhook_secrets.keep(credentials, text)
    assert webhook_secrets.kept(credentials) == ()


def test_the_last_two_are_kept(settings: Settings, credentials: Credentials) -> None:
    assert webhook_secrets.keep(credentials, f"{FIRST}\n") == (FIRST,)
    assert webhook_secrets.keep(credentials, FIRST) == (FIRST,)
    assert webhook_secrets.keep(credentials, SECOND) == (SECOND, FIRST)
    assert webhook_secrets.keep(credentials, SECOND) == (SECOND, FIRST)
    assert webhook_secrets.keep(credentials, THIRD) == (THIRD, SECOND)
    assert webhook_secrets.keep(credentials, SECOND) == (SECOND, THIRD)
    assert webhook_secrets.known(settings, open_credentials(settings)) == (SECOND, THIRD)
    assert webhook_secrets.known(replace(settings, webhook_secret=FIRST), credentials) == (FIRST,)


@pytest.mark.parametrize("damage", [{}, {"secrets": FIRST}, {"secrets": None}, {"secrets": [5]}])
def test_what_is_kept_and_no_secret(credentials: Credentials, damage: dict[str, object]) -> None:
    credentials.ensure()
    credentials.put(webhook_secrets.NAME, damage)
    assert webhook_secrets.kept(credentials) == ()
