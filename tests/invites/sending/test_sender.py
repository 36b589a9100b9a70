"""Sending: no one twice, whatever a mail server, a kill or another process does."""

from __future__ import annotations

import time
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from app.db.engines.store_factory import open_sqlite
from app.db.store import Store
from app.invites import corrections, ledger, lifecycle, opt_outs, studies
from app.invites.invite_log import invite_ids
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.invites.mail.server_settings import MailRate
from app.invites.sending import runs
from app.invites.sending.channels import server_trouble
from tests.helpers.mail_server import FAULTS, MailServer
from tests.helpers.study_world import BY, account, queued, seen, send, sender, states, study


@pytest.mark.parametrize("fault", FAULTS)
def test_what_becomes_of_a_mail(store: Store, tmp_path: Path, fault: str) -> None:
    here = account(store, 1)
    run = queued(store, study(store, here))
    with MailServer(lambda _: fault) as server:
        send(sender(store, here, tmp_path, server.url))
    state, accepted = FAULTS[fault]
    assert states(store, run.run) == {"cus_00000@example.com": state}
    assert len(server.accepted) == accepted
    assert ledger.broken_at(store, here) is None
    if state == "queued":  # and then it is sent, after a while
        runs.resume(store, run.run, BY)
        store.execute("UPDATE invite SET not_before = NULL")
        with MailServer() as server:
            send(sender(store, here, tmp_path, server.url))
        assert states(store, run.run) == {"cus_00000@example.com": "sent"}
        assert len(server.accepted) == 1
    if state == "uncertain":  # nothing but a person says what became of it
        with MailServer() as server:
            send(sender(store, here, tmp_path, server.url))
        assert server.accepted == []
    bounced = store.rows("SELECT kind FROM opt_out")
    assert bounced == ([("bounced",)] if state == "bounced" else [])


def test_each_gets_one_mail_that_says_all(store: Store, tmp_path: Path) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here))
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert set(states(store, run.run).values()) == {"sent"}
    assert seen(store, run).state == "done"
    assert set(server.counts.values()) == {1}
    assert all(len(to) == 1 for to in server.recipients)
    tokens = {token for (token,) in store.rows("SELECT token FROM invite")}
    links = set()
    for mail in server.mails:
        text = mail.get_content()
        assert mail["From"] == "Rosa Researcher <research@acme.example>"
        assert mail["List-Unsubscribe"] == "<mailto:research@acme.example?subject=no>"
        assert "List-Unsubscribe-Post" not in mail
        assert "Hello Person " in text
        assert "reply with “no”" in text
        links |= {token for token in tokens if f"guest={token}" in text}
    assert links == tokens
    assert len({mail["Message-ID"] for mail in server.mails}) == 3


def test_any_server_can_take_the_text(store: Store, tmp_path: Path) -> None:
    """Not each one offers 8BITMIME."""
    here = account(store, 1)
    queued(
        store,
        study(
            store,
            here,
            text="Grüße, {{name|there}}: 你好\n{{link}}\n{{opt_out}}\n",
            sender_name="Åsa",
        ),
    )
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    ((_, mail),) = server.accepted
    assert mail.isascii()
    assert "Grüße, Person 0: 你好" in server.mails[0].get_content()


def test_files_are_each_ones_own_and_written_once(store: Store, tmp_path: Path) -> None:
    here = account(store, 250)
    run = queued(store, study(store, here), "eml")
    send(sender(store, here, tmp_path))
    files = sorted((tmp_path / "mailbox").iterdir())
    assert len(files) == 250
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert set(states(store, run.run).values()) == {"handed_over"}
    send(sender(store, here, tmp_path))
    assert sorted((tmp_path / "mailbox").iterdir()) == files


def test_a_table_for_a_mail_merge(store: Store, tmp_path: Path) -> None:
    here = account(store, 30)
    run = queued(store, study(store, here), "csv")
    send(sender(store, here, tmp_path))
    (file,) = (tmp_path / "mailbox").iterdir()
    assert file.read_text().count("https://interviews.example/pricing?guest=") == 60
    assert set(states(store, run.run).values()) == {"handed_over"}


