"""What counts as news, and that it is said once."""

from __future__ import annotations

from pathlib import Path

from app.db.store import Store
from app.invites.sending import runs
from app.notices.notice_watch import AWAKE, STALE, Notice, NoticeWatch
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, account, queued, send, sender, study


def kinds(notices: list[Notice]) -> list[str]:
    return [one.kind for one in notices]


def test_the_end_of_a_batch_is_said_once(store: Store, tmp_path: Path) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here))
    watch = NoticeWatch(store)
    assert watch.look() == []
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    (notice,) = watch.look()
    assert notice.text == "Invites for “Pricing”: 3 sent."
    assert notice.json["type"] == "batch_ended"
    assert notice.json["run"] == run.run
    assert watch.look() == []
    assert NoticeWatch(store).look() == [], "what was so before is no news"


def test_a_batch_that_came_and_ended_between_two_looks_is_news(
    store: Store, tmp_path: Path
) -> None:
    here = account(store, 1)
    key = study(store, here)
    watch = NoticeWatch(store)
    watch.look()
    run = queued(store, key)
    assert watch.look() == []
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert [one.about["run"] for one in watch.look()] == [run.run]


def test_a_batch_that_stops_by_itself_is_news_and_a_pause_is_not(store: Store) -> None:
    here = account(store, 2)
    run = queued(store, study(store, here)).run
    watch = NoticeWatch(store)
    watch.look()
    runs.pause(store, run, BY)
    assert watch.look() == []
    runs.resume(store, run, BY)
    assert watch.look() == []
    runs.pause(store, run, BY, "The mail server refused the login.")
    (notice,) = watch.look()
    assert notice.kind == "batch_stopped"
    assert notice.text == ("Invites for “Pricing” stopped. The mail server refused the login.")
    assert watch.look() == []
    runs.resume(store, run, BY)
    watch.look()
    runs.pause(store, run, BY, "The mail server refused the login.")
    assert kinds(watch.look()) == ["batch_stopped"], "it stopped again"


def test_bounces_are_news_once_they_are_many(store: Store, tmp_path: Path) -> None:
    here = account(store, 20)
    queued(store, study(store, here))
    watch = NoticeWatch(store)
    watch.look()
    left = 10  # the first ten do not exist, and have answers of their own

    def fault(_: str) -> str:
        nonlocal left
        left -= 1
        return f"rcpt 550 5.1.1 no user {left} here" if left % 2 and left > 0 else "ok"

    with MailServer(fault) as server:
        send(sender(store, here, tmp_path, server.url))
    found = {one.kind: one.text for one in watch.look()}
    assert set(found) == {"batch_ended", "bounces"}
    assert found["bounces"] == ("Invites for “Pricing”: 5 of 20 emails bounced. Check your list.")
    assert watch.look() == []


def test_only_the_panelist_that_sends_a_batch_speaks_for_it(store: Store, tmp_path: Path) -> None:
    here = account(store, 1)
    queued(store, study(store, here))
    watch = NoticeWatch(store, lambda _: False)
    watch.look()
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert watch.look() == []


def test_data_is_old_when_a_computer_that_is_awake_could_not_update_it(store: Store) -> None:
    here = account(store, 1)
    store.execute("UPDATE connection SET last_polled_at = 1000 WHERE id = ?", (here,))
    now = 1_000.0 + STALE - 1
    watch = NoticeWatch(store, clock=lambda: now)
    assert watch.look() == []
    now += 2
    assert watch.look() == [], "it may just have woken up"
    now += AWAKE
    assert kinds(watch.look()) == ["stale_data"]
    assert watch.look() == []
    store.execute("UPDATE connection SET last_polled_at = ? WHERE id = ?", (int(now), here))
    assert watch.look() == []
    now += STALE + 1
    watch.look()
    now += AWAKE
    assert kinds(watch.look()) == ["stale_data"], "it became old again"
