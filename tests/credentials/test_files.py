"""Files on disks as they are: open to others, full, read-only, or not there."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from app.credentials.store import TokenStore
from tests.helpers.credentials import (
    ON_DISK,
    PASSPHRASE,
    PLACES,
    everything,
    left,
    opened,
    problem,
    run,
)

SECRET = {"token": "canary-token"}
# root may write everywhere, unless it gives that up
ORDINARY = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    if os.geteuid() == 0
    else []
)


def modes(folder: Path) -> dict[str, int]:
    """What everyone may do, by path."""
    found = [folder, *folder.rglob("*")]
    return {str(one): stat.S_IMODE(one.stat().st_mode) for one in found}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_every_file_is_its_owners_only(home: Path, umask: int) -> None:
    seen = run(
        """
        home = Path(sys.argv[1])
        def look(event, arguments):
            if event == "os.rename" and str(home) in str(arguments[0]):  # a file not yet in place
                print(oct(os.stat(arguments[0]).st_mode & 0o777))
        sys.addaudithook(look)
        credentials = opened(home / "deep", backends=ON_DISK, passphrase=PASSPHRASE)
        with credentials.lock("a", 1):
            credentials.ensure()
        for place in PLACES:
            credentials.put("a", {"token": "1"})
            credentials.choose(place)
            credentials.probe(place)
        """,
        home,
        umask=umask,
    )
    assert set(seen.split()) == {"0o600"}
    found = modes(home / "deep")
    assert len(found) == 6
    assert {mode for path, mode in found.items() if not Path(path).is_dir()} == {0o600}
    assert {mode for path, mode in found.items() if Path(path).is_dir()} == {0o700}


def test_a_folder_that_was_open_to_others_is_closed(home: Path) -> None:
    (home / "credentials").mkdir(parents=True, mode=0o755)
    (home / "credentials").chmod(0o777)
    opened(home).put("a", SECRET)
    assert stat.S_IMODE((home / "credentials").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610])
@pytest.mark.parametrize("name", ["*.credentials", "place.json"])
def test_a_file_that_others_may_read_is_refused(home: Path, name: str, mode: int) -> None:
    opened(home).put("a", SECRET)
    (file,) = (home / "credentials").glob(name)
    file.chmod(mode)
    before = file.read_bytes()
    credentials = opened(home)
    for work in (
        credentials.names,
        credentials.ensure,
        lambda: credentials.put("b", {}),
        lambda: credentials.choose(TokenStore.PLAIN),
    ):
        assert f"chmod 600 '{file}'" in problem(work, "refused")
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == mode
    file.chmod(0o600)
    assert credentials.get("a") == SECRET


def test_a_choice_that_others_may_have_changed_is_described_as_unknown(home: Path) -> None:
    opened(home).put("a", SECRET)
    (home / "credentials/place.json").chmod(0o644)
    assert opened(home).described().startswith("unknown: ")
    problem(lambda: opened(home).token_store, "refused")


@pytest.mark.parametrize("place", PLACES)
def test_a_full_disk_costs_a_sentence_and_nothing_else(home: Path, place: TokenStore) -> None:
    opened(home, token_store=place, backends=ON_DISK, passphrase=PASSPHRASE).put("a", SECRET)
    files = left(home)
    text = run(
        """
        import resource
        credentials = opened(Path(sys.argv[1]), backends=ON_DISK, passphrase=PASSPHRASE)
        credentials.names()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        print(problem(lambda: credentials.put("b", {"token": "x" * 2000}), "unwritable"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 1000))
        for place in PLACES:  # OSError: the keyring's own disk
            kind = "unavailable" if place is TokenStore.KEYRING else "unwritable"
            print(problem(lambda: credentials.choose(place, "another"), kind))
        print(problem(lambda: credentials.put("a", {"token": "x" * 20}), "unwritable"))
        print(problem(credentials.ensure, "unwritable"))
        assert credentials.names() == ["a"]
        """,
        home,
    )
    assert "File too large" in text
    assert left(home) == files
    found = everything(opened(home, backends=ON_DISK, passphrase=PASSPHRASE))
    assert found == {"a": SECRET}


def test_a_disk_that_is_full_is_noticed_before_a_login(home: Path) -> None:
    opened(home, token_store=TokenStore.PLAIN).put("a", SECRET)
    run(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        problem(opened(Path(sys.argv[1])).ensure, "unwritable")
        problem(lambda: opened(Path(sys.argv[1])).probe(TokenStore.PLAIN), "unwritable")
        problem(opened(Path(sys.argv[1] + "2"), token_store=TokenStore.PLAIN).ensure, "unwritable")
        """,
        home,
    )
    assert opened(home).get("a") == SECRET