@pytest.mark.parametrize("channel", ["eml", "csv"])
def test_a_new_database_replaces_no_file_of_an_old_one(
    store: Store, tmp_path: Path, channel: str
) -> None:
    """Its studies, batches and invites count from 1 again."""
    here, folder = account(store, 2), tmp_path / "mailbox"
    run = queued(store, study(store, here), channel).run
    send(sender(store, here, tmp_path))
    before = {file: file.read_bytes() for file in folder.iterdir()}
    old = open_sqlite(tmp_path / "another" / "panelist.db")
    try:
        there = account(old, 2)
        assert queued(old, study(old, there), channel).run == run
        send(sender(old, there, tmp_path))
    finally:
        old.close()
    assert {file: file.read_bytes() for file in before} == before
    assert len(list(folder.iterdir())) == 2 * len(before)


@pytest.mark.parametrize("channel", ["eml", "csv"])
def test_another_try_replaces_its_own_file(store: Store, tmp_path: Path, channel: str) -> None:
    here, folder = account(store, 2), tmp_path / "mailbox"
    run = queued(store, study(store, here), channel).run
    send(sender(store, here, tmp_path))
    files = set(folder.iterdir())
    # As if the process was killed after it had written them.
    store.execute("UPDATE invite SET state = 'queued', sent_at = NULL, message_id = NULL")
    store.execute("UPDATE run SET state = 'running'")
    send(sender(store, here, tmp_path))
    assert set(states(store, run).values()) == {"handed_over"}
    assert set(folder.iterdir()) == files


def test_only_a_file_is_marked_as_unsent(store: Store, tmp_path: Path) -> None:
    here = account(store, 1)
    queued(store, study(store, here), "eml")
    send(sender(store, here, tmp_path))
    (file,) = (tmp_path / "mailbox").iterdir()
    assert message_from_bytes(file.read_bytes())["X-Unsent"] == "1"
    queued(store, study(store, here, "Another", cool_down_days=None, cap=None, cap_days=None))
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert [mail["X-Unsent"] for mail in server.mails] == [None]


def test_greylisting_of_everyone_ends_by_itself(store: Store, tmp_path: Path) -> None:
    here = account(store, 20)
    run = queued(store, study(store, here))
    met: list[str] = []

    def once(recipient: str) -> str:
        met.append(recipient)
        return "rcpt 451 4.7.1 greylisted, quota, too many" if met.count(recipient) == 1 else "ok"

    with MailServer(once) as server:
        send(sender(store, here, tmp_path, server.url))
        assert (seen(store, run).state, seen(store, run).left, len(met)) == ("running", 20, 20)
        (soonest,) = store.row("SELECT min(not_before) FROM invite")
        assert soonest > time.time() + 40
        store.execute("UPDATE invite SET not_before = NULL")
        send(sender(store, here, tmp_path, server.url))
        assert len(server.counts) == 20
    assert seen(store, run).state == "done"


@pytest.mark.parametrize(
    "fault", ["rcpt 552 5.2.2 mailbox over quota", "rcpt 550 5.7.1 no", "end 554"]
)
def test_one_recipient_never_stops_a_batch(store: Store, tmp_path: Path, fault: str) -> None:
    here = account(store, 12)
    run = queued(store, study(store, here))
    with MailServer(lambda to: fault if to.startswith("cus_00003") else "ok") as server:
        send(sender(store, here, tmp_path, server.url))
        assert len(server.counts) == 11
    assert seen(store, run).state == "done"
    assert seen(store, run).counts == {"sent": 11, "failed": 1}
    assert store.rows("SELECT kind FROM opt_out") == []


def test_dead_addresses_stop_nothing(store: Store, tmp_path: Path) -> None:
    here = account(store, 60)
    run = queued(store, study(store, here))
    dead = {f"cus_{n:05}@example.com" for n in range(0, 60, 5)}
    with MailServer(lambda to: "rcpt 550 5.1.1 gone" if to in dead else "ok") as server:
        send(sender(store, here, tmp_path, server.url))
    assert seen(store, run).counts == {"sent": 48, "bounced": 12}
    assert store.rows("SELECT count(*) FROM opt_out WHERE kind = 'bounced'") == [(12,)]


