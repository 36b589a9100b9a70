"""Several threads and processes with one home, and the lock they share."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from app.credentials import private_files
from app.credentials.store import Credentials, TokenStore
from tests.helpers.credentials import (
    ON_DISK,
    PASSPHRASE,
    everything,
    left,
    opened,
    problem,
    run_together,
    start,
)
from tests.helpers.keyring_backends import Interrupted, path


def at_once(*works: object) -> list[BaseException]:
    """Run each in a thread; what went wrong."""
    wrong: list[BaseException] = []

    def run(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as failure:
            wrong.append(failure)

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_processes_and_threads_that_write_at_once_lose_nothing(home: Path) -> None:
    run_together(
        """
        home, number = Path(sys.argv[1]), sys.argv[2]
        def work(thread):
            credentials = own if thread % 2 else opened(home, backends=ON_DISK)
            for turn in range(10):
                credentials.put(f"{number} {thread} {turn}", {"token": "1"})
                if turn:
                    credentials.delete(f"{number} {thread} {turn - 1}")
                credentials.put(f"{number} {thread} kept {turn}", {"token": "2"})
        own = opened(home, backends=ON_DISK)
        threads = [threading.Thread(target=work, args=[thread]) for thread in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
        [home, 0],
        [home, 1],
    )
    ours = [(process, thread) for process in range(2) for thread in range(4)]
    wanted = {f"{a} {b} kept {turn}": {"token": "2"} for a, b in ours for turn in range(10)}
    wanted |= {f"{a} {b} 9": {"token": "1"} for a, b in ours}
    assert everything(opened(home, backends=ON_DISK)) == wanted


def test_while_one_moves_the_others_read_and_write(home: Path, tmp_path: Path) -> None:
    opened(home, backends=ON_DISK).put("first", {"token": "0"})
    run_together(
        """
        home, job, stop = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
        credentials = opened(home, backends=ON_DISK, passphrase=PASSPHRASE)
        if job == "move":
            for turn in range(30):
                credentials.choose((TokenStore.PLAIN, TokenStore.KEYRING)[turn % 2])
            credentials.choose(TokenStore.PASSPHRASE)
            credentials.choose(TokenStore.KEYRING)
            stop.touch()
        turn = 0
        while job != "move" and not stop.exists():
            turn += 1
            if job == "write":
                credentials.put("turn", {"number": turn})
                assert credentials.get("turn") == {"number": turn}
            else:
                assert opened(home, backends=ON_DISK).described() != "nowhere yet"
            assert credentials.get("first") == {"token": "0"}
            credentials.probe(TokenStore.PLAIN)
        print(turn)
        """,
        [home, "move", tmp_path / "stop"],
        [home, "write", tmp_path / "stop"],
        [home, "read", tmp_path / "stop"],
    )
    assert opened(home, backends=ON_DISK).names() == ["first", "turn"]
    assert len(left(home)) == 2
    assert len(list((tmp_path / "keyring").iterdir())) == 1


@pytest.mark.parametrize("after", [TokenStore.PLAIN, TokenStore.SESSION])
def test_a_move_in_the_middle_of_reading_is_followed(home: Path, after: TokenStore) -> None:
    opened(home).put("a", {"token": "1"})
    reading = opened(home, backends=path(Interrupted))
    Interrupted.first.append(lambda: opened(home).choose(after))
    assert reading.get("a") == ({"token": "1"} if after is TokenStore.PLAIN else None)
    assert reading.token_store is (TokenStore.PLAIN if after is TokenStore.PLAIN else None)


def test_what_changes_files_waits_for_its_turn(home: Path) -> None:
    credentials = opened(home, token_store=TokenStore.PLAIN)
    credentials.put("a", {})
    works = [
        credentials.ensure,
        lambda: credentials.probe(TokenStore.PLAIN),
        lambda: credentials.put("b", {}),
        lambda: credentials.delete("a"),
        lambda: credentials.choose(TokenStore.KEYRING),
    ]
    for work in works:
        before = left(home), everything(credentials)
        thread = threading.Thread(target=work)
        with private_files.locked(home / "credentials/document.lock", 1):
            thread.start()
            thread.join(0.1)
            assert thread.is_alive()
            assert (left(home), everything(opened(home))) == before
        thread.join()


