"""Sending with a sign-in: tokens that are renewed, refused and revoked, over real HTTP and SMTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from app.credentials.factory import open_credentials
from app.db.store import Store
from app.invites.mail.oauth.mail_tokens import MailAccess, keep, kept_tokens
from app.invites.mail.oauth.providers import mail_app
from app.invites.mail.server_settings import MailServer as Server
from app.invites.mail.server_settings import mail_server
from app.invites.mail.smtp import NotSent, Session
from app.invites.sending import runs
from app.invites.sending.factory import open_sender
from app.invites.sending.sender import Sender
from app.settings import Settings, SettingsError
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, account, queued, seen, send, states, study
from tests.helpers.token_server import MAILBOX, TokenServer


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as running:
        yield running


@pytest.fixture
def mail(tokens: TokenServer) -> Iterator[MailServer]:
    with MailServer(sign_in=tokens.accepts) as running:
        yield running


@pytest.fixture
def home(tokens: TokenServer, mail: MailServer, tmp_path: Path) -> Settings:
    """A home that is signed in."""
    settings = tokens.settings(tmp_path, mail)
    tokens.signed_in(settings)
    return settings


def server_of(settings: Settings) -> Server:
    found = mail_server(settings)
    assert found
    return found


def access(settings: Settings) -> MailAccess:
    """As another start of Panelist has it."""
    app = mail_app(settings)
    assert app
    return MailAccess(open_credentials(settings), server_of(settings), app)


def refusal(settings: Settings) -> NotSent:
    """Why the mail server cannot be used."""
    session = Session(server_of(settings), access(settings))
    with pytest.raises(NotSent) as caught:
        session.open()
    session.close()
    return caught.value


def ending(settings: Settings, seconds: float) -> None:
    """The token expires so soon, as far as is known here."""
    credentials, server = open_credentials(settings), server_of(settings)
    tokens = kept_tokens(credentials, server)
    assert tokens
    keep(credentials, server, replace(tokens, expires_at=time.time() + seconds))


def sends(store: Store, settings: Settings) -> Sender:
    return open_sender(store, settings, open_credentials(settings))


def test_a_good_token_is_used_as_it_is(
    home: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    session = Session(server_of(home), access(home))
    session.open()
    session.quit()
    assert (tokens.renewals, mail.logins) == (0, 1)


def test_a_token_is_renewed_before_it_expires(
    home: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    ending(home, 60)
    before = kept_tokens(open_credentials(home), server_of(home))
    session = Session(server_of(home), access(home))
    session.open()
    session.quit()
    after = kept_tokens(open_credentials(home), server_of(home))
    assert (tokens.renewals, mail.logins) == (1, 1)
    assert before
    assert after
    assert after.access != before.access
    assert after.refresh != before.refresh
    ((path, form),) = tokens.forms
    assert path == "/common/oauth2/v2.0/token"
    assert form["scope"] == "https://outlook.office.com/SMTP.Send offline_access"


def test_a_token_that_expires_in_a_batch_is_renewed_at_the_next_session(
    store: Store, home: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    """Its session goes on. The next one begins with a refusal."""
    here = account(store, 6)
    run = queued(store, study(store, here))
    mail.per_session = 3

    def fault(_: str) -> str:
        if len(mail.accepted) == 1:
            tokens.expire()
        return "ok"

    mail.fault = fault
    send(sends(store, home))
    assert set(states(store, run.run).values()) == {"sent"}
    assert set(mail.counts.values()) == {1}
    assert (tokens.renewals, mail.sessions) == (1, 3)  # one of them was refused


def test_a_revoked_consent_pauses_and_says_how_to_sign_in(
    store: Store, home: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here))
    tokens.revoke()
    send(sends(store, home))
    batch = seen(store, run)
    assert batch.state == "paused"
    assert batch.trouble == (
        "Microsoft no longer accepts your sign-in, because it was revoked or has expired (400:"
        " AADSTS70000: invalid_grant it is). Sign in again with S in Studies or panelist"
        " mail login. Nothing was sent."
    )
    assert set(states(store, run.run).values()) == {"queued"}
    tokens.signed_in(home)  # and then it goes on
    runs.resume(store, run.run, BY)
    store.execute("UPDATE invite SET not_before = NULL")
    send(sends(store, home))
    assert set(states(store, run.run).values()) == {"sent"}


def test_a_token_server_that_is_away_is_asked_again_later(
    store: Store, home: Settings, tokens: TokenServer
) -> None:
    here = account(store, 1)
    run = queued(store, study(store, here))
    ending(home, 60)
    tokens.errors = ["503"]
    send(sends(store, home))
    batch = seen(store, run)
    assert (batch.state, set(states(store, run.run).values())) == ("running", {"queued"})
    assert "Microsoft had a server error (503)" in str(batch.trouble)


def test_two_that_share_a_home_renew_once(home: Settings, tokens: TokenServer) -> None:
    tokens.expire()
    together = threading.Barrier(4)
    shared = access(home)

    def use(one: MailAccess) -> str:
        old = one.token()
        together.wait()
        return one.token(refused=old)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(use, (shared, shared, access(home), access(home))))
    assert (len(found), tokens.renewals) == (1, 1)


def test_a_renewal_without_a_refresh_token_keeps_the_old_one(
    tokens: TokenServer, mail: MailServer, tmp_path: Path
) -> None:
    """Google gives one only at the sign-in."""
    tokens.rotates = False
    settings = replace(tokens.settings(tmp_path, mail, "google"), smtp_client_secret="from-env")
    before = tokens.signed_in(settings)
    for _ in range(2):
        tokens.expire()
        session = Session(server_of(settings), access(settings))
        session.open()
        session.quit()
    after = kept_tokens(open_credentials(settings), server_of(settings))
    assert after
    assert (after.refresh, tokens.renewals) == (before.refresh, 2)
    assert {form["client_secret"] for _, form in tokens.forms} == {"from-env"}
    assert "from-env" not in str(asdict(after))


def test_who_signed_in_as_someone_else_is_refused(
    home: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    mail.sign_in = lambda *_: False
    problem = refusal(home)
    assert str(problem) == (
        f"The mail server {MAILBOX}@127.0.0.1:{mail.port} refuses the sign-in at Microsoft"
        " (535 5.7.8 Username and Password not accepted, status 401). Nothing was sent."
        f" Sign in again with S in Studies or panelist mail login as {MAILBOX}. If"
        " Microsoft still refuses it, check that this mailbox is allowed to send by SMTP."
    )
    assert problem.answer
    assert problem.answer.meaning.final
    assert tokens.renewals == 1


def test_without_a_sign_in_or_with_that_of_another_app(home: Settings) -> None:
    assert "a different app from that of PANELIST_SMTP_CLIENT_ID. Sign in again" in str(
        refusal(replace(home, smtp_client_id="another-client"))
    )
    keep(open_credentials(home), server_of(home), None)
    assert "You are not signed in at Microsoft for" in str(refusal(home))


def test_a_server_that_takes_only_passwords(home: Settings) -> None:
    with MailServer(login=("rosa", "secret")) as other:
        server = replace(server_of(home), port=other.port)
        keep(open_credentials(home), server, kept_tokens(open_credentials(home), server_of(home)))
        session = Session(server, replace_server(home, server))
        with pytest.raises(NotSent, match=r"does not accept OAuth on this port \(PLAIN"):
            session.open()


def replace_server(settings: Settings, server: Server) -> MailAccess:
    app = mail_app(settings)
    assert app
    return MailAccess(open_credentials(settings), server, app)


def test_nothing_that_is_secret_is_in_a_sentence(
    home: Settings, tokens: TokenServer, mail: MailServer
) -> None:
    said = [str(refusal(replace(home, smtp_client_id="another-client")))]
    mail.sign_in = lambda *_: False
    said.append(str(refusal(home)))
    tokens.revoke()
    said.append(str(refusal(home)))
    assert tokens.given
    for secret in tokens.given:
        assert not any(secret in one for one in said)
        assert secret not in repr(access(home).app)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"smtp_client_id": None}, "Set PANELIST_SMTP_CLIENT_ID"),
        ({"smtp_client_id": "two words"}, "PANELIST_SMTP_CLIENT_ID is not a client ID"),
        ({"smtp_tenant": "../x"}, "PANELIST_SMTP_TENANT is not the ID or the domain"),
        ({"smtp_server": "smtp://smtp.office365.com"}, "needs the address to sign in with"),
    ],
)
def test_wrong_settings(home: Settings, wrong: dict[str, str | None], said: str) -> None:
    settings = replace(home, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=said):
        mail_server(settings), mail_app(settings)