@pytest.mark.skipif(
    ORDINARY != [] and shutil.which("setpriv") is None, reason="root cannot be refused anything"
)
def test_a_folder_that_cannot_be_written_keeps_what_it_has(home: Path) -> None:
    opened(home, backends=ON_DISK).put("a", SECRET)
    folder = home / "credentials"
    before = {file: file.read_bytes() for file in folder.iterdir()}
    folder.chmod(0o500)
    try:
        text = run(
            """
            credentials = opened(Path(sys.argv[1]), backends=ON_DISK)
            for work in (credentials.ensure, lambda: credentials.put("b", {}),
                         lambda: credentials.choose(TokenStore.PLAIN),
                         lambda: credentials.delete("a"),
                         lambda: credentials.choose(TokenStore.SESSION)):
                print(problem(work, "unwritable"))
            print(credentials.get("a"), credentials.token_store)
            new = Path(sys.argv[1]) / "credentials/new"
            problem(opened(new, backends=ON_DISK).ensure, "unwritable")
            credentials = opened(new, token_store=TokenStore.SESSION)
            credentials.put("a", {})
            print(credentials.names())
            """,
            home,
            before=ORDINARY,
        )
    finally:
        folder.chmod(0o700)
    assert "Permission denied" in text
    assert f"{SECRET} TokenStore.KEYRING" in text
    assert text.endswith("['a']")
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_a_home_that_is_no_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for home in (tmp_path / "file", tmp_path / "file/deeper"):
        credentials = opened(home)
        for work in (credentials.ensure, lambda one=credentials: one.put("a", SECRET)):
            assert "Not a directory" in problem(work, "unavailable")
        assert credentials.described().startswith("unknown: ")
        problem(lambda one=credentials: one.lock("a", 0).__enter__(), "unwritable")  # type: ignore[misc]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_place_of_a_file_is_a_sentence(home: Path) -> None:
    opened(home, token_store=TokenStore.PLAIN).put("a", SECRET)
    (file,) = (home / "credentials").glob("*.credentials")
    file.unlink()
    file.mkdir()
    problem(opened(home).names, "unavailable")
    problem(lambda: opened(home).put("a", {}), "unavailable")


def test_what_is_kept_outlives_a_power_cut(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        done.append(("synced", os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    def record_replace(source: Path, target: Path) -> None:
        done.append(("named", str(source)))
        replace(source, target)
        done.append(("named", str(target)))

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    opened(home).put("a", SECRET)
    folder = str(home / "credentials")
    for where in (home.parent, home):  # in which a folder was made
        assert ("synced", str(where)) in done[: done.index(("synced", folder))]
    for number, (what, name) in enumerate(done):
        if what == "named" and name.endswith(".new"):
            assert done[number - 1] == ("synced", name)
            assert done[number + 2] == ("synced", folder)
    assert [what for what, _ in done].count("named") == 6


def test_what_a_killed_process_left_in_clear_goes_when_the_next_one_reads(home: Path) -> None:
    opened(home).put("a", SECRET)
    for name in ("PLAIN-00.credentials", "PLAIN-00.credentials.0a.new", "place.json.0a.new"):
        (home / "credentials" / name).write_text("canary-token")
    (home / "credentials/mine.txt").write_text("canary-token")
    before = set(left(home))
    assert opened(home).get("a") == SECRET
    assert len(before - set(left(home))) == 3
    assert "mine.txt" in left(home)
