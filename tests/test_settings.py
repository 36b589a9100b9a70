"""What a person may set, where, and what they are told when it is wrong."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import (
    SETTINGS,
    STRIPE_API,
    RequestRate,
    Setting,
    Settings,
    SettingsError,
    default_redirects,
    load,
    parse_rate,
    sources,
)

KEY = "rk_test_0123456789abcdef"


def with_file(home: Path, text: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text(text, "utf-8")
    return {"PANELIST_HOME": str(home)}


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_without_anything_set_the_defaults_hold(tmp_path: Path) -> None:
    settings = load({"PANELIST_HOME": str(tmp_path / "none")})
    assert settings.home == tmp_path / "none"
    assert settings.stripe_api_base == STRIPE_API
    assert (settings.database_url, settings.rate, settings.stripe_key) == (None, None, None)
    assert not (tmp_path / "none").exists()


def test_the_file_is_read(tmp_path: Path) -> None:
    environ = with_file(tmp_path, 'stripe_api_base = "https://a/"\nstripe_rate = "7/3"\n')
    settings = load(environ)
    assert settings.stripe_api_base == "https://a"
    assert settings.rate == RequestRate(7, 3)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    environ = with_file(tmp_path, 'stripe_api_base = "https://a"\nstripe_rate = "7/3"\n')
    environ |= {"PANELIST_STRIPE_API_BASE": "https://b/", "PANELIST_STRIPE_RATE": ""}
    settings = load(environ)
    assert settings.stripe_api_base == "https://b"
    assert settings.rate == RequestRate(7, 3), "an empty variable sets nothing"


def test_space_around_a_pasted_value_is_no_part_of_it(tmp_path: Path) -> None:
    """A key with a line break at its end would make a request that cannot be sent."""
    environ = {"PANELIST_HOME": str(tmp_path), "PANELIST_STRIPE_KEY": f" {KEY}\n"}
    assert load(environ).stripe_key == KEY


def test_home_is_the_folder_that_panelist_home_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({"PANELIST_HOME": "~/panel"}).home == tmp_path / "panel"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert "panelist" in load({}).home.parts


def test_the_key_never_shows_in_the_settings(tmp_path: Path) -> None:
    settings = load({"PANELIST_HOME": str(tmp_path), "PANELIST_STRIPE_KEY": KEY})
    assert settings.stripe_key == KEY
    assert KEY not in repr(settings)
    assert KEY not in str(settings)


def test_a_secret_in_the_file_is_refused_without_repeating_it(tmp_path: Path) -> None:
    text = refusal(with_file(tmp_path, f'stripe_key = "{KEY}"\n'))
    assert "PANELIST_STRIPE_KEY" in text
    assert KEY not in text


@pytest.mark.parametrize("line", ['strip_rate = "1"', "stripe_rate = 25", "[stripe]\nrate = 1"])
def test_an_unknown_name_or_another_type_is_refused(tmp_path: Path, line: str) -> None:
    text = refusal(with_file(tmp_path, line))
    assert str(tmp_path / "settings.toml") in text
    assert "is not a setting" in text


@pytest.mark.parametrize("content", [b"stripe_rate = ", b"\xff\xfe", b'a = "1"\na = "2"'])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    assert "cannot be read" in refusal({"PANELIST_HOME": str(tmp_path)})


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    assert "cannot be read" in refusal({"PANELIST_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/25", RequestRate(100, 25)),
        ("25", RequestRate(25, 25)),
        ("25/", RequestRate(25, 25)),
        ("0", RequestRate(None, None)),
        ("0/25", RequestRate(None, 25)),
        ("100/0", RequestRate(100, None)),
        ("0.5", RequestRate(0.5, 0.5)),
        (" 100 / 25 ", RequestRate(100, 25)),
    ],
)
def test_a_rate(text: str, rate: RequestRate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["fast", "-1", "100/-1", "/25", "1/2/3", "nan", "25/nan", "inf", "1e9", "100;25"]
)
def test_no_rate(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="100/25") as caught:
        load({"PANELIST_HOME": str(tmp_path), "PANELIST_STRIPE_RATE": text})
    assert "PANELIST_STRIPE_RATE" in str(caught.value)


def test_oauth_is_set_up_by_the_environment(tmp_path: Path) -> None:
    environ = with_file(
        tmp_path,
        'stripe_client_id = "ca_1"\noauth_port = "4600"\ntoken_store = "passphrase"\n'
        'stripe_authorize_url = "https://marketplace.stripe.com/oauth/v2/chnlink_1/authorize"\n',
    )
    environ |= {
        "PANELIST_STRIPE_CLIENT_SECRET": "sk_test_secret1",
        "PANELIST_PASSPHRASE": "swordfish",
    }
    settings = load(environ)
    assert (settings.stripe_client_id, settings.stripe_client_secret) == ("ca_1", "sk_test_secret1")
    assert (settings.token_store, settings.passphrase) == ("passphrase", "swordfish")
    assert default_redirects(settings) == (
        "http://127.0.0.1:4600/stripe/callback",
        "https://127.0.0.1:4600/stripe/callback",
    )
    assert "sk_test_secret1" not in repr(settings)
    assert "swordfish" not in repr(settings)


def test_another_redirect_address_is_for_both_modes(tmp_path: Path) -> None:
    address = "https://acme.example/panelist"
    settings = load({"PANELIST_HOME": str(tmp_path), "PANELIST_OAUTH_REDIRECT": address})
    assert default_redirects(settings) == (address, address)


def row_name(row: Setting) -> str:
    return row.name


@pytest.mark.parametrize("row", [row for row in SETTINGS if row.secret], ids=row_name)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, row: Setting) -> None:
    text = refusal(with_file(tmp_path, f'{row.name} = "hunter2secret"\n'))
    assert row.variable in text
    assert "hunter2secret" not in text


VALUES = {
    "web address": "https://a.example",
    "port": "4600",
    "request rate": "7/3",
    "token store": "plain",
    "mail provider": "google",
    "notices": "osc9, bell",
    "notice format": "slack",
    "text": "hunter2",
}


@pytest.mark.parametrize("row", [row for row in SETTINGS if row.name != "home"], ids=row_name)
def test_every_row_of_the_table_is_a_setting(tmp_path: Path, row: Setting) -> None:
    """One declaration is all that a setting needs: both sources, the secrecy, what info says."""
    value = VALUES[row.kind]
    environ = {"PANELIST_HOME": str(tmp_path), row.variable: value}
    before, after = load({"PANELIST_HOME": str(tmp_path)}), load(environ)
    assert getattr(after, row.attribute) != getattr(before, row.attribute)
    assert not (row.secret and value in repr(after))
    assert sources(environ) == {"home": "environment", row.name: "environment"}
    if row.in_file:
        environ = with_file(tmp_path, f'{row.name} = "{value}"\n')
        assert load(environ) == after
        assert sources(environ) == {"home": "environment", row.name: "settings.toml"}


def test_every_field_is_in_the_table_and_says_what_it_is_for() -> None:
    assert {row.attribute for row in SETTINGS} == {one.name for one in fields(Settings)} - {
        "poll_seconds",  # only the demo sets it
        "keys",  # a table of its own in settings.toml
    }
    for row in SETTINGS:
        assert row.help.endswith(".")
        assert row.default


def test_the_home_cannot_stand_in_the_file_that_lies_in_it(tmp_path: Path) -> None:
    assert "is not a setting" in refusal(with_file(tmp_path, 'home = "/elsewhere"\n'))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OAUTH_PORT", "0"),
        ("OAUTH_PORT", "65536"),
        ("OAUTH_PORT", "-1"),
        ("OAUTH_PORT", "9" * 5000),
        ("OAUTH_PORT", "４５７３"),
        ("TOKEN_STORE", "null"),
        ("STRIPE_AUTHORIZE_URL", "javascript:alert(1)"),
        ("STRIPE_AUTHORIZE_URL", "https://"),
        ("STRIPE_AUTHORIZE_URL", "https://a b/"),
        ("STRIPE_AUTHORIZE_URL", "https://stripe.com/\x1b[2J"),
        ("STRIPE_CONNECT_BASE", "connect.stripe.com"),
        ("OAUTH_REDIRECT", "ftp://127.0.0.1/x"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(tmp_path: Path, name: str, value: str) -> None:
    text = refusal({"PANELIST_HOME": str(tmp_path), f"PANELIST_{name}": value})
    assert f"PANELIST_{name}" in text
    assert len(text) < 300


@pytest.mark.parametrize(
    ("mode", "line", "refused"),
    [
        (0o600, 'database_url = "postgresql://u:word@db/panel"', None),
        (0o644, 'database_url = "postgresql://u@db/panel"', None),
        (0o644, 'database_url = "postgresql://u:word@db/panel"', "read the password in it"),
        (0o640, 'database_url = "postgresql://u:word@db/panel"', "read the password in it"),
        (0o622, 'mail_rate = "10/500"', "change it"),
        (0o602, 'mail_rate = "10/500"', "change it"),
    ],
)
def test_a_file_that_other_users_can_use_is_refused(
    tmp_path: Path, mode: int, line: str, refused: str | None
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(line)
    file.chmod(mode)
    tmp_path.chmod(0o755)
    environ = {"PANELIST_HOME": str(tmp_path)}
    if refused is None:
        load(environ)
    else:
        with pytest.raises(SettingsError, match=refused) as caught:
            load(environ)
        assert "word@" not in str(caught.value)
    tmp_path.chmod(0o700)
    load(environ)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://127.0.0.1:12111", True),
        ("http://[::1]:12111", True),
        ("http://localhost:12111", True),
        ("http://stripe.localhost", True),
        ("https://stripe.example", True),
        ("http://stripe.example", False),
        ("http://10.0.0.1:12111", False),
        ("HTTP://127.0.0.1.example.com", False),
    ],
)
def test_keys_are_not_sent_unencrypted(tmp_path: Path, address: str, allowed: bool) -> None:
    environ = {"PANELIST_HOME": str(tmp_path), "PANELIST_STRIPE_API_BASE": address}
    if allowed:
        load(environ)
    else:
        with pytest.raises(SettingsError, match="is not encrypted"):
            load(environ)