def test_a_session_chosen_elsewhere_is_a_choice_still_to_be_made_here(home: Path) -> None:
    here, elsewhere = opened(home), opened(home)
    here.put("a", {"token": "1"})
    elsewhere.choose(TokenStore.SESSION)
    assert (here.token_store, here.get("a")) == (None, None)
    here.put("b", {"token": "2"})
    assert (here.token_store, here.names()) == (TokenStore.KEYRING, ["b"])
    assert elsewhere.names() == ["a"]


def test_only_one_holds_a_lock(home: Path, tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    run_together(
        """
        home, count = Path(sys.argv[1]), Path(sys.argv[2])
        own = opened(home)
        def work(thread):
            credentials = own if thread else opened(home)
            for _ in range(25):
                with credentials.lock("stripe acct_1 live", 20):
                    before = int(count.read_text())
                    time.sleep(0.0005)  # others would come in between
                    count.write_text(str(before + 1))
        threads = [threading.Thread(target=work, args=[thread]) for thread in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
        [home, tmp_path / "count"],
        [home, tmp_path / "count"],
    )
    assert (tmp_path / "count").read_text() == "150"


def test_a_session_s_lock_is_held_by_one_thread(home: Path) -> None:
    credentials, inside, most = opened(home, token_store=TokenStore.SESSION), 0, 0
    credentials.put("a", {})

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with credentials.lock("a", 20):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)  # others would come in between
                inside -= 1

    assert at_once(*[work] * 4) == []
    assert (inside, most) == (0, 1)


@pytest.mark.parametrize("place", [TokenStore.KEYRING, TokenStore.SESSION])
def test_a_lock_that_is_held_is_waited_for_and_then_a_sentence(
    home: Path, place: TokenStore
) -> None:
    credentials = opened(home, token_store=place)
    credentials.put("a", {})
    with credentials.lock("a", 0), credentials.lock("b", 0):
        before = time.monotonic()
        problem(lambda: credentials.lock("a", 0.2).__enter__(), "unanswered")
        assert time.monotonic() - before >= 0.2
        problem(lambda: credentials.lock("a", -1).__enter__(), "unanswered")
        credentials.put("a", {"token": "1"})
    with credentials.lock("a", 0):
        assert credentials.get("a") == {"token": "1"}


def test_a_killed_process_lets_go_of_its_locks(home: Path) -> None:
    process = start(
        """
        import signal
        from app.credentials import private_files as files
        folder = Path(sys.argv[1]) / "credentials"
        with opened(Path(sys.argv[1])).lock("a", 1), files.locked(folder / "document.lock", 1):
            print("held", flush=True)
            signal.pause()
        """,
        home,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        problem(lambda: opened(home).lock("a", 0.1).__enter__(), "unanswered")
        process.kill()
    with opened(home).lock("a", 0):
        opened(home).put("a", {})


def test_one_object_serves_many_threads(home: Path) -> None:
    credentials = Credentials(home, backends=ON_DISK, passphrase=PASSPHRASE)

    def write(number: int) -> None:
        for turn in range(10):
            credentials.put(f"{number}", {"turn": turn})
            assert credentials.get(f"{number}") == {"turn": turn}

    def move() -> None:
        for place in (
            TokenStore.PLAIN,
            TokenStore.SESSION,
            TokenStore.KEYRING,
            TokenStore.PASSPHRASE,
            TokenStore.PLAIN,
        ):
            credentials.choose(place)

    def tell() -> None:
        for _ in range(200):
            assert credentials.described() != ""
            assert credentials.token_store is None or credentials.token_store in TokenStore

    works = [lambda number=number: write(number) for number in range(4)]
    assert at_once(move, tell, *works) == []
    assert everything(credentials) == {f"{number}": {"turn": 9} for number in range(4)}
