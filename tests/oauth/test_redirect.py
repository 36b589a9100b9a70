"""What a person pastes after approving, and where a listener can be."""

from __future__ import annotations

import pytest

from app.oauth.callback import RedirectAnswer, can_listen, read_pasted
from app.oauth.errors import OAuthProblem
from tests.helpers.callback_client import CODE, STATE

URI = "http://127.0.0.1:4242/stripe"
QUERY = f"code={CODE}&state={STATE}"
APPROVED, DENIED = RedirectAnswer("approved", CODE), RedirectAnswer("denied")


@pytest.mark.parametrize(
    "uri",
    [
        *("http://127.0.0.1:4242/stripe", "https://127.0.0.1:65535/a/b-c", "http://[::1]:1/x"),
        *("https://[::1]:443/", "http://127.0.0.1:80/%20@:"),
    ],
)
def test_a_literal_loopback_address_is_listened_at(uri: str) -> None:
    assert can_listen(uri)


@pytest.mark.parametrize(
    "uri",
    [
        *("http://localhost:4242/stripe", "https://acme.example/stripe", "http://127.0.0.1/x"),
        *("http://127.0.0.1:0/x", "http://127.0.0.1:65536/x", "http://127.0.0.1:04242/x"),
        *("http://127.0.0.2:4242/x", "http://0.0.0.0:4242/x", "http://[::]:4242/x"),
        *("http://127.1:4242/x", "http://2130706433:4242/x", "http://[::ffff:127.0.0.1]:4242/x"),
        *("http://127.0.0.1:4242", "http://127.0.0.1:4242/x?y=z", "http://127.0.0.1:4242/x#y"),
        *("http://a@127.0.0.1:4242/x", "http://127.0.0.1:4242@a.example/x", "//127.0.0.1:4242/x"),
        *("ftp://127.0.0.1:4242/x", " http://127.0.0.1:4242/x", "http://127.0.0.1:4242/x\n"),
        *("http://127.0.0.1:4٢42/x", "http://127.0.0.1:4242/é", "http://127.0.0.1.a.example:1/x"),
        *("", "/", "http://", "http://[::", "http://127.0.0.1:-1/x", "http://127.0.0.1:4242/a b"),
    ],
)
def test_another_address_is_not(uri: str) -> None:
    assert not can_listen(uri)


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        (f"{URI}?{QUERY}", APPROVED),
        (f"  {URI}?{QUERY}\n", APPROVED),
        (f"<{URI}?{QUERY}>", APPROVED),
        (f'"{URI}?{QUERY}"', APPROVED),
        (f"'{URI}?{QUERY}' ", APPROVED),
        (f"“{URI}?{QUERY}”", APPROVED),
        (f"{URI}?{QUERY[:9]}\n  {QUERY[9:20]}\r\n{QUERY[20:]}", APPROVED),
        (f"{URI}?{QUERY}#", APPROVED),
        (f"{URI}?{QUERY}#_=_&code=x", APPROVED),
        (f"{URI}?account_id=acct_1&{QUERY}&livemode=false&scope=read_only", APPROVED),
        (f"HTTP{URI[4:]}?{QUERY}", APPROVED),
        (f"{URI.removeprefix('http://')}?{QUERY}", APPROVED),
        (f"?{QUERY}", APPROVED),
        (QUERY, APPROVED),
        (f"state={STATE}&code={CODE}", APPROVED),
        (f"code={CODE.replace('_', '%5F')}&state=%74{STATE[1:]}", APPROVED),
        (CODE, APPROVED),
        (f" '{CODE}'\n", APPROVED),
        (f"{URI}?error=access_denied&error_description=No%20%C3%A9&state={STATE}", DENIED),
        (f"error=access_denied&state={STATE}", DENIED),
        (
            f"{URI}?code={CODE}&account_id=acct_1&livemode=true",
            RedirectAnswer("uninvited", CODE, "acct_1", livemode=True),
        ),
        (f"code={CODE}&account_id=acct_1", RedirectAnswer("uninvited", CODE, "acct_1")),
    ],
)
def test_what_is_understood(text: str, heard: RedirectAnswer) -> None:
    assert read_pasted(text, STATE, URI) == heard


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"http://127.0.0.1:4243/stripe?{QUERY}", "refused"),
        (f"http://127.0.0.1/stripe?{QUERY}", "refused"),
        (f"https://127.0.0.1:4242/stripe?{QUERY}", "refused"),
        (f"http://evil.example:4242/stripe?{QUERY}", "refused"),
        (f"http://127.0.0.1:4242@evil.example/stripe?{QUERY}", "refused"),
        (f"http://evil@127.0.0.1:4242/stripe?{QUERY}", "refused"),
        (f"{URI}/?{QUERY}", "refused"),
        (f"{URI}x?{QUERY}", "refused"),
        (f"http://[::?{QUERY}", "refused"),
        (f"http://127.0.0.1:x/stripe?{QUERY}", "refused"),
        (f"javascript:alert(1)?{QUERY}", "refused"),
        (f"{URI}?{QUERY}x", "refused"),
        (f"{URI}?code={CODE}&state=", "refused"),
        (f"{URI}?code={CODE}&state=%C3%A9", "refused"),
        (f"{URI}?code={CODE}&state={STATE}%00", "refused"),
        (f"code={CODE}&state=other", "refused"),
        ("error=access_denied&state=other", "refused"),
        (f"{URI}?error=invalid_scope&state={STATE}", "refused"),
        (f"{URI}?code={CODE}&state=x&account_id=acct_1", "refused"),
        (f"{URI}?code={CODE}", "senseless"),
        (f"{URI}?code={CODE}&account_id=1", "senseless"),
        (f"{URI}?error=access_denied", "senseless"),
        (f"{URI}?{QUERY}&error=access_denied", "senseless"),
        (f"{URI}?{QUERY}&code={CODE}", "senseless"),
        (f"{URI}?{QUERY}&state={STATE}", "senseless"),
        (f"{URI}?{QUERY} {URI}?{QUERY}", "senseless"),
        (f"{URI}?state={STATE}", "senseless"),
        (f"{URI}?state={STATE}&code=", "senseless"),
        (f"{URI}?state={STATE}&code=a%0Ab", "senseless"),
        (f"{URI}?state={STATE}&code={'a' * 501}", "senseless"),
        (f"{URI}#{QUERY}", "senseless"),
        (f"{URI}?#{QUERY}", "senseless"),
        (URI, "senseless"),
        (f"{URI}?{QUERY}\0", "senseless"),
        (f"\0{URI}?{QUERY}", "senseless"),
        (f"{CODE}\0", "senseless"),
        (f"{CODE}\x1b[31m", "senseless"),
        (f"{CODE}é", "senseless"),
        (f"{CODE}\ud800", "senseless"),
        (f"{URI}?{QUERY}&{'a&' * 100}", "senseless"),
        (f"{URI}?{QUERY}&x={'a' * 2**20}", "senseless"),
        ("a" * 2**20, "senseless"),
        ("sk_live_notacode", "senseless"),
        (f"ac_{'a' * 498}", "senseless"),
        ("ac_", "senseless"),
        ("http%3A%2F%2F127.0.0.1%3A4242%2Fstripe%3Fcode%3Dac_1", "senseless"),
        *((text, "senseless") for text in ("", " ", "?", "#", "''", "hello", "code", "=", "&&")),
    ],
)
def test_what_is_refused(text: str, kind: str) -> None:
    with pytest.raises(OAuthProblem) as caught:
        read_pasted(text, STATE, URI)
    assert caught.value.kind == kind
    said = str(caught.value)
    assert "Nothing was connected" in said
    assert not any(part in said for part in (CODE, STATE, "4242", "evil", "live_", "aaa"))
    assert caught.value.__cause__ is None


def test_no_state_that_is_expected_is_no_state_that_fits() -> None:
    for text in (f"code={CODE}&state=", f"code={CODE}&state=x"):
        with pytest.raises(OAuthProblem):
            read_pasted(text, "", URI)


def test_an_address_elsewhere_as_browsers_spell_it() -> None:
    for shown in ("https://acme.example/Back", "https://acme.example:443/Back"):
        assert read_pasted(f"{shown}?{QUERY}", STATE, "https://Acme.example/Back") == APPROVED
    with pytest.raises(OAuthProblem):
        read_pasted(f"https://acme.example/back?{QUERY}", STATE, "https://Acme.example/Back")


def test_a_code_is_not_shown() -> None:
    assert CODE not in repr(APPROVED)