def test_bounces_that_are_all_alike_are_none_until_a_person_confirms(
    store: Store, tmp_path: Path
) -> None:
    """A relay that has lost its list of users says so of everyone. The batch goes on."""
    here = account(store, 12)
    run = queued(store, study(store, here))
    broken = {f"cus_{n:05}@example.com" for n in range(7)}
    with MailServer(lambda to: "rcpt 550 5.1.1 unknown" if to in broken else "ok") as server:
        send(sender(store, here, tmp_path, server.url))
    assert seen(store, run).counts == {"to_confirm": 7, "sent": 5}
    assert store.rows("SELECT kind FROM opt_out") == []
    first, *keys = invite_ids(store, here, states=["to_confirm"])
    assert lifecycle.resolve(store, here, [first, *keys], True, BY) == 0  # no one got them
    assert lifecycle.resolve(store, here, [first], False, BY) == 1
    assert lifecycle.mark(store, here, keys, "bounced", BY) == 6
    assert store.rows("SELECT count(*) FROM opt_out WHERE kind = 'bounced'") == [(6,)]
    assert corrections.undo_marks(store, here, [first, *keys], BY) == 7
    assert seen(store, run).counts == {"to_confirm": 7, "sent": 5}
    assert store.rows("SELECT kind FROM opt_out") == []
    assert prove(store, here).holds


def test_refusals_that_are_all_alike_pause_it_and_cost_no_recipient(
    store: Store, tmp_path: Path
) -> None:
    here = account(store, 12)
    run = queued(store, study(store, here))
    with MailServer(lambda _: "end 554") as server:
        send(sender(store, here, tmp_path, server.url))
        now = seen(store, run)
        assert (now.state, now.left, len(server.recipients)) == ("paused", 12, 5)
        assert (now.trouble or "").startswith("The mail server refuses every email")
    runs.resume(store, run.run, BY)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert len(server.counts) == 12


@pytest.mark.parametrize("fault", ["rcpt 550 5.1.8 Domain not found", "rcpt 550 5.1.90 limit"])
def test_what_is_said_of_the_sender_pauses_it(store: Store, tmp_path: Path, fault: str) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here))
    with MailServer(lambda _: fault) as server:
        send(sender(store, here, tmp_path, server.url))
        assert len(server.recipients) == 0
    now = seen(store, run)
    assert (now.state, now.left) == ("paused", 3)
    assert fault[5:] in (now.trouble or "")


@pytest.mark.parametrize("ends", [{"per_session": 5}, {"idle": True}])
def test_sessions_that_end_cost_nothing(store: Store, tmp_path: Path, ends: dict[str, Any]) -> None:
    here = account(store, 12)
    run = queued(store, study(store, here))
    with MailServer(**ends) as server:
        send(sender(store, here, tmp_path, server.url))
        assert set(server.counts.values()) == {1}
        assert server.sessions == (3 if "per_session" in ends else 12)
    assert seen(store, run).counts == {"sent": 12}
    assert store.rows("SELECT max(attempt) FROM invite") == [(1,)]


