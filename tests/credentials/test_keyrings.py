"""Which keyring is used, and what a person is told when there is none: every row of what was
measured on real machines."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend

from app.credentials.keyrings import BACKENDS, Keyring
from app.credentials.store import Credentials, TokenStore
from tests.helpers import keyring_backends
from tests.helpers.credentials import holding, left, opened, problem, run
from tests.helpers.keyring_backends import (
    Absent,
    Elsewhere,
    Forgets,
    IsLocked,
    Memory,
    Short,
    Waits,
    Weaker,
    path,
)

TOKEN = "canary-token"
BUS = """<busconfig><type>session</type><listen>unix:path={socket}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""


def refused(credentials: Credentials, kind: str) -> str:
    """What is said when nothing was chosen and something is to be kept."""
    text = problem(lambda: credentials.put("a", {"token": TOKEN}), kind)
    assert credentials.token_store is None
    return text


@pytest.fixture
def empty_bus(tmp_path: Path) -> Iterator[str]:
    """The address of a D-Bus that no secret service is on."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("dbus-daemon is not installed")
    config, address = tmp_path / "bus.conf", tmp_path / "bus"
    config.write_text(BUS.format(socket=address))
    with subprocess.Popen(
        [daemon, f"--config-file={config}", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # it listens
        yield f"unix:path={address}"
        process.terminate()


@pytest.mark.parametrize("address", [None, "unix:path=/nonexistent/bus", "nonsense"])
def test_without_a_bus_there_is_no_keyring_and_nothing_is_kept(
    home: Path, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    text = refused(Credentials(home), "unavailable")
    assert "--token-store passphrase" in text
    assert left(home) == []
    assert holding(home, TOKEN) == []


def test_a_bus_without_a_secret_service_is_no_keyring(
    home: Path, empty_bus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", empty_bus)
    refused(Credentials(home), "unavailable")


def test_the_secret_service_may_be_named_and_must_be_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "keyring.backends.SecretService.Keyring"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    assert name in refused(Credentials(home), "unavailable")


def test_a_bus_that_says_nothing_is_given_up_on(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'silent'}")
        text = refused(Credentials(home, limit=0.3), "unanswered")
    assert "0.3 s" in text


@pytest.mark.parametrize(
    "name",
    [
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.chainer.ChainerBackend",
        "keyrings.alt.file.PlaintextKeyring",
        "nope.Keyring",
        "\x1b]0;nope\x07\n",
    ],
)
def test_a_backend_that_is_not_on_the_list_is_refused_by_name(
    home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    text = refused(opened(home), "refused")
    assert repr(name) in text
    assert "Unset it" in text
    assert problem(lambda: opened(home).probe(TokenStore.KEYRING), "refused") == text
    assert left(home) == []


def test_what_another_package_brought_is_not_used(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    (folder / "keyrings/alt").mkdir(parents=True)
    (folder / "keyrings/alt/file.py").write_text(
        "from tests.helpers.keyring_backends import OnDisk\n"
        "class PlaintextKeyring(OnDisk):\n    priority = 99.0\n"
    )
    (folder / "keyrings.alt-5.0.dist-info").mkdir()
    (folder / "keyrings.alt-5.0.dist-info/METADATA").write_text("Name: keyrings.alt\nVersion: 5.0")
    (folder / "keyrings.alt-5.0.dist-info/entry_points.txt").write_text(
        "[keyring.backends]\nfile = keyrings.alt.file\n"
    )
    chosen, text = run(
        """
        import keyring
        print(type(keyring.get_keyring()).__qualname__)
        print(problem(lambda: Credentials(Path(sys.argv[1])).put("a", {}), "unavailable"))
        """,
        home,
        environ={"PYTHONPATH": str(folder)},
    ).splitlines()
    assert chosen == "PlaintextKeyring"
    assert "--token-store" in text
    assert list((tmp_path / "keyring").iterdir()) == []


def test_a_configuration_file_loads_no_code(home: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    config = tmp_path / "user/.config/python_keyring"
    config.mkdir(parents=True)
    (config / "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring=evil.Keyring\nkeyring-path={tmp_path}\n"
    )
    (tmp_path / "evil.py").write_text(
        f"open({str(marker)!r}, 'w')\n"
        "from tests.helpers.keyring_backends import Memory as Keyring\n"
    )
    use = """
        credentials = opened(Path(sys.argv[1]), backends=ON_DISK)
        credentials.put("a", {"token": "1"})
        problem(lambda: Credentials(Path(sys.argv[1] + "2")).put("a", {}), "unavailable")
        print(credentials.get("a"), any("evil" in name for name in sys.modules))
        """
    assert run(use, home) == "{'token': '1'} False"
    assert not marker.exists()
    run("import keyring\nkeyring.get_keyring()")  # which does
    assert marker.exists()


@pytest.mark.parametrize("backend", keyring_backends.FAILING)
def test_what_a_backend_raises_becomes_a_sentence(
    home: Path, backend: type[KeyringBackend]
) -> None:
    credentials = opened(home, backends=path(backend))
    locked = backend is IsLocked
    text = refused(credentials, "refused" if locked else "unavailable")
    assert "locked" in text if locked else backend.error.__name__ in text  # type: ignore[attr-defined]
    assert "--token-store" in text
    assert keyring_backends.CANARY not in text
    assert left(home) == []


def test_a_backend_that_forgets_is_refused(home: Path) -> None:
    credentials = opened(home, backends=path(Forgets))
    assert "return the saved value" in refused(credentials, "refused")
    problem(lambda: credentials.probe(TokenStore.KEYRING), "refused")


def test_a_backend_of_1280_characters_takes_secrets_of_any_length(home: Path) -> None:
    for name, length in (("a", 1281), ("b", 1_000_000)):
        opened(home, backends=path(Short)).put(name, {"token": "x" * length})
        assert opened(home, backends=path(Short)).get(name) == {"token": "x" * length}
    assert [len(value) for value in Memory.kept.values()] == [44]


def test_the_best_of_those_on_the_list_is_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = ("nope.Keyring", "tests.nope.Keyring", *path(Absent, Weaker, Memory))
    opened(home / "1", backends=allowed).put("a", {})
    assert (len(Memory.kept), len(Weaker.kept)) == (1, 0)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", path(Weaker)[0])
    opened(home / "2", backends=allowed).put("a", {})
    assert (len(Memory.kept), len(Weaker.kept)) == (1, 1)


def test_the_list_has_no_backend_that_keeps_a_plain_file() -> None:
    assert {name.split(".")[2] for name in BACKENDS} == {
        *("macOS", "Windows", "SecretService", "libsecret", "kwallet")
    }


def test_probing_leaves_nothing(home: Path) -> None:
    opened(home).probe(TokenStore.KEYRING)
    assert Memory.kept == {}
    assert left(home) == []


def test_a_backend_that_never_answers_costs_the_limit_and_not_the_exit(home: Path) -> None:
    text = run(
        """
        from tests.helpers.keyring_backends import Waits
        credentials = opened(Path(sys.argv[1]), backends=path(Waits), limit=0.5)
        for work in (lambda: credentials.put("a", {}),
                     lambda: credentials.probe(TokenStore.KEYRING)):
            print(problem(work, "unanswered"))
        """,
        home,
    )
    assert "0.5 s" in text
    assert left(home) == []


def test_an_answer_that_comes_late_is_an_answer_to_the_next(home: Path) -> None:
    credentials = opened(home, backends=path(Waits), limit=0.2)
    problem(credentials.ensure, "unanswered")
    problem(credentials.ensure, "unanswered")
    Waits.unlocked.set()
    credentials.put("a", {"token": "1"})
    assert credentials.get("a") == {"token": "1"}


def test_while_a_keyring_thinks_the_place_can_be_told(home: Path) -> None:
    Waits.unlocked.set()
    opened(home, backends=path(Waits)).put("a", {"token": "1"})
    Waits.unlocked.clear()
    Waits.asked.clear()
    credentials, found = opened(home, backends=path(Waits), limit=20.0), []
    reading = threading.Thread(target=lambda: found.append(credentials.get("a")))
    reading.start()
    assert Waits.asked.wait(5)
    assert credentials.token_store is TokenStore.KEYRING
    assert credentials.described() == "keyring (keyring_backends)"
    Waits.unlocked.set()  # which comes too late if those have waited
    reading.join()
    assert found == [{"token": "1"}]


def test_many_threads_may_ask_one_keyring() -> None:
    keyring, wrong = Keyring(path(Memory)), []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                keyring.set(f"{number}", f"{turn}")
                assert keyring.get(f"{number}") == f"{turn}"
                keyring.probe()
                keyring.delete(f"{number}")
                keyring.delete(f"{number}")
        except BaseException as failure:
            wrong.append(failure)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert Memory.kept == {}


def test_a_key_in_another_keyring_is_not_taken_for_a_lost_one(home: Path) -> None:
    opened(home).put("a", {"token": "1"})
    other = opened(home, backends=path(Elsewhere))
    assert "(keyring_backends)" in problem(lambda: other.get("a"), "unavailable")
    problem(other.ensure, "unavailable")
    assert opened(home).get("a") == {"token": "1"}
