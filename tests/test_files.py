"""A file is the old one or the new one, and its owner's only."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.errors import DatabaseProblem
from app.db.lock import Lock
from app.files import NoLocks, lock, replace_atomically
from app.settings import Settings


def test_until_all_is_written_the_old_file_is_there(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    with replace_atomically(file) as out:
        out.write(b"new")
        out.flush()
        assert file.read_bytes() == b"old"
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def interrupted() -> None:
        with replace_atomically(file) as out:
            out.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_only_the_owner_may_read_it_from_the_start(tmp_path: Path, umask: int) -> None:
    file = tmp_path / "a"
    before = os.umask(umask)
    try:
        with replace_atomically(file) as out:
            assert stat.S_IMODE(os.fstat(out.fileno()).st_mode) == 0o600
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_came_first_stays_where_nothing_may_be_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "a"

    def come_second() -> None:
        with replace_atomically(file, overwrite=False) as out:
            out.write(b"mine")
            file.write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        come_second()
    assert file.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_process_left_is_replaced_and_a_link_never_followed(tmp_path: Path) -> None:
    file, other = tmp_path / "a", tmp_path / "other"
    other.write_bytes(b"theirs")
    (tmp_path / "a.part").symlink_to(other)
    with replace_atomically(file, part="a.part") as out:
        out.write(b"mine")
    assert (file.read_bytes(), other.read_bytes()) == (b"mine", b"theirs")
    assert not file.is_symlink()


def test_a_lock_is_held_until_its_file_is_closed(tmp_path: Path) -> None:
    held, other = (os.open(tmp_path, os.O_RDONLY) for _ in range(2))
    lock(held, "a folder", wait=False)
    with pytest.raises(BlockingIOError):
        lock(other, "a folder", wait=False)
    os.close(held)
    lock(other, "a folder", wait=True)
    os.close(other)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = open_store(sqlite_settings)

    def without(_: int, __: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", without)
    with pytest.raises(DatabaseProblem, match="Network shares often do not support locks"):
        Lock(store, "send-lock", 3).take()
    with pytest.raises(NoLocks, match=f"cannot be locked .{os.strerror(number)}"):
        lock(0, "a folder", wait=True)