def test_a_server_that_never_could_be_reached_soon_asks_a_person(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is probably wrong, and the person who wrote it waits."""
    here = account(store, 3)
    run = queued(store, study(store, here))
    with MailServer() as server:
        url = server.url
    monkeypatch.setattr(server_trouble, "FIRST_TRIES", (0, 0))
    sends = sender(store, here, tmp_path, url)
    send(sends, wait=True)
    now = seen(store, run)
    assert (now.state, now.left) == ("paused", 3)
    assert "Connection refused" in (now.trouble or "")
    assert "tried again" not in (now.trouble or "")


def test_a_busy_server_gets_a_rest(store: Store, tmp_path: Path) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here))
    with MailServer(lambda _: "end 454") as server:
        sends = sender(store, here, tmp_path, server.url)
        send(sends)
        send(sends)  # still resting
        assert len(server.recipients) == 1
    now = seen(store, run)
    assert (now.state, now.left) == ("running", 3)
    assert "454" in (now.trouble or "")
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert seen(store, run).state == "done"
    assert seen(store, run).trouble is None


@pytest.mark.parametrize(
    ("login", "password", "said"),
    [
        (("rosa", "right"), "mist4ke", "refuses the login (535 5.7.8 wrong)"),
        (None, None, "cannot be reached"),
    ],
)
def test_without_a_way_in_nothing_is_lost(
    store: Store, tmp_path: Path, login: tuple[str, str] | None, password: str, said: str
) -> None:
    here = account(store, 8)
    run = queued(store, study(store, here))
    with MailServer(login=login) as server:
        pass  # of the second case only the address remains
    if login:
        with MailServer(login=login) as server:
            send(sender(store, here, tmp_path, server.url, password=password))
            assert server.logins == 1
    else:
        send(sender(store, here, tmp_path, server.url))
    now = seen(store, run)
    assert (now.state, now.left) == ("paused" if login else "running", 8)
    assert said in (now.trouble or "")


def test_the_pace_survives_a_restart(store: Store, tmp_path: Path) -> None:
    here = account(store, 9)
    run = queued(store, study(store, here))
    with MailServer() as server:
        for _ in range(3):
            send(sender(store, here, tmp_path, server.url, rate=MailRate(4, 100)))
        assert len(server.accepted) == 4
        store.execute("UPDATE invite SET sent_at = sent_at - 61 WHERE state = 'sent'")
        send(sender(store, here, tmp_path, server.url, rate=MailRate(4, 6)))
        assert len(server.accepted) == 6
        store.execute("UPDATE invite SET sent_at = sent_at - 86400 WHERE state = 'sent'")
        send(sender(store, here, tmp_path, server.url, rate=MailRate(None, 6)))
    assert len(server.accepted) == 9
    assert seen(store, run).state == "done"


@pytest.mark.parametrize("moment", ["before", "while it is offered"])
def test_who_opts_out_gets_nothing(store: Store, tmp_path: Path, moment: str) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here))
    away = "cus_00001@example.com"

    def opt_out() -> None:
        box = hasher(store).stored(away)
        opt_outs.record(store, here, [box], "opted_out", BY)
        store.close()

    def fault(recipient: str) -> str:
        if recipient == away:
            opt_out()
        return "ok"

    if moment == "before":
        opt_out()
    with MailServer(fault) as server:
        send(sender(store, here, tmp_path, server.url))
    assert away not in server.counts
    assert len(server.counts) == 2
    assert states(store, run.run)[away] == "withdrawn"


@pytest.mark.parametrize("how", ["pause the run", "stop the run", "pause", "close"])
def test_what_is_stopped_in_between_is_not_sent(store: Store, tmp_path: Path, how: str) -> None:
    here = account(store, 4)
    key = study(store, here)
    run = queued(store, key)

    met: list[str] = []

    def fault(recipient: str) -> str:
        met.append(recipient)
        if len(met) == 2:
            if how == "pause the run":
                runs.pause(store, run.run, BY)
            elif how == "stop the run":
                runs.stop(store, run.run, BY)
            else:
                studies.move(store, key, "paused" if how == "pause" else "closed", BY)
            store.close()
        return "ok"

    with MailServer(fault) as server:
        send(sender(store, here, tmp_path, server.url))
        assert len(server.counts) == 1
        if how == "pause the run":
            runs.resume(store, run.run, BY)
            send(sender(store, here, tmp_path, server.url))
            assert len(server.counts) == 4
        else:
            send(sender(store, here, tmp_path, server.url))
            assert len(server.counts) == 1
            assert seen(store, run).left == 0


def test_within_two_minutes_all_of_it_is_undone(store: Store, tmp_path: Path) -> None:
    here = account(store, 4)
    run = queued(store, study(store, here), undo=120)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
        assert runs.stop(store, run.run, BY) == 4
        send(sender(store, here, tmp_path, server.url))
    assert server.accepted == []
    again = queued(store, study(store, here, "Again"))  # and all of them may be asked again
    assert again.number == 4


def test_who_was_deleted_meanwhile_gets_nothing(store: Store, tmp_path: Path) -> None:
    here = account(store, 2)
    run = queued(store, study(store, here))
    store.execute("UPDATE participant SET deleted = ? WHERE stripe_id = 'cus_00001'", (True,))
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert list(server.counts) == ["cus_00000@example.com"]
    assert states(store, run.run)["cus_00001@example.com"] == "withdrawn"


def test_another_computers_sending_is_left_to_it(store: Store, tmp_path: Path) -> None:
    here = account(store, 2)
    run = queued(store, study(store, here))
    store.execute("UPDATE run SET machine = 'another'")
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert server.accepted == []
    assert seen(store, run).left == 2
