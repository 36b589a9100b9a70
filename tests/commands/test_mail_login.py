"""``panelist mail login`` and ``logout``, with stand-ins for the providers."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.helpers.callback_client import free_port
from tests.helpers.command import Home
from tests.helpers.mail_server import MailServer
from tests.helpers.token_server import CLIENT_ID, MAILBOX, SECRET, TokenServer


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as running:
        yield running


@pytest.fixture
def mail(tokens: TokenServer) -> Iterator[MailServer]:
    with MailServer(sign_in=tokens.accepts) as running:
        yield running


@pytest.fixture
def home(tokens: TokenServer, mail: MailServer, tmp_path: Path) -> Home:
    return Home(
        tmp_path / "home",
        {
            "PANELIST_TOKEN_STORE": "plain",
            "PANELIST_SMTP_SERVER": mail.url.replace("//", f"//{MAILBOX}@"),
            "PANELIST_SMTP_OAUTH": "microsoft",
            "PANELIST_SMTP_CLIENT_ID": CLIENT_ID,
            "PANELIST_SMTP_OAUTH_BASE": tokens.url,
            "PANELIST_OAUTH_PORT": str(free_port()),
        },
    )


def kept(home: Home) -> str:
    """What the home holds, as the file says it."""
    files = (home.folder / "credentials").glob("*.credentials")
    return "".join(file.read_text() for file in files)


def told_of_mail(home: Home) -> str:
    return str(home.run("info", "--json").json["mail"])


def at_google(home: Home, *arguments: str) -> subprocess.Popen[str]:
    """A sign-in that waits for a browser, which is at its page."""
    home.variables["PANELIST_SMTP_OAUTH"] = "google"
    return home.start("mail", "login", "--no-browser", *arguments)


def page_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert process.stdout.readline() == "Open this page and approve:\n"
    return process.stdout.readline().strip()


def test_a_code_at_microsoft(home: Home, tokens: TokenServer, mail: MailServer) -> None:
    tokens.errors = ["authorization_pending"]
    place = f"127.0.0.1:{mail.port}"
    assert told_of_mail(home) == f"{place}, not signed in at Microsoft"
    ended = home.run("mail", "login")
    assert (ended.code, ended.out) == (
        0,
        "Open https://microsoft.example/devicelogin and enter the code WDJB-MJHT\n",
    )
    assert "You are signed in" in ended.err
    assert "The sign-in is stored in: UNENCRYPTED FILE" in ended.err
    assert not any(secret in ended.out + ended.err for secret in tokens.given)
    assert told_of_mail(home) == f"{place}, signed in at Microsoft"
    assert MAILBOX not in told_of_mail(home)
    assert "accepts the login by your sign-in at Microsoft" in home.run("mail").err
    gone = home.run("mail", "logout")
    assert (gone.code, gone.err) == (0, "")
    assert gone.out == (
        f"The sign-in to {MAILBOX}@{place} was deleted here.\nMicrosoft does not know this"
        " yet. To revoke the access, remove the app at https://myapps.microsoft.com.\n"
    )
    assert "tok" not in kept(home)
    assert home.run("mail").said == (
        f"You are not signed in at Microsoft for {MAILBOX}@{place}. Sign in with S in"
        " Studies or panelist mail login. Nothing was sent."
    )
    assert "You are not signed in" in home.run("mail", "logout").out


def test_a_page_at_google(home: Home, tokens: TokenServer) -> None:
    """Its client secret comes by standard input, and is kept with the sign-in."""
    tokens.rotates = False
    login = at_google(home, "--client-secret-stdin")
    assert login.stdin
    login.stdin.write(f"{SECRET}\n")
    login.stdin.flush()
    with urlopen(tokens.approve(page_of(login))) as answer:
        assert b"Panelist has received the approval" in answer.read()
    out, err = login.communicate()
    assert (login.returncode, out) == (0, ""), err
    assert "You are signed in" in err
    assert "Traceback" not in err
    assert tokens.page["scope"] == "https://mail.google.com/"
    assert tokens.page["login_hint"] == MAILBOX
    assert (tokens.page["access_type"], tokens.page["code_challenge_method"]) == ("offline", "S256")
    assert not any(secret in err for secret in (*tokens.given, SECRET))
    tokens.expire()
    assert "accepts the login by your sign-in at Google" in home.run("mail").err
    assert (tokens.renewals, tokens.forms[-1][1]["client_secret"]) == (1, SECRET)
    gone = home.run("mail", "logout")
    assert gone.out.endswith("Google revoked the access.\n")
    assert (tokens.refresh, "tok" in kept(home)) == (set(), False)


def test_the_address_can_be_pasted(home: Home, tokens: TokenServer) -> None:
    """A browser on another computer cannot reach the listener here."""
    home.variables["PANELIST_SMTP_CLIENT_SECRET"] = SECRET
    login = at_google(home)
    redirect = tokens.approve(page_of(login))
    out, err = login.communicate(f"{redirect.replace('state=', 'state=x')}\n{redirect}\n")
    assert (login.returncode, out) == (0, ""), err
    assert "This address belongs to another attempt" in err
    assert SECRET not in kept(home)


def test_only_the_state_that_was_asked_for(home: Home, tokens: TokenServer) -> None:
    login = at_google(home)
    redirect = tokens.approve(page_of(login))
    for wrong in ("state=x", "other=", "account_id=acct_1234567890&x="):
        with pytest.raises(OSError, match="403"):
            urlopen(redirect.replace("state=", wrong))
    login.send_signal(signal.SIGINT)
    _, err = login.communicate()
    assert login.returncode == 1
    assert err.endswith("Stopped. You were not signed in.\n")
    assert tokens.forms == []


def test_a_person_says_no(home: Home, tokens: TokenServer) -> None:
    login = at_google(home)
    redirect = tokens.approve(page_of(login))
    urlopen(redirect.replace("code=4", "error=access_denied&x=4")).close()
    _, err = login.communicate()
    assert err.endswith("Access was denied at Google. Nothing was connected or changed.\n")
    assert login.returncode == 1


def test_another_mailbox_is_not_kept(home: Home, tokens: TokenServer, mail: MailServer) -> None:
    assert home.run("mail", "login").code == 0
    before = kept(home)
    mail.sign_in = lambda *_: False
    ended = home.run("mail", "login")
    assert ended.code == 1
    assert "refuses the sign-in at Microsoft (535 5.7.8" in ended.err
    assert ended.err.endswith("This sign-in was not kept.\n")
    assert json.loads(kept(home)) == json.loads(before)


def test_a_provider_that_cannot_be_told(home: Home, tokens: TokenServer) -> None:
    home.variables["PANELIST_SMTP_CLIENT_SECRET"] = SECRET
    login = at_google(home)
    urlopen(tokens.approve(page_of(login))).close()
    login.communicate()
    home.variables["PANELIST_SMTP_OAUTH_BASE"] = f"http://127.0.0.1:{free_port()}"
    gone = home.run("mail", "logout")
    assert gone.code == 1
    assert (
        "Google could not be reached to revoke the access. Google cannot be reached"
        " (connection refused)"
    ) in gone.err
    assert "remove the app at https://myaccount.google.com/connections" in gone.err
    assert "tok" not in kept(home)


def test_http_to_another_computer_is_refused(home: Home) -> None:
    home.variables["PANELIST_SMTP_OAUTH_BASE"] = "http://login.example"
    assert "PANELIST_SMTP_OAUTH_BASE is not encrypted" in home.run("mail", "login").said


def test_a_password_is_not_asked_for(home: Home) -> None:
    ended = home.run("mail", "--password-stdin", given="never-read\n")
    assert ended.code == 2
    assert "so you sign in at Microsoft, and Panelist uses no password" in ended.said
    assert kept(home) == ""
    del home.variables["PANELIST_SMTP_OAUTH"]
    assert home.run("mail", "--password-stdin").said == (
        "No password was given. Nothing was changed."
    )


def test_without_the_settings(home: Home) -> None:
    del home.variables["PANELIST_SMTP_OAUTH"]
    assert "set PANELIST_SMTP_OAUTH to microsoft or google" in home.run("mail", "login").said
    home.variables["PANELIST_SMTP_OAUTH"] = "yahoo"
    assert home.run("mail", "login").said == (
        "PANELIST_SMTP_OAUTH is 'yahoo'. Write microsoft or google, or remove it to log in"
        " with a password."
    )
