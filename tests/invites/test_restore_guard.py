"""A database that may be a copy asks before anything is sent, and no one is written to twice."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import paths
from app.db.identity import identity
from app.db.rows import Fetched
from app.invites import corrections, erasure, restore_guard, studies
from app.invites.errors import RestoreSuspected
from app.invites.housekeeping import tidy
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.invites.restore_guard import Answer, mark_as_copy
from app.invites.sending import reminders
from tests.conftest import drop_database, new_database
from tests.helpers import postgres_server, rows
from tests.helpers.copied_home import Panel
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, queued, send, sender, study

ADDRESS = "cus_00000@example.com"
LATER = 2**33


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    """A panel of four whose study has invited no one yet."""
    made = Panel(tmp_path / "home", tmp_path / "state")
    made.fill()
    return made


def asks(panel: Panel, why: str) -> None:
    """It sends nothing, and says why and what to do."""
    with pytest.raises(RestoreSuspected, match=why) as found:
        panel.send()
    assert "Nothing was sent" in str(found.value)
    assert "panelist invites trust" in str(found.value)


def proves(panel: Panel) -> None:
    with panel.store() as store:
        proof = prove(store, 1)
    assert proof.holds, proof


# A home that was put back, or used twice


@pytest.mark.parametrize("by_file", [False, True])
def test_a_home_that_is_put_back_invites_no_one_twice(
    panel: Panel, tmp_path: Path, by_file: bool
) -> None:
    copy = panel.copy(tmp_path / "copy")
    assert panel.invite() == 4
    panel.put_back_file(copy) if by_file else panel.put_back(copy)
    asks(panel, "older than what was sent")
    assert panel.invitable() == 4
    lost = panel.lost()
    assert (len(lost.sends), lost.mailboxes, lost.opt_outs) == (4, 4, ())
    assert {one.study for one in lost.sends} == {1}
    with pytest.raises(RestoreSuspected, match="not only moved"):
        panel.answer(Answer.MOVED)
    panel.answer(Answer.COPY)
    assert (panel.why(), panel.invitable()) == (None, 0)
    assert not panel.lost()
    proves(panel)
    newer = panel.copy(tmp_path / "newer")
    asks(newer, "is a copy, or it was moved")
    assert not newer.lost()
    panel.put_back(copy)  # once more
    asks(panel, "older than what was sent")
    assert {one.what for one in panel.lost().sends} == {"invite"}


def test_a_copy_of_a_home_asks_and_so_does_the_first_one_then(panel: Panel, tmp_path: Path) -> None:
    twin = panel.copy(tmp_path / "twin")
    assert panel.invite() == 4
    asks(twin, "another copy of it was used")
    twin.answer(Answer.COPY)
    assert twin.invitable() == 0
    assert panel.why() is None  # the other one has sent nothing since
    with twin.store() as store:
        rows.send(store, 1, Fetched(2, participants=[rows.person("cus_new")]))
    assert twin.invite() == 1
    asks(panel, "another copy of it was used")
    panel.answer(Answer.COPY)
    with panel.store() as store:
        rows.send(store, 1, Fetched(2, participants=[rows.person("cus_new")]))
    panel.follow()
    assert panel.invitable() == 0
    assert (panel.why(), twin.why()) == (None, None)
    proves(panel)
    proves(twin)


def test_two_copies_that_send_at_the_same_time_stop(panel: Panel, tmp_path: Path) -> None:
    """A home was copied while it was sending, and the copy was trusted."""
    with panel.store() as store:
        queued(store, 1)
    twin = panel.copy(tmp_path / "twin")
    begun: list[str] = []

    def then(to: str) -> str:
        begun.append(to)
        if len(begun) == 2:  # while the first one is in the middle
            twin.answer(Answer.COPY)
            with twin.store() as store:
                send(sender(store, 1, twin.home, server.url, state=twin.state))
        return "ok"

    with MailServer(then) as server, panel.store() as store:
        first = sender(store, 1, panel.home, server.url, state=panel.state)
        with pytest.raises(RestoreSuspected, match="another copy of it was used"):
            send(first)
        assert store.rows("SELECT state, count(*) FROM invite GROUP BY state ORDER BY 1") == [
            ("queued", 3),
            ("sent", 1),
        ]
    assert sorted(server.counts.values()) == [1, 1, 1, 1]
    panel.answer(Answer.COPY)
    proves(panel)


def test_the_witness_knows_an_email_before_a_server_has_it(panel: Panel) -> None:
    known: list[int] = []

    class Looking(MailServer):
        def accept(self, recipient: str, mail: bytes) -> None:
            (log,) = panel.state.rglob("*.log")
            known.append(log.read_text().count(" invite-uncertain ") - len(self.accepted))
            super().accept(recipient, mail)

    with panel.store() as store, Looking() as server:
        queued(store, 1)
        send(sender(store, 1, panel.home, server.url, state=panel.state))
    assert known == [1, 1, 1, 1]


def test_an_uncertain_invite_stays_uncertain_in_a_copy(panel: Panel, tmp_path: Path) -> None:
    """Whether the copy had queued it, had sent nothing, or was just as uncertain."""
    last = "cus_00003@example.com"
    empty = panel.copy(tmp_path / "empty")
    with panel.store() as store:
        queued(store, 1)
    waiting = panel.copy(tmp_path / "waiting")
    faults = {last: "silent at end, accepted"}
    with MailServer(lambda to: faults.get(to, "ok")) as server, panel.store() as store:
        send(sender(store, 1, panel.home, server.url, state=panel.state))
        assert store.rows("SELECT state FROM invite WHERE address = ?", (last,)) == [("uncertain",)]
    doubted = panel.copy(tmp_path / "doubted")
    (log,) = panel.state.rglob("*.log")
    lines = [line.rpartition(" ") for line in log.read_text().splitlines()]
    log.write_text("".join(f"{line} {int(at) - 90_000}\n" for line, _, at in lines))  # a day ago
    for copy in (empty, waiting, doubted):
        copy.answer(Answer.COPY)
        with copy.store() as store:
            found: dict[str, str] = dict(
                store.rows(
                    "SELECT p.email, i.state FROM invite i"
                    " JOIN participant p ON p.id = i.participant_id"
                )
            )
        assert found.pop(last) == "uncertain"
        assert len(found) == 3
        assert set(found.values()) <= {"sent", "handed_over"}
        proves(copy)
        assert not copy.lost()
        assert copy.invitable() == 0


def test_a_database_in_another_home_asks(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")
    assert panel.invite() == 4
    other = Panel(tmp_path / "other", panel.state)
    other.home.mkdir()
    shutil.copy(paths.database(copy.home), paths.database(other.home))
    asks(other, "older than what was sent from it, or another copy")


def test_a_newer_copy_asks_because_it_is_another_file(panel: Panel, tmp_path: Path) -> None:
    """Nothing is lost in it, but the other one may be used as well."""
    assert panel.invite() == 4
    moved = panel.copy(tmp_path / "moved")
    asks(moved, "is a copy, or it was moved")
    assert not moved.lost()
    moved.answer(Answer.MOVED)
    assert moved.why() is None
    with moved.store() as store:
        study(store, 1, "Other", cool_down_days=None)
        queued(store, 2, "eml")
        moved.send()
    asks(panel, "another copy of it was used")


def test_a_home_with_another_name_is_the_same(panel: Panel, tmp_path: Path) -> None:
    panel.invite()
    panel.home.rename(tmp_path / "renamed")
    assert Panel(tmp_path / "renamed", panel.state).why() is None


def test_another_computer_asks(panel: Panel, tmp_path: Path) -> None:
    """It has no witness, but the file is another one."""
    panel.invite()
    copy = panel.copy(tmp_path / "copy")
    asks(Panel(copy.home, tmp_path / "elsewhere"), "is a copy, or it was moved")
    assert Panel(panel.home, tmp_path / "elsewhere").why() is None  # only the state was lost


def test_a_copy_on_another_computer_asks_before_the_first_invite(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.follow()
    assert panel.why() is None
    copy = panel.copy(tmp_path / "copy")
    assert copy.why() is None  # on this one, what either sends is known
    asks(Panel(copy.home, tmp_path / "elsewhere"), "is a copy, or it was moved")
    machine = tmp_path / "machine-id"
    machine.write_text("another")
    monkeypatch.setattr(restore_guard, "MACHINE_IDS", (str(machine),))
    there = Panel(copy.home, tmp_path / "there")
    there.follow()
    asks(there, "last used on another computer")
    there.answer(Answer.MOVED)
    assert there.invite() == 4


def test_a_container_without_a_name_does_not_ask_at_its_first_invite(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_guard, "MACHINE_IDS", ())
    monkeypatch.setattr(restore_guard, "node", lambda: "container-1")
    panel.follow()
    monkeypatch.setattr(restore_guard, "node", lambda: "container-2")
    assert panel.invite() == 4


def test_an_account_without_a_ledger_can_be_marked_and_trusted(panel: Panel) -> None:
    with panel.store() as store:
        store.execute("DELETE FROM ledger")
        store.execute("DELETE FROM ledger_head")
        mark_as_copy(store, 1_750_000_000)
    assert "restored" in str(panel.why())
    panel.answer(Answer.COPY)
    assert panel.why() is None


def test_a_database_of_the_version_before_does_not_ask(panel: Panel, tmp_path: Path) -> None:
    panel.invite()
    with panel.store() as store:
        store.execute("UPDATE ledger_head SET machine = substr(machine, 1, 16)")
    shutil.rmtree(panel.state)
    assert panel.why() is None
    copy = panel.copy(tmp_path / "copy")
    panel.follow()
    with panel.store() as store:
        study(store, 1, "Other", cool_down_days=None)
        queued(store, 2, "eml")
        panel.send()
    asks(copy, "older than what was sent")


def test_a_restore_says_that_it_is_one(panel: Panel) -> None:
    with panel.store() as store:
        mark_as_copy(store, 1_750_000_000)
    asks(panel, "a copy from .* that was restored")
    panel.answer(Answer.MOVED)
    assert panel.invite() == 4


# What was lost


def test_opt_outs_and_erasures_that_a_copy_lost_hold_again(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")
    panel.opt_out(ADDRESS)
    with panel.store() as store:
        erasure.request(store, 1, "cus_00001", BY)
        tidy(store, panel.folders)
        erasure.perform(store, panel.folders, LATER)
        tidy(store, panel.folders)
    panel.put_back(copy)
    asks(panel, "older than what was sent")
    lost = panel.answer(Answer.COPY)
    assert sorted(kind for _, kind, _ in lost.opt_outs) == ["erased", "opted_out"]
    assert panel.invitable() == 2
    with panel.store() as store:
        assert store.rows("SELECT stripe_id FROM erasure") == [("cus_00001",)]
    proves(panel)


def test_an_opt_out_that_was_lifted_stays_lifted(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")
    panel.opt_out(ADDRESS)
    panel.put_back(copy)
    panel.answer(Answer.COPY)
    with panel.store() as store:
        store.execute("UPDATE opt_out SET at = at - 10")
        corrections.lift(store, 1, [hasher(store).stored(ADDRESS)], "opted_out", BY, "a mistake")
    panel.follow()
    assert panel.invitable() == 4
    assert panel.why() is None


def test_what_was_taken_back_since_is_not_lost(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")
    panel.opt_out(ADDRESS)
    with panel.store() as store:
        corrections.lift(store, 1, [hasher(store).stored(ADDRESS)], "opted_out", BY, "a mistake")
        erasure.request(store, 1, "cus_00001", BY)
        erasure.take_back(store, 1, "cus_00001", BY)
    panel.follow()
    panel.put_back(copy)
    asks(panel, "older than what was sent")
    assert not panel.lost()
    panel.answer(Answer.COPY)
    assert panel.invitable() == 4


def test_what_was_queued_in_the_copy_is_not_sent_again(panel: Panel, tmp_path: Path) -> None:
    with panel.store() as store:
        queued(store, 1, "eml")
    copy = panel.copy(tmp_path / "copy")
    panel.send()
    panel.put_back(copy)
    asks(panel, "older")
    panel.answer(Answer.COPY)
    with panel.store() as store:
        assert store.rows("SELECT state, count(*) FROM invite GROUP BY state") == [
            ("handed_over", 4)
        ]
    proves(panel)


def test_reminders_are_not_sent_again(panel: Panel, tmp_path: Path) -> None:
    panel.invite()
    copy = panel.copy(tmp_path / "copy")
    with panel.store() as store:
        reminders.queue(store, 1, "eml", 4, BY)
        panel.send()
    panel.put_back(copy)
    asks(panel, "older|moved")
    assert {one.what for one in panel.answer(Answer.COPY).sends} == {"reminder"}
    with panel.store() as store:
        assert store.rows("SELECT reminder, count(*) FROM invite GROUP BY reminder") == [
            ("handed_over", 4)
        ]
    proves(panel)


def test_a_lost_study_still_counts_for_cool_downs(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")
    with panel.store() as store:
        other = study(store, 1, "Made after the copy")
        queued(store, other, "eml")
        panel.send()
    panel.put_back(copy)
    with panel.store() as store:
        assert {one.study for one in panel.lost().sends} == {None}
        panel.answer(Answer.COPY)
        assert studies.studies(store, 1)[0].title == "Sent from another copy"
    assert panel.invitable() == 0
    assert not panel.lost()
    proves(panel)


def test_who_came_after_the_copy_is_not_invited_again(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")

    def arrives() -> None:
        with panel.store() as store:
            rows.send(store, 1, Fetched(2, participants=[rows.person("cus_late")]))

    arrives()
    assert panel.invite() == 5
    panel.put_back(copy)
    lost = panel.answer(Answer.COPY)
    assert (len(lost.sends), len(lost.strangers)) == (4, 1)
    arrives()
    panel.follow()
    assert panel.invitable() == 0
    assert not list(panel.state.rglob("*.pending.json"))
    proves(panel)


# What the witness holds


def test_the_witness_has_hashes_and_numbers_only(panel: Panel) -> None:
    panel.invite()
    panel.opt_out(ADDRESS)
    with panel.store() as store:
        (key,) = store.row("SELECT key FROM mailbox_key")
    (log,) = panel.state.rglob("*.log")
    text = log.read_text()
    assert len(text.splitlines()) == 5
    for secret in ("@", "example", "cus_", "Person", "Pricing", "acct", key, BY):
        assert secret not in text + str(log.relative_to(panel.state))
    assert {path.stat().st_mode & 0o77 for path in panel.state.rglob("*.*")} == {0}


def test_an_erasure_reaches_the_witness(panel: Panel, tmp_path: Path) -> None:
    panel.invite()
    with panel.store() as store:
        box = hasher(store).stored(ADDRESS)
        (log,) = panel.state.rglob("*.log")
        assert box in log.read_text()
        erasure.request(store, 1, "cus_00000", BY)
        erasure.perform(store, panel.folders, LATER)
        tidy(store, panel.folders)
    said = [line.split()[2] for line in log.read_text().splitlines() if box in line]
    assert said == ["erased"]
    assert panel.why() is None
    moved = panel.copy(tmp_path / "moved")  # its file is written from the ledger
    moved.answer(Answer.MOVED)
    for log in panel.state.rglob("*.log"):
        said = [line.split()[2] for line in log.read_text().splitlines() if box in line]
        assert said == ["erased"]


def test_several_accounts_and_databases_do_not_mix(panel: Panel, tmp_path: Path) -> None:
    other = Panel(tmp_path / "other", panel.state)
    other.fill()
    assert (panel.invite(), other.invite()) == (4, 4)
    assert (panel.why(), other.why()) == (None, None)
    with panel.store() as store:
        second = rows.connection(store)
        rows.send(store, second, Fetched(1, participants=[rows.person("cus_1")]))
        rows.make_segments(store, second)
        queued(store, study(store, second), "eml")
        send(sender(store, second, panel.home, state=panel.state))
    assert (panel.why(), other.why()) == (None, None)
    assert len(list(panel.state.rglob("*.log"))) == 3


# A witness that fails


def test_a_witness_that_is_lost_asks_nothing(panel: Panel) -> None:
    panel.invite()
    shutil.rmtree(panel.state)
    assert panel.why() is None
    panel.follow()
    (log,) = panel.state.rglob("*.log")
    assert len(log.read_text().splitlines()) == 4


def test_a_witness_that_cannot_be_written_is_said_once(panel: Panel) -> None:
    panel.state.write_text("not a folder")
    said: list[str] = []
    with panel.store() as store:
        queued(store, 1, "eml")
        one = sender(store, 1, panel.home, state=panel.state)
        one._tell = said.append
        send(one)
        assert store.row("SELECT count(*) FROM invite WHERE state = 'handed_over'") == (4,)
    assert len(said) == 1
    assert "Panelist cannot record what was sent in" in said[0]
    assert "PANELIST_STATE" in said[0]


@pytest.mark.parametrize("content", [b"\x00\xff" * 500, b"12 nothing\n"])
def test_a_damaged_witness_is_set_aside(panel: Panel, content: bytes) -> None:
    panel.invite()
    (log,) = panel.state.rglob("*.log")
    log.write_bytes(content)
    assert panel.why() is None
    panel.follow()
    assert len(log.read_text().splitlines()) == 4
    assert log.with_name(f"{log.name}.damaged").read_bytes() == content


def test_a_torn_line_is_passed_over(panel: Panel, tmp_path: Path) -> None:
    copy = panel.copy(tmp_path / "copy")
    panel.invite()
    (log,) = panel.state.rglob("*.log")
    log.write_bytes(log.read_bytes()[:-20])
    assert panel.why() is None
    panel.opt_out(ADDRESS)
    panel.put_back(copy)
    assert len(panel.lost().sends) == 4  # it was written again
    assert len(panel.lost().opt_outs) == 1


# PostgreSQL


@pytest.fixture
def shared(postgres: str, prepared: str, tmp_path: Path) -> Iterator[Panel]:
    """A panel on PostgreSQL, and the home of a colleague who uses it."""
    url = new_database(postgres, prepared)
    made = Panel(tmp_path / "ann", tmp_path / "ann-state", url)
    made.fill()
    yield made
    drop_database(postgres, url)


def colleague(panel: Panel, tmp_path: Path, name: str, url: str | None = None) -> Panel:
    """Another computer with this database."""
    return Panel(tmp_path / name, tmp_path / f"{name}-state", url or panel.url)


def test_a_database_that_was_restored_asks_everyone(
    shared: Panel, postgres: str, tmp_path: Path
) -> None:
    cyd = colleague(shared, tmp_path, "cyd")
    backup = new_database(postgres, str(shared.url).split("?")[0].rpartition("/")[2])
    assert shared.invite() == 4
    cyd.follow()
    restored = colleague(shared, tmp_path, "cyd", backup)
    asks(restored, "older than what was sent")  # cyd has seen what ann sent
    asks(Panel(shared.home, shared.state, backup), "older than what was sent")
    restored.answer(Answer.COPY)
    assert restored.invitable() == 0
    proves(restored)
    drop_database(postgres, backup)


def test_a_copy_from_before_the_first_invite_asks(
    shared: Panel, postgres: str, tmp_path: Path
) -> None:
    """Neither it nor this computer knows of an invite."""
    shared.follow()  # as a sync does
    backup = new_database(postgres, str(shared.url).split("?")[0].rpartition("/")[2])
    assert shared.invite() == 4
    asks(colleague(shared, tmp_path, "cyd", backup), "is a copy, or it was moved")
    drop_database(postgres, backup)


def test_a_dump_in_the_same_database_asks(shared: Panel, tmp_path: Path) -> None:
    """pg_restore --clean drops the tables and makes them again."""
    assert shared.invite() == 4
    with shared.store() as store:
        before = identity(store)
        with store.transaction():
            store.execute("CREATE TABLE again AS TABLE ledger_head")
            store.execute("DROP TABLE ledger_head")
            store.execute("ALTER TABLE again RENAME TO ledger_head")
            store.execute("ALTER TABLE ledger_head ADD PRIMARY KEY (connection_id)")
        assert identity(store) != before
    asks(shared, "is a copy, or it was moved")
    shared.answer(Answer.MOVED)
    assert shared.why() is None


def test_a_provider_that_hides_its_server_is_guarded_as_well(shared: Panel) -> None:
    with shared.store() as store, store.transaction():
        store.execute("CREATE ROLE plain LOGIN")
        store.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
        store.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain")
        for hidden in ("pg_control_system()", "pg_control_checkpoint()"):
            store.execute(f"REVOKE EXECUTE ON FUNCTION {hidden} FROM PUBLIC")
    plain = Panel(shared.home, shared.state, str(shared.url).replace("postgres:@", "plain:@"))
    with shared.store() as seen, plain.store() as hidden_from:
        assert identity(hidden_from) == identity(hidden_from) != identity(seen)
    assert plain.invite() == 4
    assert plain.why() is None


def test_a_computer_that_never_sent_asks_once(shared: Panel, tmp_path: Path) -> None:
    early = colleague(shared, tmp_path, "early")
    early.follow()  # it has seen the database before anything was sent
    assert shared.invite() == 4
    cyd = colleague(shared, tmp_path, "cyd")
    with shared.store() as store:  # this computer is known, so cyd has another
        store.execute("UPDATE run SET machine = 'another'")
    assert early.why() is None
    asks(cyd, "never from this computer")
    cyd.follow()
    asks(cyd, "never from this computer")  # looking does not answer
    cyd.answer(Answer.MOVED)
    assert cyd.why() is None
    shutil.rmtree(cyd.state)
    assert cyd.why() is None  # the database knows this computer now


def test_a_server_whose_files_were_put_back_asks(tmp_path: Path) -> None:
    with postgres_server.running() as server:
        ann = Panel(tmp_path / "ann", tmp_path / "ann-state", server.url % "postgres")
        ann.fill()
        with server.stopped() as data:
            subprocess.run(["cp", "-a", data, tmp_path / "copy"], check=True)  # with its owner
        assert ann.invite() == 4
        with ann.store() as store:
            before = identity(store)
        with server.stopped() as data:
            shutil.rmtree(data)
            subprocess.run(["cp", "-a", tmp_path / "copy", data], check=True)
        with ann.store() as store:
            assert identity(store) == before  # nothing in it shows
            store.execute("UPDATE run SET machine = 'another'")
        asks(ann, "older than what was sent")
        assert len(ann.lost().sends) == 4
